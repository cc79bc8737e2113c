"""How a file is to be read, and how much of it is too much."""

from __future__ import annotations

from pathlib import PurePath
from typing import TYPE_CHECKING

from attrs import field, frozen
from attrs.validators import gt, instance_of, max_len, min_len, optional

from crmkit.core.exchange.files.errors import UnknownFormatError

if TYPE_CHECKING:
    import os

FORMATS = ("csv", "xlsx", "jsonl", "vcard")
"""The formats that can be read and written."""

SUFFIXES = {
    ".csv": "csv",
    ".tsv": "csv",
    ".txt": "csv",
    ".xlsx": "xlsx",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".vcf": "vcard",
    ".vcard": "vcard",
}
"""Which format a suffix means; all but XLSX may be followed by ``.gz``."""


@frozen(kw_only=True)
class Limits:
    """How much a file may ask for, so that no file exhausts the machine.

    Attributes:
        max_bytes: Size of the file.
        max_unpacked_bytes: Size after unpacking (gzip, XLSX).
        max_ratio: Times that a packed part may grow; small parts (up to 16 MiB) may grow more.
        max_rows: Rows below the header.
        max_columns: Columns (SQLite's own limit).
        max_cell_characters: Longest cell. The default is the longest text area of Salesforce.
        max_record_characters: Longest row, all cells and quotes counted.
        max_depth: Levels of lists and objects inside a JSON line.
        max_seconds: Processor time, and time waited for, of the process that reads a workbook.
        max_memory_bytes: Memory of the process that reads a workbook.
    """

    max_bytes: int = field(default=2 << 30, validator=gt(0))
    max_unpacked_bytes: int = field(default=4 << 30, validator=gt(0))
    max_ratio: int = field(default=200, validator=gt(0))
    max_rows: int = field(default=20_000_000, validator=gt(0))
    max_columns: int = field(default=2_000, validator=gt(0))
    max_cell_characters: int = field(default=131_072, validator=gt(0))
    max_record_characters: int = field(default=4 << 20, validator=gt(0))
    max_depth: int = field(default=20, validator=gt(0))
    max_seconds: float = field(default=120.0, validator=gt(0))
    max_memory_bytes: int = field(default=1 << 30, validator=gt(0))


@frozen(kw_only=True)
class FileOptions:
    """What to know about a file beyond its name; the defaults find out by themselves.

    Attributes:
        format: One of `FORMATS`; otherwise the suffix decides.
        encoding: Encoding of a text file. A byte order mark wins over it; without both, strict UTF-8.
        delimiter: Delimiter of a CSV file, otherwise found out among comma, semicolon, tab and bar.
        sheet: Name of the sheet of a workbook, or its number counted from 1; otherwise the first visible one.
        header: Whether the first row names the columns. Without a header they are named "1", "2", ...
        columns_by_number: Pass the header by and name the columns "1", "2", ... (when its names can't be used).
        restore_formulas: Take off the apostrophe that our writers put before texts that a spreadsheet program would
            run as formulas. Safe for files of others too: the apostrophe before such a text is put there by nearly
            every program for the same reason. Say False when a leading apostrophe is data (and then an empty cell
            and an empty text are the same).
        limits: How much is too much.
    """

    format: str | None = None
    encoding: str | None = None
    delimiter: str | None = field(default=None, validator=optional([min_len(1), max_len(1)]))
    sheet: str | int | None = field(default=None, validator=optional(instance_of((str, int))))
    header: bool = True
    columns_by_number: bool = False
    restore_formulas: bool = True
    limits: Limits = field(factory=Limits)


def format_of(path: str | os.PathLike[str], *, declared: str | None) -> str:
    """Find the format of a file by what is declared, or by its suffix.

    Raises:
        UnknownFormatError: Neither says a known format.
    """
    name = PurePath(path)
    suffix = (PurePath(name.stem) if name.suffix.lower() == ".gz" else name).suffix.lower()
    found = declared or SUFFIXES.get(suffix)
    if found not in FORMATS or (found == "xlsx" and is_gzip(path)):
        raise UnknownFormatError(path=str(path), format=declared or name.suffix, known=FORMATS)
    return found


def is_gzip(path: str | os.PathLike[str]) -> bool:
    """Tell by its suffix whether a file is packed with gzip."""
    return PurePath(path).suffix.lower() == ".gz"
