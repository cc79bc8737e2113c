"""Series: when an event that recurs begins or ends, each time, with those occurrences that were changed."""

from __future__ import annotations

from datetime import datetime, timedelta
from heapq import merge
from operator import itemgetter
from typing import TYPE_CHECKING

from crmkit_activities.events.event import CANCELLED, CalendarEvent
from crmkit_activities.events.timing import read_wall, recurrence_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from crmkit import Record
    from crmkit_activities.events.recurrence import Recurrence

    Time = tuple[datetime, str, Record]
    """A moment, the name of the changed occurrence (empty if it is as the series has it), and the event."""

WINDOWS = tuple(timedelta(days=days) for days in (40, 400, 4_000))
"""How far is looked ahead, one after the other, as most series recur soon."""
ANCHORS = frozenset({"starts_at", "ends_at"})
MARGIN = timedelta(seconds=1)


def recurs(about: Record) -> bool:
    """Return whether a record is an event that takes place more than once."""
    return isinstance(about, CalendarEvent) and bool(about.recurrence or about.extra_dates)


def times(event: Record, changed: Sequence[Record], anchor: str, home: str, since: datetime) -> Iterator[Time]:
    """Yield when the occurrences of a series begin or end, as the anchor says, from a moment on and in order.

    A changed occurrence has its own times instead of the one that it stands for, and none when it is cancelled. One
    that begins and ends as its series has it is named like all others.
    """
    series = recurrence_of(event, home, [read_wall(str(each.occurrence)) for each in changed])
    own = [
        (moment, name_of(each, series), each)
        for each in changed
        if isinstance(moment := getattr(each, anchor), datetime) and each.status != CANCELLED and moment >= since
    ]
    ruled = ((moment, "", event) for moment in moments(series, anchor, since))
    yield from merge(ruled, sorted(own, key=itemgetter(0, 1)), key=itemgetter(0, 1))


def moments(recurrence: Recurrence, anchor: str, since: datetime) -> Iterator[datetime]:
    """Yield when a series begins or ends by its rules, as far as one looks."""
    for window in WINDOWS:
        until = since + window
        found = recurrence.between(since - MARGIN, until + MARGIN)
        listed = sorted(each.span.start if anchor == "starts_at" else each.span.end for each in found)
        yield from (moment for moment in listed if since <= moment < until)
        since = until


def name_of(changed: Record, series: Recurrence) -> str:
    """Return what tells a changed occurrence from others at the same time; empty if its time is that of its series."""
    span = series.span(read_wall(str(changed.occurrence)))
    return "" if (changed.starts_at, changed.ends_at) == (span.start, span.end) else str(changed.occurrence)
