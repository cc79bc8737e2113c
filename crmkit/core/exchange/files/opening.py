"""The one door to all formats."""

from __future__ import annotations

import os
from contextlib import ExitStack
from typing import TYPE_CHECKING

from crmkit.core.exchange.files.csv_reading import open_csv
from crmkit.core.exchange.files.json_reading import open_json_lines
from crmkit.core.exchange.files.options import FileOptions, format_of

if TYPE_CHECKING:
    from crmkit.core.exchange.files.rows import RowSource


def open_rows(path: str | os.PathLike[str], *, options: FileOptions | None = None) -> RowSource:
    """Open a file to read its rows one by one, at constant memory.

    Args:
        path: A regular file.
        options: What to know about it; by default everything is found out.

    Returns:
        The rows, to be used in a `with` block. A row that can't be used comes as a `BadRow` and the others go on.

    Raises:
        FileError: The file as a whole can't be used; also while iterating.
    """
    chosen = options or FileOptions()
    resources = ExitStack()
    try:
        return _opened(os.fspath(path), options=chosen, resources=resources)
    except BaseException:
        resources.close()
        raise


def _opened(path: str, *, options: FileOptions, resources: ExitStack) -> RowSource:
    found = format_of(path, declared=options.format)
    if found == "csv":
        return open_csv(path, options=options, resources=resources)
    if found == "jsonl":
        return open_json_lines(path, options=options, resources=resources)
    # The libraries of these two are loaded only by those who need them.
    if found == "xlsx":
        from crmkit.core.exchange.files.xlsx_reading import open_workbook

        return open_workbook(path, options=options, resources=resources)
    from crmkit.core.exchange.files.vcard_reading import open_vcards

    return open_vcards(path, options=options, resources=resources)
