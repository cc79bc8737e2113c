"""Error files: the rows that failed, with what is wrong with them, to be corrected and imported again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crmkit.core.exchange.files import BadRow, open_rows, write_rows
from crmkit.core.exchange.rowmapping import secret_columns
from crmkit.core.exchange.sources import ERROR_COLUMNS, ERRORS_SUFFIX

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from crmkit.core.exchange.bookkeeping import Books
    from crmkit.core.exchange.sources import Source
    from crmkit.core.lifecycle.session import Session


def write_error_files(session: Session, books: Books, sources: Sequence[Source], folder: Path) -> list[str | None]:
    """Write the rows that failed of every file, and return the paths.

    Files without any get a header alone, so that the folder can be imported by the same mapping. Several entities out
    of one file share a file of errors: a row stands in it once, with all that is wrong with it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    paths: dict[str, Path] = {}
    for source in sources:
        if source.name not in paths:
            paths[source.name] = path = folder / f"{source.name}{ERRORS_SUFFIX}"
            path.parent.mkdir(parents=True, exist_ok=True)
            numbers = [number for number, each in enumerate(sources) if each.name == source.name]
            columns = [name for name in source.header if name not in ERROR_COLUMNS]
            rows = failed_rows(session, books, sources, numbers, columns)
            write_rows(path, [*columns, *ERROR_COLUMNS], rows, format="csv")
    return [str(paths[source.name]) for source in sources]


def failed_rows(
    session: Session, books: Books, sources: Sequence[Source], numbers: Sequence[int], columns: Sequence[str]
) -> Iterator[list[str | None]]:
    """Yield the cells of each row that failed, but for secrets, behind them row, column and problem."""
    problems: dict[int, list[tuple[str | None, str | None, str]]] = {}
    for number in numbers:
        for row, found in books.failed_rows(session, number):
            problems.setdefault(row, []).extend(found)
    if not problems:
        return
    source = sources[numbers[0]]
    mappings = [sources[number].mapping for number in numbers]
    secrets = frozenset[str]().union(*(secret_columns(session.model.entities[each.entity], each) for each in mappings))
    with open_rows(source.path, options=source.options) as rows:
        for each in rows:
            if each.number not in problems:
                continue
            found = problems[each.number]
            cells, rest = cells_of(each, columns, secrets)
            named = dict.fromkeys(column for column, _, _ in found if column)
            texts = dict.fromkeys(message if column is None else f"{column}: {message}" for column, _, message in found)
            yield [*cells, str(each.number), ", ".join(named) or None, " ".join(texts), rest]


def cells_of(row: object, columns: Sequence[str], secrets: frozenset[str]) -> tuple[list[str | None], str | None]:
    """Return the cells of a row by its columns, and what is left over of a row that has others.

    Secrets are left out; and all of a broken row, whose secrets may stand anywhere.
    """
    if isinstance(row, BadRow):
        if secrets:
            return [None] * len(columns), None
        cells = [clean(cell) for cell in row.raw[: len(columns)]]
        rest = [cell for cell in row.raw[len(columns) :] if cell]
        return cells + [None] * (len(columns) - len(cells)), ", ".join(rest) or None
    values = row.values  # type: ignore[attr-defined]
    return [None if name in secrets else values.get(name) for name in columns], None


def clean(cell: str | None) -> str | None:
    """Return a cell without the characters that no file may hold; the problem beside it names them."""
    if cell is None or cell.isprintable():
        return cell
    return "".join(character for character in cell if character in "\t\n\r" or character.isprintable())
