"""Openings: the stretches of elapsed time in which it is open, computed a year at a time and added up.

Moments are whole microseconds since 1970 in here, so that a sum is an addition of integers.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

from attrs import define, field, frozen

from crmkit.core.calendars.wall_clock import first_showing
from crmkit.errors import InvalidValue
from crmkit.translation import _

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from zoneinfo import ZoneInfo

    from crmkit.core.calendars.opening_times import Spans, Week

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND, ONE_DAY = timedelta(microseconds=1), timedelta(days=1)
FIRST_YEAR, LAST_YEAR = 1900, 2200


def to_number(moment: datetime) -> int:
    """Return the microseconds since 1970."""
    return (moment - EPOCH) // MICROSECOND


def to_moment(number: int) -> datetime:
    """Return the moment so many microseconds after 1970, UTC."""
    return EPOCH + timedelta(microseconds=number)


@frozen(kw_only=True)
class Table:
    """The openings of some years on end, none touching the next, with the open time before each."""

    first: int
    last: int
    starts: tuple[int, ...]
    ends: tuple[int, ...]
    before: tuple[int, ...]

    @property
    def total(self) -> int:
        """The open time of all of it."""
        return self.before[-1] + self.ends[-1] - self.starts[-1] if self.starts else 0

    def open_until(self, number: int) -> int:
        """Return how much open time there is up to a moment, from the table's beginning on."""
        found = bisect_right(self.starts, number) - 1
        if found < 0:
            return 0
        return self.before[found] + min(number, self.ends[found]) - self.starts[found]

    def reached(self, open_time: int) -> int:
        """Return the first moment up to which there is so much open time, which is more than none."""
        found = bisect_left(self.before, open_time) - 1
        return self.starts[found] + open_time - self.before[found]


@define(eq=False)
class Openings:
    """The openings of a week and of special days in a time zone; they grow by the years that are asked for.

    Threads may share them: a table is never changed, only followed by a longer one.
    """

    zone: ZoneInfo
    week: Week
    special: Mapping[date, Spans]
    _years: dict[int, list[tuple[int, int]]] = field(factory=dict, init=False)
    _table: Table | None = field(default=None, init=False)

    def table(self, *moments: datetime) -> Table:
        """Return the openings of all years around some moments.

        Raises:
            InvalidValue: if one of them is before 1900 or behind 2200.
        """
        first, last = min(moments).year - 1, max(moments).year + 1
        known = self._table
        if known is not None and known.first <= first and last <= known.last:
            return known
        if first < FIRST_YEAR or last > LAST_YEAR:
            raise InvalidValue(
                _("Open time is known from {first} to {last}.", first=FIRST_YEAR + 1, last=LAST_YEAR - 1)
            )
        if known is not None:
            first, last = min(first, known.first), max(last, known.last)
        made = self._table = self._joined(first, last)
        return made

    def longer(self, table: Table) -> Table:
        """Return the openings of twice as many years, with those of a table at the beginning.

        Raises:
            InvalidValue: if they would go beyond 2200.
        """
        years = table.last - table.first + 1
        if table.last >= LAST_YEAR:
            raise InvalidValue(_("There is not so much open time up to {year}.", year=LAST_YEAR))
        made = self._table = self._joined(table.first, min(table.last + years, LAST_YEAR))
        return made

    def _joined(self, first: int, last: int) -> Table:
        starts: list[int] = []
        ends: list[int] = []
        for year in range(first, last + 1):
            if year not in self._years:
                self._years[year] = list(self._of_year(year))
            for start, end in self._years[year]:
                if ends and start <= ends[-1]:
                    ends[-1] = max(ends[-1], end)
                else:
                    starts.append(start)
                    ends.append(end)
        before, passed = [], 0
        for start, end in zip(starts, ends, strict=True):
            before.append(passed)
            passed += end - start
        return Table(first=first, last=last, starts=tuple(starts), ends=tuple(ends), before=tuple(before))

    def _of_year(self, year: int) -> Iterator[tuple[int, int]]:
        """Yield the openings that begin on the days of a year, in the order of their beginnings."""
        day, weekday = date(year, 1, 1), date(year, 1, 1).weekday()
        while day.year == year:
            spans = self.special.get(day)
            for span in self.week[weekday] if spans is None else spans:
                start = to_number(first_showing(day, span.start, self.zone))
                end = to_number(first_showing(day, span.end, self.zone))
                if start < end:
                    yield start, end
            day, weekday = day + ONE_DAY, (weekday + 1) % 7
