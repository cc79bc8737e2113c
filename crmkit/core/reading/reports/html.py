"""A report as an accessible page, or as the part of one."""

from __future__ import annotations

from datetime import date, datetime
from html import escape
from typing import TYPE_CHECKING, Final

from crmkit.core.reading.reports.display import NO_ROWS, one_line
from crmkit.core.reading.reports.drawing import svg
from crmkit.core.reading.reports.errors import ChartsUnavailableError
from crmkit.core.reading.reports.export import plain

if TYPE_CHECKING:
    from os import PathLike

    from crmkit.core.reading.reports.columns import Cell, Column
    from crmkit.core.reading.reports.display import Display
    from crmkit.core.reading.reports.table import Row, Table

STYLE: Final = """\
.crmkit-report { color: #1f2933; font: 15px/1.5 system-ui, "Noto Sans CJK SC", "PingFang SC",
  "Microsoft YaHei", sans-serif; max-width: 72rem; margin: 2rem auto; padding: 0 1rem; }
.crmkit-report .table { overflow-x: auto; }
.crmkit-report table { border-collapse: collapse; min-width: 50%; }
.crmkit-report caption { font-size: 1.4rem; padding-bottom: .75rem; text-align: start; }
.crmkit-report th, .crmkit-report td { border-bottom: 1px solid #e4e7eb; padding: .4rem .8rem; text-align: start;
  vertical-align: top; }
.crmkit-report th { font-weight: 600; }
.crmkit-report thead th { border-bottom: 2px solid #9aa5b1; vertical-align: bottom; }
.crmkit-report tbody th { font-weight: 400; }
.crmkit-report tfoot td, .crmkit-report tfoot th { border-bottom: 0; border-top: 2px solid #9aa5b1; font-weight: 600; }
.crmkit-report .number { font-variant-numeric: tabular-nums; text-align: end; white-space: nowrap; }
.crmkit-report figure { margin: 0 0 2rem; }
.crmkit-report figure svg { height: auto; max-width: 100%; }
.crmkit-report .note { color: #52606d; }
"""


def html(table: Table, display: Display, *, page: bool, fonts: str | PathLike[str] | None) -> str:
    """Return a whole page, or one `section` with the class `crmkit-report`, which `STYLE` is for."""
    section = _section(table, display, fonts)
    if not page:
        return section
    title = escape(one_line(table.title))
    return (
        f'<!DOCTYPE html>\n<html lang="{escape(display.tag)}" dir="{display.locale.text_direction}">\n'
        f'<head>\n<meta charset="utf-8">\n<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{title}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n{section}</body>\n</html>\n"
    )


def _section(table: Table, display: Display, fonts: str | PathLike[str] | None) -> str:
    notes = table.notes if table.rows else (display.language.say(NO_ROWS), *table.notes)
    parts = [
        _figure(table, display, fonts),
        '<div class="table">\n<table>\n',
        f"<caption>{escape(one_line(table.title))}</caption>\n" if table.title else "",
        _head(table),
        _body(table, display),
        _foot(table, display),
        "</table>\n</div>\n",
        *(f'<p class="note">{escape(one_line(note))}</p>\n' for note in notes),
    ]
    return f'<section class="crmkit-report">\n{"".join(parts)}</section>\n'


def _figure(table: Table, display: Display, fonts: str | PathLike[str] | None) -> str:
    """Return the chart, or why there is none: a report stays readable without the extra that draws."""
    if table.chart is None:
        return ""
    try:
        picture = svg(table, display, fonts=fonts, titled=False)
    except ChartsUnavailableError as unavailable:
        return f'<p class="note">{escape(unavailable.message)}</p>\n'
    return f"<figure>\n{picture}\n</figure>\n"


def _head(table: Table) -> str:
    cells = "".join(
        f'<th scope="col"{_class(column)}>{escape(one_line(column.heading))}</th>' for column in table.columns
    )
    return f"<thead>\n<tr>{cells}</tr>\n</thead>\n"


def _body(table: Table, display: Display) -> str:
    rows = "".join(_row(table.columns, row, display) for row in table.rows)
    return f"<tbody>\n{rows}</tbody>\n"


def _foot(table: Table, display: Display) -> str:
    return f"<tfoot>\n{_row(table.columns, table.total, display)}</tfoot>\n" if table.total else ""


def _row(columns: tuple[Column, ...], row: Row, display: Display) -> str:
    cells = []
    for place, (column, value) in enumerate(zip(columns, row, strict=True)):
        # The first cell names the row, if it is a name.
        opening, closing = ('th scope="row"', "th") if place == 0 and not column.is_number else ("td", "td")
        cells.append(f"<{opening}{_class(column)}>{_content(column, value, display)}</{closing}>")
    return f"<tr>{''.join(cells)}</tr>\n"


def _class(column: Column) -> str:
    return ' class="number"' if column.is_number else ""


def _content(column: Column, value: Cell, display: Display) -> str:
    shown = escape(display.cell(column, value))
    match value:
        case str():
            return f"<bdi>{shown}</bdi>"  # a name in another direction must not turn its neighbours around
        case datetime() | date():
            return f'<time datetime="{plain(value)}">{shown}</time>'
        case _:
            return shown
