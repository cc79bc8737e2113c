"""What can be wrong with a file as a whole; a single wrong row is a `BadRow` instead, and the others go on."""

from __future__ import annotations

from attrs import define

from crmkit.core.exchange.files.columns import column_letters
from crmkit.errors import CRMKitError
from crmkit.translation import _


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
        return _("The file {path} can't be opened: {problem}.", path=self.path, problem=self.problem)


@define(kw_only=True, eq=False)
class FileTooLargeError(FileError):
    """The file is larger than the limit, in bytes."""

    limit: int

    @property
    def message(self) -> str:
        """Name the limit."""
        return _(
            "The file {path} is larger than {limit} bytes. "
            "Split it, or raise the limit max_bytes if you trust where it comes from.",
            path=self.path,
            limit=f"{self.limit:,}",
        )


@define(kw_only=True, eq=False)
class UnpacksTooLargeError(FileError):
    """A packed file (gzip, XLSX) grows beyond the limits when it is unpacked."""

    problem: str

    @property
    def message(self) -> str:
        """Say which limit."""
        return _(
            "The file {path} is refused, because it unpacks to far more than it should: {problem}. "
            "Save it again as plain CSV if you trust where it comes from.",
            path=self.path,
            problem=self.problem,
        )


@define(kw_only=True, eq=False)
class UnknownFormatError(FileError):
    """Neither the name of the file nor the options say a format that can be handled."""

    format: str
    known: tuple[str, ...]

    @property
    def message(self) -> str:
        """List the formats."""
        return _(
            "The format {format!r} of {path} is not known. Name one of: {names}.",
            format=self.format,
            path=self.path,
            names=", ".join(self.known),
        )


@define(kw_only=True, eq=False)
class WrongFormatError(FileError):
    """The content of the file is not of the format that was expected."""

    expected: str
    found: str

    @property
    def message(self) -> str:
        """Say what was expected and what was found."""
        return _(
            "The file {path} should be {expected}, but it is {found}. Give it the right suffix or name its format.",
            path=self.path,
            expected=self.expected,
            found=self.found,
        )


