"""A report's table as a workbook."""

from __future__ import annotations

import os
import re
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, BinaryIO, Final

import xlsxwriter
from babel.numbers import get_currency_precision

from crmkit.core.reading.reports.errors import SheetTooLongError
from crmkit.core.reading.reports.export import plain

if TYPE_CHECKING:
    from os import PathLike

    from crmkit.core.reading.reports.columns import Cell, Column
    from crmkit.core.reading.reports.display import Display
    from crmkit.core.reading.reports.table import Row, Table

MOST_ROWS: Final = 1_048_576
_LONGEST_TEXT = 32_767
_LONGEST_NAME = 31
_EXACT_DIGITS = 15  # a worksheet keeps numbers as floats
_FIRST_DATE = date(1900, 3, 1)  # before it, worksheets count a day that never was
_NO_NAME = re.compile(r"[\[\]:*?/\\\x00-\x1f]|^'|'$")
_FORMATS: Final = {
    "integer": "#,##0",
    "decimal": "#,##0.######",
    "percent": "0.00%",
    "date": "yyyy-mm-dd",
    "datetime": "yyyy-mm-dd hh:mm",
    "duration": "[h]:mm:ss",
}


def write_xlsx(
    table: Table, target: str | PathLike[str] | BinaryIO, display: Display, created: datetime | None
) -> None:
    """Write one sheet: labels, typed cells, the total in bold.

    A percent of 63.15 becomes the number 0.6315 shown as 63.15 %. Numbers of more digits than a worksheet keeps, dates
    before March 1900 and negative spans of time become text. Times are in the display's time zone.

    Raises:
        SheetTooLongError: if there are more rows than a worksheet can hold.
    """
    lines = 1 + len(table.rows) + (table.total is not None)
    if lines > MOST_ROWS:
        raise SheetTooLongError(title=table.title, rows=len(table.rows), limit=MOST_ROWS - 1)
    place = os.fspath(target) if isinstance(target, str | os.PathLike) else target
    with xlsxwriter.Workbook(place, {"strings_to_formulas": False, "strings_to_urls": False}) as book:
        book.set_properties({"title": table.title, **({"created": created} if created else {})})
        _fill(_Sheet(book, table), table, display)


class _Sheet:
    """A worksheet under construction, with one format a column."""

    def __init__(self, book: xlsxwriter.Workbook, table: Table) -> None:
        self.sheet = book.add_worksheet(_sheet_name(table.title))
        self.heading = book.add_format({"bold": True, "bottom": 1, "text_wrap": True, "valign": "bottom"})
        self.formats = [book.add_format({"num_format": _number_format(each)}) for each in table.columns]
        self.totals = [
            book.add_format({"num_format": _number_format(each), "bold": True, "top": 1}) for each in table.columns
        ]


def _fill(into: _Sheet, table: Table, display: Display) -> None:
    for place, column in enumerate(table.columns):
        into.sheet.write_string(0, place, _short(column.heading), into.heading)
    for line, row in enumerate(table.rows, start=1):
        _write_row(into, line, table.columns, row, display, total=False)
    if table.total is not None:
        _write_row(into, len(table.rows) + 1, table.columns, table.total, display, total=True)
    into.sheet.freeze_panes(1, 0)
    into.sheet.autofilter(0, 0, len(table.rows), len(table.columns) - 1)
    into.sheet.autofit(max_width=480)


def _write_row(
    into: _Sheet, line: int, columns: tuple[Column, ...], row: Row, display: Display, *, total: bool
) -> None:
    formats = into.totals if total else into.formats
    for place, (column, value, form) in enumerate(zip(columns, row, formats, strict=True)):
        cell = _native(column, value, display)
        match cell:
            case None:
                into.sheet.write_blank(line, place, None, form)
            case bool():
                into.sheet.write_boolean(line, place, cell, form)
            case int() | float() | Decimal():
                into.sheet.write_number(line, place, float(cell), form)
            case str():
                into.sheet.write_string(line, place, _short(cell), form)
            case _:
                into.sheet.write_datetime(line, place, cell, form)


def _native(column: Column, value: Cell, display: Display) -> Cell | float:
    """Return the value as a worksheet can hold it, or its text if it can't."""
    native: Cell | float = value
    match value:
        case bool():
            pass
        case int() | Decimal():
            native = _native_number(column, Decimal(value))
        case datetime():
            local = value.astimezone(display.zone).replace(tzinfo=None)
            native = local if local.date() >= _FIRST_DATE else display.moment(value)
        case date():
            native = value if value >= _FIRST_DATE else value.isoformat()
        case timedelta():
            native = value / timedelta(days=1) if value >= timedelta(0) else display.span(value)
    return native


def _native_number(column: Column, number: Decimal) -> Decimal | str:
    if len(number.normalize().as_tuple().digits) > _EXACT_DIGITS:
        return plain(number)
    return number / 100 if column.kind == "percent" else number


def _number_format(column: Column) -> str:
    if column.kind not in {"decimal", "percent", "money"}:
        return _FORMATS.get(column.kind, "@")
    places = column.places
    if column.kind == "money" and places is None:
        places = int(get_currency_precision(column.currency or ""))
    if places is None:
        return _FORMATS[column.kind]
    digits = "0." + "0" * places if places else "0"
    return f"{digits}%" if column.kind == "percent" else f"#,##{digits}"


def _sheet_name(title: str) -> str:
    name = _NO_NAME.sub(" ", title)[:_LONGEST_NAME].strip(" '")
    return name if name and name.casefold() != "history" else "Report"  # that name is reserved


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST_TEXT else text[: _LONGEST_TEXT - 1] + "…"
