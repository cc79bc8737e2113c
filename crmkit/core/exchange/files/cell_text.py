"""Values as the text of a cell, the same in every format: ISO dates, numbers without needless digits."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from decimal import Decimal
from math import isfinite
from typing import TypeAlias

from crmkit.translation import _

Cell: TypeAlias = str | int | float | Decimal | date | time | timedelta | None
"""What a cell may hold (a datetime is a date, a truth value an int)."""

_EXACT_DIGITS = 15
"""Digits that a spreadsheet's binary numbers keep."""


def cell_text(value: Cell) -> str | None:
    """Write a value as text: ISO 8601 dates, ``true``/``false``, plain decimal numbers, ``H:MM:SS`` for durations.

    Raises:
        ValueError: The number is infinite or none at all.
    """
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, (date, time)):
        return value.isoformat()
    if isinstance(value, timedelta):
        return _duration_text(value)
    return _number_text(value)


def _number_text(value: float | Decimal) -> str:
    """Write a number in full, without exponent, and a binary one without ``.0`` if it is whole."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if not isfinite(value):
        message = _("{value} is no number that can be written", value=value)
        raise ValueError(message)
    if isinstance(value, Decimal):
        return format(value, "f")
    if value.is_integer():
        return str(int(value))
    return format(Decimal(repr(value)), "f")


def exact_float(text: str) -> float | None:
    """Return the number that a spreadsheet may hold for a plain number without losing digits; None if it can't."""
    number = Decimal(text)
    if len(number.normalize().as_tuple().digits) > _EXACT_DIGITS:
        return None
    found = float(number)
    return found if Decimal(repr(found)) == number else None


def is_whole_day(value: Cell) -> bool:
    """Tell a date from a point in time."""
    return isinstance(value, date) and not isinstance(value, datetime)


def _duration_text(value: timedelta) -> str:
    seconds = round(value.total_seconds())
    sign, seconds = ("-", -seconds) if seconds < 0 else ("", seconds)
    return f"{sign}{seconds // 3600}:{seconds // 60 % 60:02}:{seconds % 60:02}"
