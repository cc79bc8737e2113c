"""What can be wrong with a file as a whole; a single wrong row is a `BadRow` instead, and the others go on."""

from __future__ import annotations

from attrs import define

from crmkit.core.exchange.files.columns import column_letters
from crmkit.errors import CRMKitError


@define(kw_only=True, eq=False)
class FileError(CRMKitError):
    """A file can't be read or written; `path` names it as the caller did."""

    path: str


@define(kw_only=True, eq=False)
class UnreadableFileError(FileError):
    """The file is missing, is no regular file, or the system refuses to open it."""

    problem: str

    @property
    def message(self) -> str:
        """Name the file and the system's reason."""
        return f"The file {self.path} can't be opened: {self.problem}."


@define(kw_only=True, eq=False)
class FileTooLargeError(FileError):
    """The file is larger than the limit, in bytes."""

    limit: int

    @property
    def message(self) -> str:
        """Name the limit."""
        return (
            f"The file {self.path} is larger than {self.limit:,} bytes. "
            "Split it, or raise the limit max_bytes if you trust where it comes from."
        )


@define(kw_only=True, eq=False)
class UnpacksTooLargeError(FileError):
    """A packed file (gzip, XLSX) grows beyond the limits when it is unpacked."""

    problem: str

    @property
    def message(self) -> str:
        """Say which limit."""
        return (
            f"The file {self.path} is refused, because it unpacks to far more than it should: {self.problem}. "
            "Save it again as plain CSV if you trust where it comes from."
        )


@define(kw_only=True, eq=False)
class UnknownFormatError(FileError):
    """Neither the name of the file nor the options say a format that can be handled."""

    format: str
    known: tuple[str, ...]

    @property
    def message(self) -> str:
        """List the formats."""
        return f"The format {self.format!r} of {self.path} is not known. Name one of: {', '.join(self.known)}."


@define(kw_only=True, eq=False)
class WrongFormatError(FileError):
    """The content of the file is not of the format that was expected."""

    expected: str
    found: str

    @property
    def message(self) -> str:
        """Say what was expected and what was found."""
        return (
            f"The file {self.path} should be {self.expected}, but it is {self.found}. "
            "Give it the right suffix or name its format."
        )


@define(kw_only=True, eq=False)
class UnknownEncodingError(FileError):
    """The declared encoding does not exist, or is none for text files."""

    encoding: str

    @property
    def message(self) -> str:
        """Name some that exist."""
        return (
            f"The encoding {self.encoding!r}, declared for {self.path}, is not known. "
            "Use for example utf-8, utf-16, gb18030, cp1252 or cp1251."
        )


@define(kw_only=True, eq=False)
class UndecodableFileError(FileError):
    """A byte does not belong to the encoding; `offset` counts bytes from 0 (after unpacking), `line` from 1."""

    encoding: str
    offset: int
    line: int

    @property
    def message(self) -> str:
        """Point at the byte and say what to declare."""
        return (
            f"The file {self.path} is not {self.encoding}: line {self.line}, at byte {self.offset:,}. "
            "Declare the encoding that it was saved in, for example gb18030, cp1252 or utf-16, "
            "or save it again as UTF-8."
        )


@define(kw_only=True, eq=False)
class EmptyFileError(FileError):
    """The file has no row at all, not even a header."""

    @property
    def message(self) -> str:
        """Say what a file needs."""
        return f"The file {self.path} is empty. It needs a header and the rows below it."


@define(kw_only=True, eq=False)
class HeaderError(FileError):
    """Names in the header are missing, repeated or not text; positions count from 1."""

    repeated: tuple[tuple[str, tuple[int, ...]], ...] = ()
    missing: tuple[int, ...] = ()
    illegal: tuple[int, ...] = ()

    @property
    def message(self) -> str:
        """List every such column with its position."""
        found = [f"{name!r} is the name of columns {_positions(where)}" for name, where in self.repeated]
        if self.missing:
            found.append(f"there is no name for {_positions(self.missing)}")
        if self.illegal:
            found.append(f"there are control characters in the name of {_positions(self.illegal)} (a wrong encoding?)")
        return (
            f"The header of {self.path} can't be used: {'; '.join(found)}. "
            "Correct the names, or map columns by number (columns_by_number)."
        )


