"""Schedules: the moments at which a job is due."""

from __future__ import annotations

import calendar
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING

from attrs import field, frozen

from crmkit.core.declare.kinds.times import zone
from crmkit.errors import DeclarationError
from crmkit.translation import _

if TYPE_CHECKING:
    from collections.abc import Iterator

EPOCH = datetime(2000, 1, 1, tzinfo=UTC)


class Schedule:
    """The moments at which a job is due."""

    __slots__ = ()

    def next_after(self, moment: datetime, time_zone: str) -> datetime:
        """Return the first moment behind another one, UTC. `time_zone` is the home zone (IANA name)."""
        raise NotImplementedError

    def latest(self, since: datetime, until: datetime, time_zone: str) -> datetime | None:
        """Return the last moment behind one and up to another, None if there is none."""
        found = None
        due = self.next_after(since, time_zone)
        while due <= until:
            found, due = due, self.next_after(due, time_zone)
        return found


@frozen
class Every(Schedule):
    """Again and again, so long after the time before: `Every(timedelta(minutes=5))`."""

    interval: timedelta

    def __attrs_post_init__(self) -> None:
        if self.interval < timedelta(seconds=1):
            raise DeclarationError(subject="Every", problem=_("the interval must be a second or more."))

    def next_after(self, moment: datetime, time_zone: str) -> datetime:
        """Return the next multiple of the interval, counted from 1 January 2000 UTC."""
        del time_zone
        return EPOCH + ((moment - EPOCH) // self.interval + 1) * self.interval

    def latest(self, since: datetime, until: datetime, time_zone: str) -> datetime | None:
        """Return the last moment behind one and up to another, None if there is none."""
        found = self.next_after(until - self.interval, time_zone)
        return found if found > since else None


@frozen
class Daily(Schedule):
    """Every day at a time of day, in the home time zone.

    A time that a day hasn't, as clocks are put forward, is taken as so much later; of one that it has twice, the first.
    """

    at: time = field(default=time(0))

    def next_after(self, moment: datetime, time_zone: str) -> datetime:
        """Return the next such time."""
        return first_after(moment, self.at, time_zone, days_from(local_day(moment, time_zone)))


@frozen
class Weekly(Schedule):
    """Every week on a day, 1 for Monday to 7 for Sunday (ISO 8601), at a time of day in the home time zone."""

    day: int = 1
    at: time = field(default=time(0))

    def __attrs_post_init__(self) -> None:
        if not 1 <= self.day <= 7:  # noqa: PLR2004  (the days of a week)
            raise DeclarationError(subject="Weekly", problem=_("the day must be from 1 to 7."))

    def next_after(self, moment: datetime, time_zone: str) -> datetime:
        """Return the next such time."""
        days = (each for each in days_from(local_day(moment, time_zone)) if each.isoweekday() == self.day)
        return first_after(moment, self.at, time_zone, days)


@frozen
class Monthly(Schedule):
    """Every month on a day, 1 to 31, at a time of day in the home time zone; on the last day of a shorter month."""

    day: int = 1
    at: time = field(default=time(0))

    def __attrs_post_init__(self) -> None:
        if not 1 <= self.day <= 31:  # noqa: PLR2004  (the days of a month)
            raise DeclarationError(subject="Monthly", problem=_("the day must be from 1 to 31."))

    def next_after(self, moment: datetime, time_zone: str) -> datetime:
        """Return the next such time."""
        start = local_day(moment, time_zone).replace(day=1)
        return first_after(moment, self.at, time_zone, self._days_from(start))

    def _days_from(self, first: date) -> Iterator[date]:
        while True:
            length = calendar.monthrange(first.year, first.month)[1]
            yield first.replace(day=min(self.day, length))
            first += timedelta(days=length)


def local_day(moment: datetime, time_zone: str) -> date:
    """Return the day of a moment in a time zone."""
    return moment.astimezone(zone(time_zone)).date()


def days_from(first: date) -> Iterator[date]:
    """Yield one day after the other."""
    while True:
        yield first
        first += timedelta(days=1)


def first_after(moment: datetime, at: time, time_zone: str, days: Iterator[date]) -> datetime:
    """Return the first moment behind another one at which it is this time of one of these days."""
    place = zone(time_zone)
    for day in days:
        found = datetime.combine(day, at.replace(tzinfo=None, fold=0), place).astimezone(UTC)
        if found > moment:
            return found
    raise AssertionError(days)
