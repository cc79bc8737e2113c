"""Occasions: what a reminder is for, and when it reminds of it. Everything in here follows from the record alone."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING

from attrs import frozen

from crmkit.core.calendars.wall_clock import moment_of
from crmkit.core.declare.kinds.times import zone
from crmkit_activities.events.event import CANCELLED
from crmkit_activities.reminders.series import recurs, starts

if TYPE_CHECKING:
    from collections.abc import Iterator
    from zoneinfo import ZoneInfo

    from crmkit import Record, Session

CLOSED = frozenset({"won", "lost", "done", "void"})
DAY = timedelta(days=1)


@frozen
class Occasion:
    """Something to be reminded of.

    Attributes:
        key: what tells it from the other occasions of the same reminder.
        due_at: when it is time to remind, UTC.
        over_at: when it is too late to remind anew, UTC.
    """

    key: str
    due_at: datetime
    over_at: datetime


@frozen
class Clock:
    """What days are counted by.

    Attributes:
        at: the time of day at which is reminded of what is due on a day.
    """

    zone: ZoneInfo
    at: time
    now: datetime

    @classmethod
    def of(cls, session: Session) -> Clock:
        """Return the clock of a CRM: its home time zone, and the setting `reminder_time`."""
        at = time.fromisoformat(str(session.setting("reminder_time")))
        return cls(zone(session.model.conventions.time_zone), at, session.unit.now)


def next_occasion(reminder: Record, about: Record | None, clock: Clock, *, is_new: bool = False) -> Occasion | None:
    """Return what a reminder is for next, behind what it reminded of already; None if there is nothing any more.

    What is over when a reminder is made or its record moved (`is_new`) is not reminded of; what becomes over while
    nobody was there to remind is. Of the occurrences of a series that nobody was there for, one is.
    """
    if reminder.about is not None and (about is None or is_closed(about)):
        return None
    for each in occasions(reminder, about, clock):
        if each.key != reminder.fired_for and not (is_new and each.over_at <= clock.now):
            return each
    return None


def is_closed(about: Record) -> bool:
    """Return whether a record is done with, or won't take place."""
    return getattr(about, "stage_kind", None) in CLOSED or getattr(about, "status", None) == CANCELLED


def occasions(reminder: Record, about: Record | None, clock: Clock) -> Iterator[Occasion]:
    """Yield the occasions of a reminder, in their order."""
    if isinstance(reminder.at, datetime):
        yield Occasion(reminder.at.isoformat(), reminder.at, datetime.max.replace(tzinfo=UTC))
        return
    before = reminder.before if isinstance(reminder.before, timedelta) else timedelta(0)
    value = getattr(about, str(reminder.anchor), None)
    if about is not None and reminder.anchor == "starts_at" and recurs(about):
        for start in starts(about, clock.zone.key, clock.now):
            yield Occasion(start.isoformat(), start - before, start)
    elif isinstance(value, datetime):
        yield Occasion(value.isoformat(), value - before, value)
    elif isinstance(value, date):
        wall = datetime.combine(value, clock.at) - before
        over = moment_of(datetime.combine(value, time(0)) + DAY, clock.zone)
        yield Occasion(value.isoformat(), moment_of(wall, clock.zone), over)
