"""The names of the columns: from the first row, or by number."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crmkit.core.exchange.files.characters import forbidden_character
from crmkit.core.exchange.files.errors import EmptyFileError, HeaderError, TooManyColumnsError
from crmkit.core.exchange.files.formulas import restore

if TYPE_CHECKING:
    from collections.abc import Sequence

    from crmkit.core.exchange.files.options import FileOptions


def header_names(cells: Sequence[str | None], *, path: str, options: FileOptions) -> tuple[str, ...]:
    """Name the columns of a file whose first row is given.

    Empty names at the right end are dropped (a delimiter too many at the end of the line is common); a row that has
    something below them is a bad row.

    Raises:
        EmptyFileError: No cell has a name.
        HeaderError: Names are missing, repeated or not text; all of them are listed.
        TooManyColumnsError: There are more columns than the limit.
    """
    if len(cells) > options.limits.max_columns:
        raise TooManyColumnsError(path=path, found=len(cells), limit=options.limits.max_columns)
    if options.columns_by_number or not options.header:
        return tuple(str(position) for position in range(1, len(cells) + 1))
    names = [_name(cell or "", options=options) for cell in cells]
    while names and not names[-1]:
        names.pop()
    if not names:
        raise EmptyFileError(path=path)
    _check(names, path=path)
    return tuple(names)


def _name(cell: str, *, options: FileOptions) -> str:
    return (restore(cell) if options.restore_formulas else cell).strip()


def _check(names: list[str], *, path: str) -> None:
    positions: dict[str, list[int]] = {}
    for position, name in enumerate(names, start=1):
        positions.setdefault(name, []).append(position)
    missing = tuple(positions.pop("", ()))
    repeated = tuple((name, tuple(where)) for name, where in positions.items() if len(where) > 1)
    illegal = tuple(where for where, name in enumerate(names, start=1) if forbidden_character(name))
    if missing or repeated or illegal:
        raise HeaderError(path=path, repeated=repeated, missing=missing, illegal=illegal)
