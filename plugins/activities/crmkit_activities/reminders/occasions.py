"""Occasions: what a reminder is for, and when it reminds of it. Everything in here follows from the record alone."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING

from attrs import frozen

from crmkit.core.calendars.wall_clock import moment_of
from crmkit.core.declare.kinds.times import zone
from crmkit_activities.events.event import CANCELLED
from crmkit_activities.reminders.series import ANCHORS, recurs, times

if TYPE_CHECKING:
    from collections.abc import Iterator
    from zoneinfo import ZoneInfo

    from crmkit import Record, Session
    from crmkit_activities.reminders.subjects import Subjects

CLOSED = frozenset({"won", "lost", "done", "void"})
DAY = timedelta(days=1)
MOST = 500
"""Of so many occurrences that became due meanwhile is reminded at once."""


@frozen
class Occasion:
    """Something to be reminded of.

    Attributes:
        key: what tells it from the other occasions of the same reminder.
        due_at: when it is time to remind, UTC.
        over_at: when it is too late to remind anew, UTC.
        when: the day or moment that it goes by.
        record: the record that takes place then: what the reminder is about, or its changed occurrence.
    """

    key: str
    due_at: datetime
    over_at: datetime
    when: date
    record: Record | None


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


def due_occasions(reminder: Record, subjects: Subjects, clock: Clock) -> tuple[list[Occasion], Occasion | None]:
    """Return what a reminder that is due reminds of by now, in order, and what it is for afterwards.

    What became due while nobody was there is among it, also if it is over meanwhile. Of more than `MOST` of a series,
    the others come after.
    """
    due: list[Occasion] = []
    for each in occasions(reminder, subjects, clock, since_due(reminder)):
        if each.key == reminder.fired_for:
            continue
        if each.due_at > clock.now or len(due) == MOST:
            return due, each
        due.append(each)
    return due, None


def next_occasion(reminder: Record, subjects: Subjects, clock: Clock) -> Occasion | None:
    """Return what a reminder is for next when it was made or its record was changed; None if there is nothing any more.

    What is over is not reminded of, unless it was waited for already: what is due, and wasn't moved away, still comes.
    """
    waits = is_due(reminder, clock)
    if waits:
        first = next(occasions(reminder, subjects, clock, since_due(reminder)), None)
        if first is not None and first.key == reminder.occasion:
            return first
    ahead = (each for each in occasions(reminder, subjects, clock, clock.now) if each.over_at > clock.now)
    return next((each for each in ahead if each.key != reminder.fired_for), None)


def is_due(reminder: Record, clock: Clock) -> bool:
    """Return whether a reminder waits to come."""
    return isinstance(reminder.due_at, datetime) and reminder.due_at <= clock.now


def since_due(reminder: Record) -> datetime:
    """Return the moment of the record since which a reminder that is due reminds."""
    assert isinstance(reminder.due_at, datetime)
    return reminder.due_at + lead_of(reminder)


def lead_of(reminder: Record) -> timedelta:
    """Return how long before its moment a reminder comes."""
    return reminder.before if isinstance(reminder.before, timedelta) else timedelta(0)


def is_closed(about: Record) -> bool:
    """Return whether a record is done with, or won't take place."""
    return getattr(about, "stage_kind", None) in CLOSED or getattr(about, "status", None) == CANCELLED


def occasions(reminder: Record, subjects: Subjects, clock: Clock, since: datetime) -> Iterator[Occasion]:
    """Yield the occasions of a reminder, in the order in which they are due; of a series, those since a moment."""
    about = subjects.about(reminder)
    if isinstance(reminder.at, datetime):
        if reminder.about is None or (about is not None and not is_closed(about)):
            yield Occasion(reminder.at.isoformat(), reminder.at, datetime.max.replace(tzinfo=UTC), reminder.at, about)
        return
    if about is None or reminder.off or is_closed(about):
        return
    anchor, before = str(reminder.anchor), lead_of(reminder)
    value = getattr(about, anchor, None)
    if anchor in ANCHORS and recurs(about):
        for moment, name, event in times(about, subjects.changed(about), anchor, clock.zone.key, since):
            if not subjects.is_off(reminder, event):
                yield Occasion(f"{moment.isoformat()} {name}".strip(), moment - before, moment, moment, event)
    elif isinstance(value, datetime):
        yield Occasion(value.isoformat(), value - before, value, value, about)
    elif isinstance(value, date):
        wall = datetime.combine(value, clock.at) - before
        over = moment_of(datetime.combine(value, time(0)) + DAY, clock.zone)
        yield Occasion(value.isoformat(), moment_of(wall, clock.zone), over, value, about)
