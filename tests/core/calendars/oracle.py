"""An oracle for business hours: minute by minute, from nothing but what a wall clock shows.

It knows no openings, no years and no sums. It walks through elapsed time a minute at a time, reads the wall clock, and
asks whether the latest time that the clock has shown so far lies within a span of a day. (A clock that is put back
shows times again that it has shown already; they don't open what was open before.)
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date
    from zoneinfo import ZoneInfo

MINUTE, ONE_DAY = timedelta(minutes=1), timedelta(days=1)
LOOKING_BACK = timedelta(hours=30)
"""No clock in 2020-2040 is put back by more than a day."""


def open_minutes(
    zone: ZoneInfo,
    week: Mapping[int, list[tuple[int, int]]],
    special: Mapping[date, list[tuple[int, int]]],
    start: datetime,
    end: datetime,
) -> list[bool]:
    """Return of every minute from one moment (UTC, a whole minute) to another whether it is open.

    `week` holds the spans of each weekday (0 for Monday), in minutes of the wall clock since midnight.
    """
    latest = datetime.min  # noqa: DTZ901  (the wall clock, which says no zone)
    moment, found = start - LOOKING_BACK, []
    while moment < end:
        latest = max(latest, moment.astimezone(zone).replace(tzinfo=None, fold=0))
        if moment >= start:
            found.append(is_within(latest, week, special))
        moment += MINUTE
    return found


def is_within(
    shown: datetime, week: Mapping[int, list[tuple[int, int]]], special: Mapping[date, list[tuple[int, int]]]
) -> bool:
    """Return whether what a wall clock shows lies in a span of that day, or in one of the day before."""
    for back in (0, 1):
        day = (shown - back * ONE_DAY).date()
        minute = back * 24 * 60 + shown.hour * 60 + shown.minute
        spans = special.get(day, week.get(day.weekday(), []))
        if any(begins <= minute < ends for begins, ends in spans):
            return True
    return False
