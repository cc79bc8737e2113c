"""Recurrences: when an event takes place, on the clock of its zone and in the moments that are meant."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from heapq import merge
from itertools import chain
from typing import TYPE_CHECKING

from attrs import frozen

from crmkit.core.calendars.wall_clock import moment_of, wall_of
from crmkit.errors import InvalidValue
from crmkit.translation import _
from crmkit_activities.events.expansion import EARLIEST, walls
from crmkit_activities.events.rules import until_wall
from crmkit_activities.events.spans import Span

if TYPE_CHECKING:
    from collections.abc import Iterator
    from zoneinfo import ZoneInfo

    from crmkit_activities.events.rules import Rule

MARGIN = timedelta(days=2)
"""More than clocks are ever apart, or jump."""
BEGINNING = datetime(EARLIEST, 1, 1, tzinfo=UTC) + 2 * MARGIN


@frozen(kw_only=True, order=True)
class Occurrence:
    """One time at which an event takes place: `span` in moments, and what the clock of its zone shows, its name."""

    span: Span
    wall: datetime


@frozen(kw_only=True)
class Extra:
    """A time, on the clock, at which an event takes place beside its rules; None as its length means the event's."""

    wall: datetime
    length: timedelta | None = None


@frozen(kw_only=True)
class Recurrence:
    """When an event takes place (RFC 5545, 3.8.5).

    Times are those on the clock of the zone, without `tzinfo`, so that a meeting at nine stays at nine when the clocks
    change. A timed event lasts equally long each time, whatever the clocks do; an all-day one lasts whole days.

    Attributes:
        start: the first time; of an all-day event, midnight of its first day.
        length: how long it lasts each time; of an all-day event, whole days.
        exceptions: times of the rules at which it doesn't take place.
    """

    start: datetime
    length: timedelta
    zone: ZoneInfo
    all_day: bool = False
    rules: tuple[Rule, ...] = ()
    extras: tuple[Extra, ...] = ()
    exceptions: frozenset[datetime] = frozenset()

    @property
    def recurs(self) -> bool:
        """Whether it takes place more than once."""
        return bool(self.rules or self.extras)

    @property
    def longest(self) -> timedelta:
        """The longest that it lasts."""
        return max([self.length, *(each.length for each in self.extras if each.length is not None)])

    def span(self, wall: datetime, length: timedelta | None = None) -> Span:
        """Return the moments from which to which it lasts when it begins at a time on the clock."""
        lasts = self.length if length is None else length
        start = moment_of(wall, self.zone)
        end = moment_of(wall + lasts, self.zone) if self.all_day else start + lasts
        return Span(start, max(start, end))

    def between(
        self, start: datetime, end: datetime, *, most: int | None = None, first: int | None = None
    ) -> list[Occurrence]:
        """Return the occurrences that overlap the time from `start` to `end` (moments), in order.

        One that takes no time is among them if it lies within. Times on the clock that are one moment are one. With
        `first`, the others behind so many are left out.

        Raises:
            InvalidValue: if there are more than `most`.
        """
        window = Span(start, end)
        found: dict[Span, Occurrence] = {}
        for each in self._from(start):
            if each.span.start >= end + MARGIN or (first is not None and len(found) >= first):
                break
            if each.span.overlaps(window) or (each.span.start == each.span.end == start):
                found.setdefault(each.span, each)
            if most is not None and len(found) > most:
                text = _("It takes place more than {most} times in this time. Ask for a shorter one.", most=most)
                raise InvalidValue(text)
        return sorted(found.values())

    def next_after(self, moment: datetime) -> Occurrence | None:
        """Return the first occurrence that begins after a moment; None if there is none."""
        return next((each for each in self._from(moment) if each.span.start > moment), None)

    def bounds(self) -> tuple[datetime, datetime | None]:
        """Return the first moment, and one after which it doesn't take place any more; None if it goes on for ever."""
        first = self.span(self.start)
        spans = [first, *(self.span(each.wall, each.length) for each in self.extras)]
        if any(rule.is_endless for rule in self.rules):
            return min(spans).start, None
        for rule in self.rules:
            last = until_wall(rule, self.zone)
            if last is None:
                *_others, last = walls(rule, self.start, self.start)
            spans.append(self.span(max(last, self.start)))
        return min(spans).start, max(each.end for each in spans)

    def takes_place(self, wall: datetime) -> bool:
        """Return whether it takes place at a time on the clock, or would, but for an exception."""
        begin = moment_of(wall, self.zone)
        return any(each.wall == wall for each in self._from(begin, excepted=False, until=wall))

    def _from(self, start: datetime, *, excepted: bool = True, until: datetime | None = None) -> Iterator[Occurrence]:
        """Yield what ends after a moment, by its time on the clock: perhaps a little that ends before, too."""
        since = wall_of(max(start, BEGINNING), self.zone) - self.longest - MARGIN
        ruled = merge(*(self._ruled(rule, since) for rule in self.rules))
        first = [self.start] if not self.rules and self.start >= since else []
        extras = sorted(each.wall for each in self.extras if each.wall >= since)
        lengths = {each.wall: each.length for each in self.extras if each.length is not None}
        before = None
        for wall in merge(chain(first, ruled), extras):
            if wall == before or (excepted and wall in self.exceptions):
                continue
            if until is not None and wall > until:
                return
            before = wall
            yield Occurrence(span=self.span(wall, lengths.get(wall)), wall=wall)

    def _ruled(self, rule: Rule, since: datetime) -> Iterator[datetime]:
        found = walls(rule, self.start, since, until_wall(rule, self.zone))
        until = rule.until
        if isinstance(until, datetime) and until.tzinfo and until.astimezone(self.zone).fold:
            return (each for each in found if moment_of(each, self.zone) <= until)
        return found
