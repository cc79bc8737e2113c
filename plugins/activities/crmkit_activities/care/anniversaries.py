"""Anniversaries: on which day a date is celebrated in a year, and how many years it is."""

from __future__ import annotations

import calendar
from datetime import date, timedelta
from typing import TYPE_CHECKING, Literal

from attrs import frozen

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

LeapDay = Literal["feb28", "mar1"]
WHOLE_YEAR = 366


@frozen(order=True)
class Anniversary:
    """A day on which a date comes back.

    Attributes:
        day: the day on which it is celebrated.
        years: how many years it is: a person's age.
    """

    day: date
    years: int


def celebrated(first: date, year: int, leap_day: LeapDay) -> date:
    """Return the day on which a date is celebrated in a year; 29 February in other years as `leap_day` says."""
    if (first.month, first.day) != (2, 29) or calendar.isleap(year):
        return first.replace(year=year)
    return date(year, 2, 28) if leap_day == "feb28" else date(year, 3, 1)


def within(first: date, start: date, days: int, leap_day: LeapDay) -> Anniversary | None:
    """Return the first anniversary of a date from a day on, within so many days; the date itself is none."""
    for year in (start.year, start.year + 1):
        day = celebrated(first, year, leap_day)
        if year > first.year and start <= day < start + timedelta(days=days):
            return Anniversary(day, year - first.year)
    return None


def filter_for(field: str, start: date, days: int, leap_day: LeapDay) -> str:
    """Return the filter for dates in a field with an anniversary within so many days from a day on."""
    if days >= WHOLE_YEAR:
        return f"{field} is not None"
    by_month: dict[int, set[int]] = {}
    for month, day in month_days(start, days, leap_day):
        by_month.setdefault(month, set()).add(day)
    tests = (
        f"({field}.month == {month} and {field}.day in ({', '.join(map(str, sorted(found)))},))"
        for month, found in by_month.items()
    )
    return f"({' or '.join(tests)})"


def month_days(start: date, days: int, leap_day: LeapDay) -> Iterable[tuple[int, int]]:
    """Yield the months and days of dates that are celebrated within so many days from a day on."""
    for each in _days(start, days):
        yield each.month, each.day
        stand_in = (2, 28) if leap_day == "feb28" else (3, 1)
        if (each.month, each.day) == stand_in and not calendar.isleap(each.year):
            yield 2, 29


def _days(start: date, days: int) -> Iterator[date]:
    for number in range(days):
        yield start + timedelta(days=number)
