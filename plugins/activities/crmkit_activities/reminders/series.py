"""Series: the times at which an event that recurs begins, as reminders are for one after the other."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from crmkit_activities.events.event import CalendarEvent
from crmkit_activities.events.timing import recurrence_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from crmkit import Record

WINDOWS = tuple(timedelta(days=days) for days in (40, 400, 4_000))
"""How far is looked ahead, one after the other, as most series recur soon."""


def recurs(about: Record) -> bool:
    """Return whether a record is an event that takes place more than once."""
    return isinstance(about, CalendarEvent) and bool(about.recurrence or about.extra_dates)


def starts(event: Record, home: str, now: datetime) -> Iterator[datetime]:
    """Yield the moments at which an event begins that lie ahead, in order, as far as one looks."""
    recurrence = recurrence_of(event, home)
    seen = now
    for window in WINDOWS:
        for each in recurrence.between(seen, now + window):
            if each.span.start > seen:
                yield each.span.start
        seen = now + window