def _positions(positions: tuple[int, ...], *, shown: int = 20) -> str:
    listed = ", ".join(f"{position} ({column_letters(position)})" for position in positions[:shown])
    return listed if len(positions) <= shown else f"{listed} and {len(positions) - shown} more"


@define(kw_only=True, eq=False)
class TooManyColumnsError(FileError):
    """The file has more columns than the limit."""

    found: int
    limit: int

    @property
    def message(self) -> str:
        """Name both numbers."""
        return (
            f"There are too many columns in {self.path}: {self.found:,}, and at most {self.limit:,} can be handled. "
            "Is the delimiter right? Else remove the columns that aren't needed."
        )


@define(kw_only=True, eq=False)
class TooManyRowsError(FileError):
    """The file has more rows than the limit."""

    limit: int

    @property
    def message(self) -> str:
        """Name the limit."""
        return f"There are more than {self.limit:,} rows in {self.path}. Split the file, or use CSV and raise max_rows."


@define(kw_only=True, eq=False)
class LineTooLongError(FileError):
    """A line goes on for longer than any record may; `limit` counts characters."""

    line: int
    limit: int

    @property
    def message(self) -> str:
        """Name the line."""
        return (
            f"Line {self.line} of {self.path} is longer than {self.limit:,} characters. "
            "Is this a text file with line ends?"
        )


@define(kw_only=True, eq=False)
class UnclosedQuoteError(FileError):
    """A quote is opened and never (properly) closed, so that nobody can say where the row ends."""

    line: int
    problem: str

    @property
    def message(self) -> str:
        """Name the line where the quote opens."""
        return (
            f'In {self.path}, a quote (") opens in line {self.line} and {self.problem}. '
            "Close it, and write quotes inside a quoted cell twice."
        )


@define(kw_only=True, eq=False)
class DamagedFileError(FileError):
    """The file is not what its format asks for."""

    problem: str

    @property
    def message(self) -> str:
        """Say what is damaged."""
        return f"The file {self.path} is damaged: {self.problem}. Save or fetch it again."


@define(kw_only=True, eq=False)
class UnsafeWorkbookError(FileError):
    """A workbook holds something that no spreadsheet program writes, and that serves attacks."""

    problem: str

    @property
    def message(self) -> str:
        """Say what it is."""
        return (
            f"The workbook {self.path} is refused: {self.problem}. Save it again with a spreadsheet program, or as CSV."
        )


@define(kw_only=True, eq=False)
class UnknownSheetError(FileError):
    """There is no such sheet in the workbook."""

    sheet: str
    known: tuple[str, ...]

    @property
    def message(self) -> str:
        """List the sheets that exist."""
        return f"There is no sheet {self.sheet!r} in {self.path}. Its sheets: {', '.join(self.known) or 'none'}."


@define(kw_only=True, eq=False)
class WorkbookReaderError(FileError):
    """The process that reads the workbook stopped; nothing of it can be trusted to be complete."""

    problem: str

    @property
    def message(self) -> str:
        """Say how it stopped."""
        return (
            f"Reading the workbook {self.path} was stopped: {self.problem}. "
            "Save it as CSV, or raise the limit if you trust where it comes from."
        )


@define(kw_only=True, eq=False)
class UnwritableCellError(FileError):
    """A value can't be written in this format; `row` counts data rows from 1."""

    row: int
    column: str
    problem: str

    @property
    def message(self) -> str:
        """Name the row and the column."""
        return f"Row {self.row}, column {self.column!r} can't be written to {self.path}: {self.problem}."


@define(kw_only=True, eq=False)
class RowLengthError(FileError):
    """A row to be written does not have one cell per column; `row` counts data rows from 1."""

    row: int
    expected: int
    found: int

    @property
    def message(self) -> str:
        """Name both numbers."""
        return f"Row {self.row} for {self.path} has {self.found} cells, but there are {self.expected} columns."


@define(kw_only=True, eq=False)
class UnwritableColumnError(FileError):
    """The format has no place for these columns."""

    columns: tuple[str, ...]
    known: tuple[str, ...]

    @property
    def message(self) -> str:
        """Name the columns and those that there are."""
        columns, known = ", ".join(self.columns), ", ".join(self.known)
        return f"The columns {columns} can't be written to {self.path}. Its columns: {known}."
