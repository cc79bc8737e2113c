"""What reading a file gives: rows, bad rows, and the source that they come from."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Self

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import ExitStack


class SourceRow(NamedTuple):
    """A row as it stands in the file (a light tuple: files have millions).

    `number` is what a person sees: the line where a row of a text file starts, the row of a sheet, each counted from 1.
    `values` maps the names of the columns to texts; an empty cell is None, an empty text is "".
    """

    number: int
    values: dict[str, str | None]


class BadRow(NamedTuple):
    """A row that can't be used, why, and in which column if it is one.

    `raw` holds its cells as far as they could be told apart, or the whole line, so that it can be written to an error
    file, corrected and imported again.
    """

    number: int
    message: str
    raw: tuple[str | None, ...]
    column: str | None = None


class RowSource:
    """The rows of an open file, read while they are iterated; use it in a `with` block.

    Attributes:
        header: Names of the columns, in order. For JSON lines the keys of the first object; others may follow.
        format: Format that was read.
        encoding: Encoding that was found or declared; None for workbooks.
        delimiter: Delimiter that was found or declared; None for anything but CSV.
    """

    def __init__(
        self,
        *,
        rows: Iterator[SourceRow | BadRow],
        header: tuple[str, ...],
        format: str,
        resources: ExitStack,
        encoding: str | None = None,
        delimiter: str | None = None,
    ) -> None:
        self.header = header
        self.format = format
        self.encoding = encoding
        self.delimiter = delimiter
        self._rows = rows
        self._resources = resources

    def __iter__(self) -> Iterator[SourceRow | BadRow]:
        return self._rows

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file and end what was started to read it; may be called again."""
        self._resources.close()
