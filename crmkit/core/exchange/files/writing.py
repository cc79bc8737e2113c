"""The one door for writing all formats."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crmkit.core.exchange.files.columns import Column
from crmkit.core.exchange.files.csv_writing import write_csv
from crmkit.core.exchange.files.errors import UnknownFormatError
from crmkit.core.exchange.files.json_writing import write_json_lines
from crmkit.core.exchange.files.options import FORMATS, format_of
from crmkit.core.exchange.files.targets import Target, target_name

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from crmkit.core.exchange.files.cell_text import Cell


def write_rows(
    target: Target,
    columns: Sequence[Column | str],
    rows: Iterable[Sequence[Cell]],
    *,
    format: str | None = None,
) -> int:
    """Write rows one by one, at constant memory.

    What is read back is what was written: empty cells (None) and empty texts are told apart in all formats but vCard.
    In CSV and XLSX a lone apostrophe stands for the empty text, and texts that a spreadsheet program might run get an
    apostrophe in front (see `formulas`). Numeric columns keep the number, in XLSX not always its spelling.

    Args:
        target: A path, replaced in one step when all is written; or a stream, of bytes or (not for XLSX) of text.
        columns: Names of the columns, or `Column`s to say which are numeric.
        rows: One cell per column: texts, numbers, dates, truth values or None.
        format: One of "csv", "xlsx", "jsonl", "vcard"; by default the suffix of the path decides.

    Returns:
        The number of rows.

    Raises:
        FileError: The target can't be written to, or a row does not fit the format.
    """
    if format is None and target_name(target) == "<stream>":
        raise UnknownFormatError(path="<stream>", format="", known=FORMATS)
    writer = _writer(format_of(target_name(target), declared=format))
    return writer(target, [column if isinstance(column, Column) else Column(column) for column in columns], rows)


def _writer(format: str) -> Callable[[Target, Sequence[Column], Iterable[Sequence[Cell]]], int]:
    if format == "csv":
        return write_csv
    if format == "jsonl":
        return write_json_lines
    # The libraries of these two are loaded only by those who need them.
    if format == "xlsx":
        from crmkit.core.exchange.files.xlsx_writing import write_workbook

        return write_workbook
    from crmkit.core.exchange.files.vcard_writing import write_vcards

    return write_vcards
