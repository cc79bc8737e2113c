"""Sources: the files that a mapping names, read once before anything is written, so that none fails halfway."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from attrs import frozen

from crmkit.core.exchange.errors import UnfittingFilesError
from crmkit.core.exchange.files import BadRow, FileError, FileOptions, open_rows
from crmkit.core.exchange.targets import unknown
from crmkit.translation import _, about

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from crmkit.core.exchange.mapping import FileMapping, Mapping

ERRORS_SUFFIX = ".errors.csv"
ERROR_COLUMNS = ("_row", "_column", "_problem", "_rest")


@frozen(kw_only=True)
class Source:
    """A file that was found and looked through.

    Attributes:
        name: the name relative to the folder, as the original file is called.
        header: all columns.
        digest: of the file's bytes (SHA-256).
        rows: the number of its rows, bad ones included.
    """

    path: Path
    name: str
    mapping: FileMapping
    options: FileOptions
    header: tuple[str, ...]
    digest: str
    rows: int


def find_sources(mapping: Mapping, folder: Path) -> list[Source]:
    """Find the files of a mapping and read each through, without keeping anything.

    Raises:
        UnfittingFilesError: with everything that is wrong with the files as such: missing, unreadable, broken
            somewhere, other columns than the mapping says. A wrong row is no such thing.
    """
    problems: list[str] = []
    found: list[Source] = []
    seen: dict[tuple[Path, FileOptions], tuple[tuple[str, ...], int, str]] = {}
    for each in mapping.files:
        paths = matching_paths(each.file, folder)
        if not paths:
            problems.append(_("There is no file {file!r} in {folder}.", file=each.file, folder=folder))
        for path in paths:
            options = options_for(path, each)
            try:
                if (path, options) not in seen:
                    seen[path, options] = (*looked_through(path, options), digest_of(path))
            except FileError as error:
                problems.append(str(error))
                continue
            header, rows, digest = seen[path, options]
            problems += column_problems(path, header, each)
            name = path.relative_to(folder).as_posix().removesuffix(ERRORS_SUFFIX)
            made = Source(path=path, name=name, mapping=each, options=options, header=header, digest=digest, rows=rows)
            found.append(made)
    if problems:
        raise UnfittingFilesError(problems=tuple(dict.fromkeys(problems)))
    return found


def matching_paths(name: str, folder: Path) -> list[Path]:
    """Return the files that a name or pattern means; the rows that failed before stand for a file that isn't there."""
    if not any(sign in name for sign in "*?["):
        return [path for path in (folder / name, folder / f"{name}{ERRORS_SUFFIX}") if path.exists()][:1]
    plain = [path for path in sorted(folder.glob(name)) if path.is_file() and not path.name.endswith(ERRORS_SUFFIX)]
    return plain or sorted(folder.glob(f"{name}{ERRORS_SUFFIX}"))


def options_for(path: Path, mapping: FileMapping) -> FileOptions:
    """Return how a file is to be read; files of failed rows are plain CSV, whatever the original was."""
    if path.name.endswith(ERRORS_SUFFIX):
        return FileOptions(format="csv", limits=mapping.options.limits)
    return mapping.options


def looked_through(path: Path, options: FileOptions) -> tuple[tuple[str, ...], int]:
    """Read a file to its end and return its columns and the number of its rows.

    Raises:
        FileError: if it can't be read, wherever that shows.
    """
    rows = 0
    with open_rows(path, options=options) as source:
        header = dict.fromkeys(source.header)
        is_open = source.format == "jsonl"
        for row in source:
            rows += 1
            if is_open and not isinstance(row, BadRow) and len(header) <= options.limits.max_columns:
                header.update(dict.fromkeys(row.values))
    return tuple(header), rows


def digest_of(path: Path) -> str:
    """Return the digest of a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def column_problems(path: Path, header: tuple[str, ...], mapping: FileMapping) -> Iterator[str]:
    """Yield what is wrong with the columns of a file."""
    for name in mapping.needed:
        if name not in header:
            yield about(path.name, unknown(_("column"), name, header))
    known = {*mapping.needed, *mapping.ignore, *ERROR_COLUMNS}
    extra = [name for name in header if name not in known]
    if extra and mapping.unmapped == "error":
        listed = ", ".join(repr(name) for name in extra[:20]) + (", ..." if len(extra) > 20 else "")  # noqa: PLR2004
        yield _(
            '{path}: Nothing is said about the columns {listed}. Map them, or name them in "ignore".',
            path=path.name,
            listed=listed,
        )
