"""Reminders that are due: of moments, and of an event that recurs, one occurrence of which was moved."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import TYPE_CHECKING

from crmkit import Notice
from crmkit_activities.events.event import CalendarEvent
from crmkit_activities.reminders import firing, occasions
from crmkit_activities.reminders.reminder import Reminder
from tests.killing.case import Case

if TYPE_CHECKING:
    from crmkit import Session
    from tests.killing.case import People

SINGLE, TIMES = 2, 3
HOUR, HALF = timedelta(hours=1), timedelta(minutes=30)


def make_small() -> None:
    """Remind of little at once."""
    firing.BATCH = 2
    occasions.MOST = 2


def begin(session: Session, people: People) -> None:
    """There is nothing to prepare."""


def add(session: Session, people: People, number: int) -> None:
    """Make reminders for Ann, each of its own, and one that comes three times."""
    soon, ann = (session.unit.now + HOUR).replace(microsecond=0), people["ann"]
    session.create_many(Reminder, ({"owner": ann, "at": soon, "text": f"{number} single {n}"} for n in range(SINGLE)))
    series = session.create(
        CalendarEvent,
        subject=f"{number} series",
        owner=ann,
        starts_at=soon,
        recurrence=f"FREQ=HOURLY;COUNT={TIMES}",
        busy=False,
    )
    moved = {"starts_at": soon + 5 * HOUR, "occurrence": (soon + HOUR).isoformat()[:19], "series": series}
    session.create_many(CalendarEvent, [{"subject": f"{number} moved", "busy": False, **moved}])
    session.create(Reminder, owner=ann, about=series, anchor="starts_at", before=HALF)


def left(session: Session) -> int:
    """Return how many reminders have not come yet."""
    return session.count(Reminder, "due_at is not None")


def check(session: Session, rounds: int) -> None:
    """Ann was reminded of everything once."""
    told = Counter(each.text.split(",")[0] for each in session.find(Notice, {"kind": "reminder"}))
    expected = {f"Reminder: {number} single {n}": 1 for number in range(rounds) for n in range(SINGLE)}
    expected |= {f"Reminder: {number} series": TIMES - 1 for number in range(rounds)}
    expected |= {f"Reminder: {number} moved": 1 for number in range(rounds)}
    assert told == expected


CASE = Case(
    plugins=lambda: ["activities"],
    marks=frozenset({"notice"}),
    jobs=("fire_reminders",),
    make_small=make_small,
    begin=begin,
    add=add,
    left=left,
    check=check,
)
