"""Files of rows, read and written one row at a time: CSV, XLSX, JSON lines, vCard; nothing here knows the model."""

from crmkit.core.exchange.files.columns import Column
from crmkit.core.exchange.files.errors import FileError
from crmkit.core.exchange.files.formulas import neutralise, restore
from crmkit.core.exchange.files.opening import open_rows
from crmkit.core.exchange.files.options import FORMATS, FileOptions, Limits
from crmkit.core.exchange.files.rows import BadRow, RowSource, SourceRow
from crmkit.core.exchange.files.vcard_columns import VCARD_COLUMNS
from crmkit.core.exchange.files.writing import write_rows

__all__ = [
    "FORMATS",
    "VCARD_COLUMNS",
    "BadRow",
    "Column",
    "FileError",
    "FileOptions",
    "Limits",
    "RowSource",
    "SourceRow",
    "neutralise",
    "open_rows",
    "restore",
    "write_rows",
]
