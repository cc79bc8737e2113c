"""Diaries: what people are busy with, and what of it is in the way of an event that wants their time."""

from __future__ import annotations

from bisect import bisect_left
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from attrs import define, field, frozen

from crmkit.core.declare.values import ref_class
from crmkit_activities.events.entries import entries
from crmkit_activities.events.spans import Span

if TYPE_CHECKING:
    from collections.abc import Iterable

    from crmkit import Ref, Session
    from crmkit_activities.events.bookings import Booking
    from crmkit_activities.events.entries import Entry
    from crmkit_activities.events.recurrence import Recurrence

MOST_TOLD, MOST_COMPARED = 20, 10_000


@frozen(kw_only=True)
class Conflict:
    """A time at which somebody is busy with something else.

    Attributes:
        who: the user, contact or customer.
        start, end: when the other thing is, UTC.
        at: when the occurrence begins that is in its way, UTC.
        other: the other event or activity; None if the actor may not read it.
    """

    who: Ref[object]
    start: datetime
    end: datetime
    at: datetime
    other: Ref[object] | None


@define
class Diary:
    """What somebody is busy with, in the order of time."""

    spans: list[tuple[Span, tuple[str, int], Ref[object] | None]] = field(factory=list)
    longest: timedelta = timedelta(0)

    def add(self, span: Span, family: tuple[str, int], record: Ref[object] | None) -> None:
        """Write something down."""
        self.spans.append((span, family, record))
        self.longest = max(self.longest, span.end - span.start)

    def during(self, span: Span) -> Iterable[tuple[Span, tuple[str, int], Ref[object] | None]]:
        """Yield what overlaps a span."""
        begin = bisect_left(self.spans, span.start - self.longest, key=lambda each: each[0].start)
        for each in self.spans[begin:]:
            if each[0].start >= span.end:
                return
            if each[0].overlaps(span):
                yield each


def clash(session: Session, bookings: list[Booking]) -> None:
    """Tell of all that is in the way of bookings, each by its own way of telling; they are in each other's, too."""
    now, horizon = session.unit.now, timedelta(days=int(str(session.setting("calendar_horizon"))))
    asked = [(each, window) for each in bookings for window in [window_of(each.recurrence, now, horizon)] if window]
    if not asked:
        return
    whole = Span(min(window.start for _each, window in asked), max(window.end for _each, window in asked))
    people = list(dict.fromkeys(who for each, _window in asked for who in each.people))
    diaries = diaries_of(entries(session, people, whole, only_busy=True, most=None))
    seen = readable(session, diaries.values())
    for booking, window in asked:
        found: list[Conflict] = []
        mine = booking.recurrence.between(window.start, window.end, first=MOST_COMPARED)
        for who in booking.people:
            diary = diaries.setdefault(who, Diary())
            for each in mine:
                for span, family, record in diary.during(each.span):
                    if family not in {booking.family, booking.about}:
                        other = record if record in seen else None
                        at, end = each.span.start, span.end
                        found.append(Conflict(who=who, start=span.start, end=end, at=at, other=other))
            for each in mine:
                diary.add(each.span, booking.family, None)
            diary.spans.sort(key=lambda each: each[0])
        if found:
            found.sort(key=lambda each: (each.at, str(each.who), each.start))
            booking.tell(found[:MOST_TOLD], max(len(found) - MOST_TOLD, 0))


def window_of(recurrence: Recurrence, now: datetime, horizon: timedelta) -> Span | None:
    """Return the time in which an event is compared with others; None if it is over."""
    first, last = recurrence.bounds()
    start = max(first, now)
    if last is not None and last <= start:
        return None
    end = start + horizon if recurrence.recurs else last
    assert end is not None
    return Span(start, end if last is None else max(min(end, last), start + timedelta(seconds=1)))


def diaries_of(found: Iterable[Entry]) -> dict[Ref[object], Diary]:
    """Return what people are busy with."""
    diaries: dict[Ref[object], Diary] = {}
    for each in found:
        for who in each.takes_time_of:
            diaries.setdefault(who, Diary()).add(each.span, each.family, each.record.ref)
    return diaries


def readable(session: Session, diaries: Iterable[Diary]) -> set[Ref[object]]:
    """Return those of the records in diaries that who acts may read."""
    records = {record for diary in diaries for _span, _family, record in diary.spans if record is not None}
    found: set[Ref[object]] = set()
    for entity in {each.entity for each in records}:
        numbers = [int(each) for each in records if each.entity == entity]
        found |= {ref_class(entity)(each) for each in session.acting.readable_ids(entity, numbers)}
    return found
