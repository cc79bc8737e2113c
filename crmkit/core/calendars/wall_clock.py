"""The wall clock of a time zone: the moment at which it shows a time of a day.

Clocks are put forward and back. A time that is skipped comes at the moment of the change, when the clock shows a later
one; of a time that comes twice, the first is meant. So a later time never comes before an earlier one, and openings
that touch on the wall clock touch in elapsed time, too.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import date
    from zoneinfo import ZoneInfo

SECOND = timedelta(seconds=1)


def first_showing(day: date, minute: int, zone: ZoneInfo) -> datetime:
    """Return the first moment (UTC) at which the clock shows a time of a day, or a later one.

    `minute` counts from the day's midnight, and may reach into the day behind it.
    """
    days, rest = divmod(minute, 24 * 60)
    wall = datetime(day.year, day.month, day.day, rest // 60, rest % 60) + timedelta(days=days)  # noqa: DTZ001
    return moment_of(wall, zone)


def moment_of(wall: datetime, zone: ZoneInfo) -> datetime:
    """Return the first moment (UTC) at which the clock shows a time, given without `tzinfo`, or a later one.

    Raises:
        OverflowError: if it is not within the years 1 to 9999.
    """
    before, after = zone.utcoffset(wall), zone.utcoffset(wall.replace(fold=1))
    assert before is not None
    assert after is not None
    if after > before:
        return change_between((wall - after).replace(tzinfo=UTC), (wall - before).replace(tzinfo=UTC), zone)
    return (wall - before).replace(tzinfo=UTC)


def wall_of(moment: datetime, zone: ZoneInfo) -> datetime:
    """Return what the clock shows at a moment, without `tzinfo`."""
    return moment.astimezone(zone).replace(tzinfo=None, fold=0)


def change_between(before: datetime, after: datetime, zone: ZoneInfo) -> datetime:
    """Return the moment at which the clock is put forward, which lies behind one moment and not behind another."""
    offset = before.astimezone(zone).utcoffset()
    while after - before > SECOND:
        middle = before + (after - before) // 2 // SECOND * SECOND
        if middle.astimezone(zone).utcoffset() == offset:
            before = middle
        else:
            after = middle
    return after
