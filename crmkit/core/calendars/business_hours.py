"""Business hours: a value that says when it is open, and counts the time in which it is."""

from __future__ import annotations

from bisect import bisect_right
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

from attrs import field, frozen

from crmkit.core.calendars.opening_times import Spans, Week, read_day, read_week
from crmkit.core.calendars.openings import MICROSECOND, Openings, to_moment, to_number
from crmkit.core.declare.kinds.times import zone
from crmkit.errors import InvalidValue
from crmkit.translation import _

if TYPE_CHECKING:
    from collections.abc import Mapping


@frozen(kw_only=True, hash=False)
class BusinessHours:
    """When it is open. Openings are said by the wall clock of a time zone; what passes in them is elapsed time.

    An opening begins at the first moment at which the clock shows its beginning or a later time, and ends at the first
    at which it shows its end or a later one: an hour that is skipped doesn't count, and one that comes twice counts
    twice if it lies within an opening. Around the clock is plain elapsed time. Moments are aware datetimes from 1901
    to 2199, and come back in UTC. Everything is exact to the microsecond.

    Attributes:
        time_zone: an IANA name.
        week: the openings that begin on each day of a week, Monday first.
        special: the openings that begin on particular days, in place of their weekday's; none on holidays.
    """

    time_zone: str
    week: Week
    special: Mapping[date, Spans] = field(factory=dict)
    _openings: Openings = field(init=False, eq=False, repr=False)

    def __attrs_post_init__(self) -> None:
        if not any(self.week):
            raise InvalidValue(_("A calendar must be open at some time of the week."))
        object.__setattr__(self, "_openings", Openings(zone(self.time_zone), self.week, dict(self.special)))

    @classmethod
    def read(cls, time_zone: str, hours: str, special: Mapping[date, str] | None = None) -> BusinessHours:
        """Return the hours that texts say: `Mo-Fr 09:00-17:00; Sa 10:00-14:00`, `24/7`; a special day's `off`.

        Raises:
            InvalidValue: if one of them has another form, or it is never open.
        """
        days = {day: read_day(text) for day, text in (special or {}).items()}
        return cls(time_zone=time_zone, week=read_week(hours), special=days)

    def is_open(self, at: datetime) -> bool:
        """Return whether it is open at a moment; at the one at which it closes, it isn't."""
        moment = in_utc(at)
        table, number = self._openings.table(moment), to_number(moment)
        found = bisect_right(table.starts, number) - 1
        return found >= 0 and number < table.ends[found]

    def add(self, start: datetime, duration: timedelta) -> datetime:
        """Return the first moment, UTC, at which so much open time has passed since another one.

        That is the closing time, not the next opening, if the time is up when it closes. No time at all leads to
        `start` itself.

        Raises:
            InvalidValue: if the duration is negative, or there isn't so much open time before 2200.
        """
        moment = in_utc(start)
        if duration <= timedelta(0):
            if duration:
                raise InvalidValue(_("A negative time can't pass."))
            return moment
        table = self._openings.table(moment)
        wanted = table.open_until(to_number(moment)) + duration // MICROSECOND
        while wanted > table.total:
            table = self._openings.longer(table)
        return to_moment(table.reached(wanted))

    def between(self, start: datetime, end: datetime) -> timedelta:
        """Return how much open time passes from one moment to another; it is negative if they are the other way."""
        first, last = in_utc(start), in_utc(end)
        table = self._openings.table(first, last)
        return (table.open_until(to_number(last)) - table.open_until(to_number(first))) * MICROSECOND

    def openings(self, start: datetime, end: datetime) -> list[tuple[datetime, datetime]]:
        """Return the openings between two moments, cut off there, as pairs of moments in UTC; touching ones are one."""
        first, last = in_utc(start), in_utc(end)
        table, low, high = self._openings.table(first, last), to_number(first), to_number(last)
        found = []
        for position in range(max(bisect_right(table.starts, low) - 1, 0), bisect_right(table.starts, high)):
            begins, ends = max(table.starts[position], low), min(table.ends[position], high)
            if begins < ends:
                found.append((to_moment(begins), to_moment(ends)))
        return found


def in_utc(moment: datetime) -> datetime:
    """Return a moment in UTC.

    Raises:
        InvalidValue: if it says no time zone.
    """
    if moment.tzinfo is None:
        raise InvalidValue(_("{moment} says no time zone.", moment=moment.isoformat()))
    return moment.astimezone(UTC)
