"""A report's table in characters, for terminals and plain mails."""

from __future__ import annotations

import io
from decimal import Decimal
from typing import TYPE_CHECKING

from rich import box
from rich.bar import Bar
from rich.console import Console
from rich.table import Table as Grid
from rich.text import Text

from crmkit.core.reading.reports.display import NO_ROWS, one_line

if TYPE_CHECKING:
    from crmkit.core.reading.reports.columns import Cell
    from crmkit.core.reading.reports.display import Display
    from crmkit.core.reading.reports.table import Table

_BAR_WIDTH = 20
_ROOM_FOR_BARS = 72
_GAP = 3
_AS_WIDE_AS_NEEDED = 10_000


def text(table: Table, display: Display, *, width: int | None, color: bool) -> str:
    """Return title, table and notes; no line is longer than `width`, if one is given."""
    out = io.StringIO()
    console = Console(
        file=out,
        width=width or _AS_WIDE_AS_NEEDED,
        force_terminal=color,
        color_system="standard" if color else None,
        no_color=not color,
        legacy_windows=False,
    )
    if table.title:
        console.print(Text(one_line(table.title), style="bold"))
    grid = _grid(table, display, with_bars=False)
    has_room = width is None or max(_ROOM_FOR_BARS, console.measure(grid).maximum + _BAR_WIDTH + _GAP) <= width
    console.print(_grid(table, display, with_bars=True) if has_room else grid)
    for note in table.notes if table.rows else (display.language.say(NO_ROWS), *table.notes):
        console.print(Text(one_line(note), style="dim"))
    return "\n".join(line.rstrip() for line in out.getvalue().splitlines()).strip("\n") + "\n"


def _grid(table: Table, display: Display, *, with_bars: bool) -> Grid:
    grid = Grid(box=box.SIMPLE, show_footer=table.total is not None, pad_edge=False, header_style="bold")
    totals = table.total or (None,) * len(table.columns)
    for column, total in zip(table.columns, totals, strict=True):
        grid.add_column(
            Text(one_line(column.heading)),
            Text(display.cell(column, total), style="bold"),
            justify="right" if column.is_number else "left",
            no_wrap=column.is_number,
            overflow="fold",
        )
    bars = _bars(table) if with_bars else []
    if bars:
        grid.add_column("", no_wrap=True, min_width=_BAR_WIDTH)
    for number, row in enumerate(table.rows):
        cells = [Text(display.cell(column, value)) for column, value in zip(table.columns, row, strict=True)]
        grid.add_row(*cells, *bars[number : number + 1])
    return grid


def _bars(table: Table) -> list[Bar]:
    """Return a bar a row for the measure that the chart wants drawn in characters."""
    if table.chart is None or table.chart.text_bar is None:
        return []
    place = table.columns.index(table.column(table.chart.text_bar))
    lengths = [_length(row[place]) for row in table.rows]
    longest = max(lengths, default=0.0) or 1.0
    return [Bar(longest, 0, length, width=_BAR_WIDTH, color="cyan") for length in lengths]


def _length(value: Cell) -> float:
    return max(float(value), 0.0) if isinstance(value, int | Decimal) else 0.0
