"""The process that reads a workbook, with limits of its own: whatever a hostile workbook does, it does it here.

Run as ``python -m crmkit.core.exchange.files.xlsx_child REQUEST`` with the request as JSON. It writes JSON lines:
``[row number, cells]`` for every row that has something in it (cells are null for a row that is too long), at last
``{"end": rows}``; or ``{"refused": error class, "details": {...}}``.
"""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, TextIO

import attrs
from python_calamine import CalamineError, CalamineWorkbook, SheetTypeEnum, SheetVisibleEnum

from crmkit.core.exchange.files.cell_text import cell_text
from crmkit.core.exchange.files.errors import (
    DamagedFileError,
    FileError,
    TooManyColumnsError,
    TooManyRowsError,
    UnknownSheetError,
)
from crmkit.core.exchange.files.options import Limits
from crmkit.core.exchange.files.xlsx_package import check_package
from crmkit.core.exchange.files.xlsx_process import NO_MEMORY
from crmkit.translation import _

if TYPE_CHECKING:
    from python_calamine import CalamineSheet

    from crmkit.core.exchange.files.cell_text import Cell


def read_workbook(request: str, output: TextIO) -> int:
    """Read the workbook that the request names, and return the exit code."""
    wanted = json.loads(request)
    limits = Limits(**wanted["limits"])
    limit_process(limits)
    try:
        check_package(wanted["path"], limits=limits)
        count = _write_rows(wanted["path"], wanted["sheet"], limits=limits, output=output)
        _say(output, {"end": count})
    except FileError as error:
        details = attrs.asdict(error, filter=lambda attribute, _: attribute.name != "path")
        _say(output, {"refused": type(error).__name__, "details": details})
    except MemoryError:
        return NO_MEMORY
    return 0


def limit_process(limits: Limits) -> None:
    """Limit memory and processor time of this process, where the system can (not on Windows)."""
    try:
        import resource
    except ImportError:
        return
    seconds = max(1, int(limits.max_seconds))
    resource.setrlimit(resource.RLIMIT_AS, (limits.max_memory_bytes, limits.max_memory_bytes))
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 1))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _say(output: TextIO, message: object) -> None:
    output.write(json.dumps(message, ensure_ascii=False, separators=(",", ":")) + "\n")
    output.flush()


def _write_rows(path: str, wanted: str | int | None, *, limits: Limits, output: TextIO) -> int:
    sheet = _open_sheet(path, wanted)
    # The sheet's width counts from its first used column, the cells of its rows from column A.
    width = sheet.end[1] + 1 if sheet.end else 0
    if width > limits.max_columns:
        raise TooManyColumnsError(path=path, found=width, limit=limits.max_columns)
    if sheet.height > limits.max_rows + 1:
        raise TooManyRowsError(path=path, limit=limits.max_rows)
    count = 0
    encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
    for number, values in enumerate(sheet.iter_rows(), start=1):
        cells = [_text(value) or None for value in values]
        while cells and cells[-1] is None:
            cells.pop()
        if cells:
            count += 1
            is_too_long = sum(map(len, filter(None, cells))) > limits.max_record_characters
            output.write(encode([number, None if is_too_long else cells]) + "\n")
    return count


def _text(value: Cell) -> str | None:
    try:
        return cell_text(value)
    except ValueError:  # a number beyond all bounds; whoever wants a number will refuse the word
        return str(value)


def _open_sheet(path: str, wanted: str | int | None) -> CalamineSheet:
    try:
        workbook = CalamineWorkbook.from_path(path)
        return workbook.get_sheet_by_name(_sheet_name(workbook, wanted, path=path))
    except CalamineError as error:
        raise DamagedFileError(
            path=path, problem=_("the workbook can't be understood ({error})", error=error)
        ) from error


def _sheet_name(workbook: CalamineWorkbook, wanted: str | int | None, *, path: str) -> str:
    names = [each.name for each in workbook.sheets_metadata if each.typ == SheetTypeEnum.WorkSheet]
    visible = [each.name for each in workbook.sheets_metadata if each.visible == SheetVisibleEnum.Visible]
    if wanted is None:
        found = next((name for name in names if name in visible), None)
    elif isinstance(wanted, int):
        found = names[wanted - 1] if 1 <= wanted <= len(names) else None
    else:
        found = wanted if wanted in names else None
    if found is None:
        raise UnknownSheetError(path=path, sheet=str(wanted or 1), known=tuple(names))
    return found


if __name__ == "__main__":
    # Only UTF-8 can carry every text, whatever the locale says.
    with open(sys.stdout.fileno(), "w", encoding="utf-8", newline="\n", closefd=False) as stdout:
        sys.exit(read_workbook(sys.argv[1], stdout))
