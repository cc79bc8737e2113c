"""The texts inside a chart: names that fit beside their bars, numbers without clutter."""

from __future__ import annotations

import unicodedata
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from crmkit.core.reading.reports.display import one_line

if TYPE_CHECKING:
    from collections.abc import Iterable

    from crmkit.core.reading.reports.columns import Cell, Column
    from crmkit.core.reading.reports.display import Display

NOTHING_KNOWN: Final = "—"
_LINE = 36  # in widths of a Latin letter; a Chinese character has two
_WITHOUT_CENTS = 1_000


def unique_names(names: Iterable[str]) -> list[str]:
    """Return the names on at most two lines, and no two alike: bars of one name would be drawn on top of each other."""
    given: dict[str, None] = {}
    for name in names:
        wrapped = wrap(one_line(name) or NOTHING_KNOWN)
        while wrapped in given:
            wrapped += "\u00a0"
        given[wrapped] = None
    return list(given)


def wrap(text: str) -> str:
    """Break a long text into two lines, at a space if there is one, and cut what doesn't fit in them."""
    first = _fitting(text)
    if first == len(text):
        return text
    space = text.rfind(" ", first // 2, first + 1)
    head, rest = (text[:space], text[space + 1 :]) if space > 0 else (text[:first], text[first:])
    end = _fitting(rest)
    return f"{head}\n{rest}" if end == len(rest) else f"{head}\n{rest[: end - 1]}…"


def texts(column: Column, values: Iterable[Cell], display: Display) -> list[str]:
    """Return a column's cells as people read them; large amounts go without cents, which only clutter a picture."""
    cells = list(values)
    amounts = [abs(Decimal(value)) for value in cells if isinstance(value, int | Decimal)]
    if column.kind == "money" and column.places is None and max(amounts, default=Decimal(0)) >= _WITHOUT_CENTS:
        return [
            display.number(Decimal(value), 0, 0) if isinstance(value, int | Decimal) else NOTHING_KNOWN
            for value in cells
        ]
    return [display.cell(column, value) or NOTHING_KNOWN for value in cells]


def _fitting(text: str) -> int:
    """Return how many characters fit on a line."""
    taken = 0
    for place, character in enumerate(text):
        taken += 2 if unicodedata.east_asian_width(character) in "WF" else 1
        if taken > _LINE:
            return place
    return len(text)
