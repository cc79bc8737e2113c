"""Writing XLSX at constant memory: texts stay texts, numbers and dates are real ones."""

from __future__ import annotations

import re
import shutil
import tempfile
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import xlsxwriter
from xlsxwriter.worksheet import Worksheet

from crmkit.core.exchange.files.cell_text import exact_float, is_whole_day
from crmkit.core.exchange.files.errors import TooManyColumnsError, TooManyRowsError, UnwritableCellError
from crmkit.core.exchange.files.formulas import neutralise
from crmkit.core.exchange.files.outgoing import Outgoing, outgoing_rows, spreadsheet_text
from crmkit.core.exchange.files.targets import Target, open_bytes, target_name
from crmkit.core.exchange.files.xlsx_package import MAX_SHEET_ROWS
from crmkit.translation import _

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from xlsxwriter.format import Format

    from crmkit.core.exchange.files.cell_text import Cell
    from crmkit.core.exchange.files.columns import Column

MAX_SHEET_COLUMNS = 16_384
MAX_CELL_UNITS = 32_767
"""UTF-16 units that a cell can hold in Excel."""

_OPTIONS = {
    "constant_memory": True,
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "strings_to_numbers": False,
}
# Written instead of the time of writing, so that the same rows give the same bytes.
_NO_TIME = datetime(2000, 1, 1)  # noqa: DTZ001  (a field of the file format, without zone)
# Before it, Excel counts a day that never was (29 February 1900).
_FIRST_DAY = date(1900, 3, 1)
_ESCAPE_LIKE = re.compile(r"_(?=x[0-9A-Fa-f]{4}_)")
_NO_CHARACTER = re.compile("[\ufffe\uffff]")


class ExactWorksheet(Worksheet):  # type: ignore[misc]  # XlsxWriter has no annotations
    """A worksheet that writes every text as it is.

    XlsxWriter's own escaping lets two kinds of text be read back as something else: those that look like overlapping
    escapes (``_x005F_x000D_``), and those in ``<r>...</r>``, which it takes for markup of its own.
    """

    @staticmethod
    def _escape_control_characters(data: str) -> str:
        escaped = _ESCAPE_LIKE.sub("_x005F_", data).replace("\r", "_x000D_")
        return "_x003C_" + escaped[1:] if escaped.startswith("<r>") else escaped


def write_workbook(target: Target, columns: Sequence[Column], rows: Iterable[Sequence[Cell]]) -> int:
    """Write a workbook with one sheet and return the number of rows.

    Numbers that a spreadsheet keeps exactly (15 digits) and dates from March 1900 on are written as such, the rest as
    text. A row without any cell can't be told from no row when it is read.
    """
    path = target_name(target)
    if len(columns) > MAX_SHEET_COLUMNS:
        raise TooManyColumnsError(path=path, found=len(columns), limit=MAX_SHEET_COLUMNS)
    with tempfile.TemporaryDirectory() as folder:
        draft = Path(folder) / "draft.xlsx"
        with xlsxwriter.Workbook(draft, _OPTIONS | {"tmpdir": folder}) as workbook:
            workbook.set_properties({"created": _NO_TIME})
            sheet = workbook.add_worksheet(worksheet_class=ExactWorksheet)
            day = workbook.add_format({"num_format": "yyyy-mm-dd"})
            for position, column in enumerate(columns):
                sheet.write_string(0, position, neutralise(column.name), workbook.add_format({"bold": True}))
            number = _write_rows(sheet, columns, rows, day=day, path=path)
        with open_bytes(target) as file, draft.open("rb") as written:
            shutil.copyfileobj(written, file)
    return number


def _write_rows(
    sheet: Worksheet, columns: Sequence[Column], rows: Iterable[Sequence[Cell]], *, day: Format, path: str
) -> int:
    number = 0
    days: list[Sequence[Cell]] = []
    for number, cells in outgoing_rows(columns, _remembered(rows, days), path=path):
        if number >= MAX_SHEET_ROWS:
            raise TooManyRowsError(path=path, limit=MAX_SHEET_ROWS - 1)
        for position, (cell, value) in enumerate(zip(cells, days.pop(), strict=True)):
            if is_whole_day(value) and isinstance(value, date) and value >= _FIRST_DAY:
                sheet.write_datetime(number, position, value, day)
            else:
                _write_cell(sheet, number, position, cell, column=columns[position], path=path)
    return number


def _remembered(rows: Iterable[Sequence[Cell]], seen: list[Sequence[Cell]]) -> Iterator[Sequence[Cell]]:
    """Pass the rows on, and leave each for the writer to see its dates."""
    for row in rows:
        seen.append(row)
        yield row


def _write_cell(sheet: Worksheet, row: int, position: int, cell: Outgoing, *, column: Column, path: str) -> None:
    text, is_number = cell
    number = exact_float(text) if is_number and text else None
    if number is not None:
        sheet.write_number(row, position, number)
        return
    harmless = spreadsheet_text(cell)
    if harmless is None:
        return
    if len(harmless.encode("utf-16-le")) > 2 * MAX_CELL_UNITS:
        problem = _(
            "a cell of a workbook holds at most {max_cell_units} characters; use CSV or JSON lines",
            max_cell_units=f"{MAX_CELL_UNITS:,}",
        )
        raise UnwritableCellError(path=path, row=row, column=column.name, problem=problem)
    if _NO_CHARACTER.search(harmless):
        problem = _("a workbook can't hold U+FFFE and U+FFFF; use CSV or JSON lines")
        raise UnwritableCellError(path=path, row=row, column=column.name, problem=problem)
    sheet.write_string(row, position, harmless)