@define(kw_only=True, eq=False)
class UnknownEncodingError(FileError):
    """The declared encoding does not exist, or is none for text files."""

    encoding: str

    @property
    def message(self) -> str:
        """Name some that exist."""
        return _(
            "The encoding {encoding!r}, declared for {path}, is not known. "
            "Use for example utf-8, utf-16, gb18030, cp1252 or cp1251.",
            encoding=self.encoding,
            path=self.path,
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
        return _(
            "The file {path} is not {encoding}: line {line}, at byte {offset}. "
            "Declare the encoding that it was saved in, for example gb18030, cp1252 or utf-16, or save it again "
            "as UTF-8.",
            path=self.path,
            encoding=self.encoding,
            line=self.line,
            offset=f"{self.offset:,}",
        )


@define(kw_only=True, eq=False)
class EmptyFileError(FileError):
    """The file has no row at all, not even a header."""

    @property
    def message(self) -> str:
        """Say what a file needs."""
        return _("The file {path} is empty. It needs a header and the rows below it.", path=self.path)


@define(kw_only=True, eq=False)
class HeaderError(FileError):
    """Names in the header are missing, repeated or not text; positions count from 1."""

    repeated: tuple[tuple[str, tuple[int, ...]], ...] = ()
    missing: tuple[int, ...] = ()
    illegal: tuple[int, ...] = ()

    @property
    def message(self) -> str:
        """List every such column with its position."""
        found = [
            _("{name!r} is the name of columns {positions}", name=name, positions=_positions(where))
            for name, where in self.repeated
        ]
        if self.missing:
            found.append(_("there is no name for {positions}", positions=_positions(self.missing)))
        if self.illegal:
            found.append(
                _(
                    "there are control characters in the name of {positions} (a wrong encoding?)",
                    positions=_positions(self.illegal),
                )
            )
        return _(
            "The header of {path} can't be used: {names}. "
            "Correct the names, or map columns by number (columns_by_number).",
            path=self.path,
            names="; ".join(found),
        )


def _positions(positions: tuple[int, ...], *, shown: int = 20) -> str:
    listed = ", ".join(f"{position} ({column_letters(position)})" for position in positions[:shown])
    return (
        listed
        if len(positions) <= shown
        else _("{listed} and {count} more", listed=listed, count=len(positions) - shown)
    )


@define(kw_only=True, eq=False)
class TooManyColumnsError(FileError):
    """The file has more columns than the limit."""

    found: int
    limit: int

    @property
    def message(self) -> str:
        """Name both numbers."""
        return _(
            "There are too many columns in {path}: {found}, and at most {limit} can be handled. "
            "Is the delimiter right? Else remove the columns that aren't needed.",
            path=self.path,
            found=f"{self.found:,}",
            limit=f"{self.limit:,}",
        )


@define(kw_only=True, eq=False)
class TooManyRowsError(FileError):
    """The file has more rows than the limit."""

    limit: int

    @property
    def message(self) -> str:
        """Name the limit."""
        return _(
            "There are more than {limit} rows in {path}. Split the file, or use CSV and raise max_rows.",
            limit=f"{self.limit:,}",
            path=self.path,
        )


@define(kw_only=True, eq=False)
class LineTooLongError(FileError):
    """A line goes on for longer than any record may; `limit` counts characters."""

    line: int
    limit: int

    @property
    def message(self) -> str:
        """Name the line."""
        return _(
            "Line {line} of {path} is longer than {limit} characters. Is this a text file with line ends?",
            line=self.line,
            path=self.path,
            limit=f"{self.limit:,}",
        )


@define(kw_only=True, eq=False)
class UnclosedQuoteError(FileError):
    """A quote is opened and never (properly) closed, so that nobody can say where the row ends."""

    line: int
    problem: str

    @property
    def message(self) -> str:
        """Name the line where the quote opens."""
        return _(
            'In {path}, a quote (") opens in line {line} and {problem}. '
            "Close it, and write quotes inside a quoted cell twice.",
            path=self.path,
            line=self.line,
            problem=self.problem,
        )


@define(kw_only=True, eq=False)
class DamagedFileError(FileError):
    """The file is not what its format asks for."""

    problem: str

    @property
    def message(self) -> str:
        """Say what is damaged."""
        return _("The file {path} is damaged: {problem}. Save or fetch it again.", path=self.path, problem=self.problem)


@define(kw_only=True, eq=False)
class UnsafeWorkbookError(FileError):
    """A workbook holds something that no spreadsheet program writes, and that serves attacks."""

    problem: str

    @property
    def message(self) -> str:
        """Say what it is."""
        return _(
            "The workbook {path} is refused: {problem}. Save it again with a spreadsheet program, or as CSV.",
            path=self.path,
            problem=self.problem,
        )


@define(kw_only=True, eq=False)
class UnknownSheetError(FileError):
    """There is no such sheet in the workbook."""

    sheet: str
    known: tuple[str, ...]

    @property
    def message(self) -> str:
        """List the sheets that exist."""
        return _(
            "There is no sheet {sheet!r} in {path}. Its sheets: {names}.",
            sheet=self.sheet,
            path=self.path,
            names=", ".join(self.known) or _("none"),
        )


@define(kw_only=True, eq=False)
class WorkbookReaderError(FileError):
    """The process that reads the workbook stopped; nothing of it can be trusted to be complete."""

    problem: str

    @property
    def message(self) -> str:
        """Say how it stopped."""
        return _(
            "Reading the workbook {path} was stopped: {problem}. "
            "Save it as CSV, or raise the limit if you trust where it comes from.",
            path=self.path,
            problem=self.problem,
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
        return _(
            "Row {row}, column {column!r} can't be written to {path}: {problem}.",
            row=self.row,
            column=self.column,
            path=self.path,
            problem=self.problem,
        )


@define(kw_only=True, eq=False)
class RowLengthError(FileError):
    """A row to be written does not have one cell per column; `row` counts data rows from 1."""

    row: int
    expected: int
    found: int

    @property
    def message(self) -> str:
        """Name both numbers."""
        return _(
            "Row {row} for {path} should have one cell for each column; cells: {found}, columns: {expected}.",
            row=self.row,
            path=self.path,
            found=self.found,
            expected=self.expected,
        )


@define(kw_only=True, eq=False)
class UnwritableColumnError(FileError):
    """The format has no place for these columns."""

    columns: tuple[str, ...]
    known: tuple[str, ...]

    @property
    def message(self) -> str:
        """Name the columns and those that there are."""
        columns, known = ", ".join(self.columns), ", ".join(self.known)
        return _(
            "The columns {columns} can't be written to {path}. Its columns: {known}.",
            columns=columns,
            path=self.path,
            known=known,
        )
