"""Writing JSON lines: one object per row, null for an empty cell."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from crmkit.core.exchange.files.json_text import Json, Number, json_text
from crmkit.core.exchange.files.outgoing import Outgoing, outgoing_rows
from crmkit.core.exchange.files.targets import Target, open_text, target_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from crmkit.core.exchange.files.cell_text import Cell
    from crmkit.core.exchange.files.columns import Column

_JSON_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")


def write_json_lines(target: Target, columns: Sequence[Column], rows: Iterable[Sequence[Cell]]) -> int:
    """Write JSON lines and return the number of rows; numbers keep their digits."""
    names = [column.name for column in columns]
    count = 0
    with open_text(target, encoding="utf-8") as file:
        for count, cells in outgoing_rows(columns, rows, path=target_name(target)):  # noqa: B007  (returned)
            file.write(json_text(dict(zip(names, map(_value, cells), strict=True))) + "\n")
    return count


def _value(cell: Outgoing) -> Json:
    text, is_number = cell
    return Number(text) if is_number and text and _JSON_NUMBER.fullmatch(text) else text
