"""XLSX: a limited process reads the workbook, here its rows are checked."""

from __future__ import annotations

from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from crmkit.core.exchange.files.blocks import checked_size
from crmkit.core.exchange.files.cells import cell_problem, ragged
from crmkit.core.exchange.files.errors import EmptyFileError, TooManyRowsError, UnreadableFileError, WrongFormatError
from crmkit.core.exchange.files.formulas import restore
from crmkit.core.exchange.files.header import header_names
from crmkit.core.exchange.files.rows import BadRow, RowSource, SourceRow
from crmkit.core.exchange.files.xlsx_process import WorkbookProcess
from crmkit.translation import _

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from contextlib import ExitStack

    from crmkit.core.exchange.files.options import FileOptions

_SheetRow: TypeAlias = "tuple[int, list[str | None] | None]"


def open_workbook(path: str, *, options: FileOptions, resources: ExitStack) -> RowSource:
    """Open a sheet of a workbook; its first row that isn't empty is the header.

    Numbers, dates and truth values become canonical text: ``12.5``, ``2026-02-28``, ``true``.

    Raises:
        FileError: The workbook is refused, or its header can't be used.
    """
    checked_size(path, limits=options.limits)
    _check_mark(path)
    found: Iterator[_SheetRow] = WorkbookProcess(path, options=options, resources=resources).rows()
    number, cells = next(found, (0, None))
    if not cells:
        raise EmptyFileError(path=path)
    header = header_names(cells, path=path, options=options)
    first: list[_SheetRow] = [] if options.header else [(number, cells)]
    rows = _rows(chain(first, found), header=header, path=path, options=options)
    return RowSource(rows=rows, header=header, format="xlsx", resources=resources)


def _check_mark(path: str) -> None:
    try:
        with Path(path).open("rb") as file:
            mark = file.read(4)
    except OSError as error:
        raise UnreadableFileError(path=path, problem=(error.strerror or "unknown reason").lower()) from error
    if mark[:2] != b"PK":
        old = mark == b"\xd0\xcf\x11\xe0"
        found = _("an old Excel file, or one with a password") if old else _("no ZIP archive")
        raise WrongFormatError(path=path, expected=_("an XLSX workbook"), found=found)


def _rows(
    found: Iterable[_SheetRow], *, header: tuple[str, ...], path: str, options: FileOptions
) -> Iterator[SourceRow | BadRow]:
    limit = options.limits.max_rows
    for count, (number, cells) in enumerate(found, start=1):
        if count > limit:
            raise TooManyRowsError(path=path, limit=limit)
        if cells is None:
            yield BadRow(number, _("The row is too long to be handled. Shorten its cells."), ())
        elif len(cells) > len(header):
            yield ragged(number, cells, expected=len(header))
        else:
            yield _row(number, cells, header=header, options=options)


def _row(number: int, cells: list[str | None], *, header: tuple[str, ...], options: FileOptions) -> SourceRow | BadRow:
    limit = options.limits.max_cell_characters
    values: dict[str, str | None] = dict.fromkeys(header)
    for name, cell in zip(header, cells, strict=False):
        if cell is None:
            continue
        # A printable text holds nothing forbidden, which is faster to find out.
        is_plain = cell.isprintable() and len(cell) <= limit
        problem = None if is_plain else cell_problem(cell, limit=limit)
        if problem:
            return BadRow(number, _("Column {name!r}: {problem}", name=name, problem=problem), tuple(cells), name)
        values[name] = restore(cell) if options.restore_formulas else cell
    return SourceRow(number, values)
