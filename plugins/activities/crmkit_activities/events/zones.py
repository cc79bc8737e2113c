"""Wall-clock times in time zones: the moment that is meant when a clock skips a time, or shows it twice."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

SECOND = timedelta(seconds=1)


def moment_of(wall: datetime, zone: ZoneInfo) -> datetime:
    """Return the moment, in UTC, at which the clocks of a zone show a time (to the second, without `tzinfo`).

    A time that they show twice is the first of the two. For one that they skip it is the moment at which they go on:
    where they go from 02:00 to 03:00, 02:30 is 03:00.

    Raises:
        OverflowError: if it is not within the years 1 to 9999.
    """
    found = wall.replace(tzinfo=zone, fold=0).astimezone(UTC)
    return found if wall_of(found, zone) == wall else end_of_gap(wall, zone)


def wall_of(moment: datetime, zone: ZoneInfo) -> datetime:
    """Return what the clocks of a zone show at a moment, without `tzinfo`."""
    return moment.astimezone(zone).replace(tzinfo=None, fold=0)


def end_of_gap(wall: datetime, zone: ZoneInfo) -> datetime:
    """Return the first moment at which the clocks of a zone are past a time that they skip."""
    skipped = wall.replace(tzinfo=zone)
    late, early = (skipped.replace(fold=fold).astimezone(UTC) for fold in (0, 1))  # by the offset before, and after
    while late - early > SECOND:
        middle = early + (late - early) // SECOND // 2 * SECOND
        if wall_of(middle, zone) < wall:
            early = middle
        else:
            late = middle
    return late
