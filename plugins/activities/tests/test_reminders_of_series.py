"""Reminders about an event that recurs: each occurrence has its own, wherever it is moved."""

from __future__ import annotations

import random
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from crmkit.core.declare.kinds import DateTimeKind
from crmkit.errors import Refused
from crmkit_activities.events.event import CalendarEvent
from crmkit_activities.reminders.reminder import Reminder

if TYPE_CHECKING:
    from crmkit import CRM, User
    from crmkit.testing.clock import FrozenClock

pytestmark = pytest.mark.row("C9")
NINE = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
"""When the tests begin."""
ELEVEN = NINE + timedelta(hours=2)
DAY, HOUR, HALF = timedelta(days=1), timedelta(hours=1), timedelta(minutes=30)


@pytest.fixture
def daily(crm: CRM, people: dict[str, User]) -> CalendarEvent:
    """A stand-up of Ann at 11:00 on five days, of which she is reminded 30 minutes before."""
    assert people
    with crm.session(actor="ann") as session:
        made = session.create(
            CalendarEvent, subject="Stand-up", starts_at=ELEVEN, length=HALF, recurrence="FREQ=DAILY;COUNT=5"
        )
        session.create(Reminder, about=made, anchor="starts_at", before=HALF)
    crm.worker().run_once()
    return made


def change(crm: CRM, series: CalendarEvent, day: int, **values: object) -> CalendarEvent:
    """Make an event of its own of the occurrence on a day of March."""
    usual = {"starts_at": datetime(2026, 3, day, 11, tzinfo=UTC), "length": HALF, "subject": "Stand-up"}
    occurrence = {"series": series, "occurrence": f"2026-03-{day:02}T11:00"}
    with crm.session(actor="ann") as session:
        return session.create_many(CalendarEvent, [occurrence | usual | values])[0]


def told(crm: CRM) -> list[str]:
    """Return what Ann was told by reminders, the earliest first."""
    with crm.session(actor="ann", readonly=True) as session:
        return [each.text for each in reversed(session.notices()) if each.kind == "reminder"]


def until(crm: CRM, clock: FrozenClock, moment: datetime) -> list[str]:
    """Let time pass until a moment while nobody works, have done what is due, and return what is new."""
    before = len(told(crm))
    clock.advance(seconds=(moment - clock()).total_seconds())
    crm.worker().run_once()
    return told(crm)[before:]


def named(crm: CRM, moment: datetime, subject: str = "Stand-up") -> str:
    """Return what a reminder of a moment says."""
    return f"Reminder: {subject}, {DateTimeKind().format(moment, crm.model.conventions)}"


def test_it_follows_an_occurrence_that_is_moved(crm: CRM, daily: CalendarEvent, clock: FrozenClock) -> None:
    """Moved to later or earlier, an occurrence is reminded of before its own time, by its own name, and then only."""
    change(crm, daily, 3, starts_at=ELEVEN + DAY + 3 * HOUR, subject="Late one")
    change(crm, daily, 4, starts_at=ELEVEN + 2 * DAY - HOUR)
    change(crm, daily, 2, starts_at=ELEVEN + HOUR)
    with crm.session(actor="ann") as session:
        assert session.find(Reminder)[0].due_at == ELEVEN + HALF
    assert until(crm, clock, ELEVEN + HOUR) == [named(crm, ELEVEN + HOUR)]
    assert until(crm, clock, ELEVEN + DAY) == []
    assert until(crm, clock, ELEVEN + DAY + 3 * HOUR - HALF) == [named(crm, ELEVEN + DAY + 3 * HOUR, "Late one")]
    assert until(crm, clock, ELEVEN + 2 * DAY - HOUR - HALF) == [named(crm, ELEVEN + 2 * DAY - HOUR)]
    assert until(crm, clock, ELEVEN + 2 * DAY) == []
    assert until(crm, clock, ELEVEN + 3 * DAY - HALF) == [named(crm, ELEVEN + 3 * DAY)]


def test_a_cancelled_occurrence_reminds_of_nothing(crm: CRM, daily: CalendarEvent, clock: FrozenClock) -> None:
    """When it is cancelled its reminder is gone; given back to its series, it is there again."""
    change(crm, daily, 2, status="cancelled")
    off = change(crm, daily, 3, starts_at=ELEVEN + DAY + HOUR)
    with crm.session(actor="ann") as session:
        off = session.update(off, status="cancelled")
    assert until(crm, clock, NINE + DAY) == []
    with crm.session(actor="ann") as session:
        assert session.find(Reminder)[0].due_at == ELEVEN + 2 * DAY - HALF
        session.delete(off)
        assert session.find(Reminder)[0].due_at == ELEVEN + DAY - HALF
    assert until(crm, clock, ELEVEN + DAY) == [named(crm, ELEVEN + DAY)]


def test_it_is_switched_off_for_one_occurrence(
    crm: CRM, people: dict[str, User], daily: CalendarEvent, clock: FrozenClock
) -> None:
    """Its owner is not reminded of it by the series, until it is switched on again; others are, and by its own ones."""
    first, second = change(crm, daily, 2, subject="First"), change(crm, daily, 3, subject="Second")
    with crm.session(actor="admin") as session:
        session.create(Reminder, owner=people["mia"], about=daily, anchor="starts_at", before=HALF)
    with crm.session(actor="ann") as session:
        reminder = session.find(Reminder, {"owner": people["ann"]})[0]
        offs = [session.create(Reminder, about=each, off=True) for each in (first, second)]
        assert session.get(Reminder, reminder.id).due_at == ELEVEN + 2 * DAY - HALF
        session.delete(offs[1])
        assert session.get(Reminder, reminder.id).due_at == ELEVEN + DAY - HALF
        session.create(Reminder, about=first, anchor="starts_at", before=HOUR, text="Own")
    assert until(crm, clock, ELEVEN) == [named(crm, ELEVEN, "Own (First)")]
    with crm.session(actor="mia", readonly=True) as session:
        assert [each.text for each in session.notices()] == [named(crm, ELEVEN, "First")]
    assert until(crm, clock, ELEVEN + DAY) == [named(crm, ELEVEN + DAY, "Second")]
    assert until(crm, clock, ELEVEN + 2 * DAY) == [named(crm, ELEVEN + 2 * DAY)]


def test_what_is_due_already_is_switched_off_too(crm: CRM, daily: CalendarEvent, clock: FrozenClock) -> None:
    """Before a worker has reminded of it, it can still be switched off."""
    own = change(crm, daily, 2)
    clock.advance(seconds=(ELEVEN - clock()).total_seconds())
    with crm.session(actor="ann") as session:
        session.create(Reminder, about=own, off=True)
    assert until(crm, clock, ELEVEN + HOUR) == []
    assert until(crm, clock, ELEVEN + DAY) == [named(crm, ELEVEN + DAY)]


def test_only_changed_occurrences_switch_off(crm: CRM, daily: CalendarEvent) -> None:
    """What switches off is about one of them, and reminds of nothing itself."""
    own = change(crm, daily, 2)
    with crm.session(actor="ann") as session:
        with pytest.raises(Refused, match="for a changed occurrence of an event that recurs"):
            session.create(Reminder, about=daily, off=True)
        with pytest.raises(Refused, match="for a changed occurrence of an event that recurs"):
            session.create(Reminder, off=True)
        with pytest.raises(Refused, match="says no moment"):
            session.create(Reminder, about=own, off=True, anchor="starts_at")
        assert session.create(Reminder, about=own, off=True).due_at is None


def test_it_follows_when_the_series_is_rescheduled(crm: CRM, daily: CalendarEvent, clock: FrozenClock) -> None:
    """The occurrences move with their series, and one that was moved before stays where it is."""
    change(crm, daily, 4, starts_at=ELEVEN + 2 * DAY + 5 * HOUR)
    assert until(crm, clock, ELEVEN) == [named(crm, ELEVEN)]
    with crm.session(actor="ann") as session:
        session.update(session.get(CalendarEvent, daily.id), wall_start="2026-03-02T15:00")
    assert until(crm, clock, ELEVEN + 4 * HOUR) == [named(crm, ELEVEN + 4 * HOUR)]
    assert until(crm, clock, ELEVEN + DAY) == []
    assert until(crm, clock, ELEVEN + DAY + 4 * HOUR) == [named(crm, ELEVEN + DAY + 4 * HOUR)]
    assert named(crm, ELEVEN + 2 * DAY + 5 * HOUR) in until(crm, clock, ELEVEN + 3 * DAY)


def test_what_is_moved_back_reminds_but_once(crm: CRM, daily: CalendarEvent, clock: FrozenClock) -> None:
    """Moved after it was reminded of, an occurrence is reminded of at its new time; back again, it is not."""
    assert until(crm, clock, ELEVEN - HALF) == [named(crm, ELEVEN)]
    moved = change(crm, daily, 2, starts_at=ELEVEN + HOUR)
    assert until(crm, clock, ELEVEN - HALF + timedelta(minutes=1)) == []
    with crm.session(actor="ann") as session:
        session.delete(moved)
    assert until(crm, clock, ELEVEN + 2 * HOUR) == []
    change(crm, daily, 3, starts_at=ELEVEN + 2 * DAY, subject="Another one")
    assert until(crm, clock, ELEVEN + 2 * DAY) == [
        named(crm, ELEVEN + 2 * DAY),
        named(crm, ELEVEN + 2 * DAY, "Another one"),
    ]


def test_all_are_caught_up_with(crm: CRM, daily: CalendarEvent, clock: FrozenClock) -> None:
    """After a downtime each occurrence is reminded of, where it is, also when its series was changed meanwhile."""
    change(crm, daily, 4, starts_at=ELEVEN + DAY + HOUR)
    clock.advance(days=2, hours=5)
    with crm.session(actor="ann") as session:
        session.update(session.get(CalendarEvent, daily.id), except_dates="2026-03-06T11:00")
    expected = [named(crm, each) for each in (ELEVEN, ELEVEN + DAY, ELEVEN + DAY + HOUR)]
    assert until(crm, clock, NINE + 2 * DAY + 6 * HOUR) == expected
    assert until(crm, clock, NINE + 9 * DAY) == [named(crm, ELEVEN + 3 * DAY)]


def test_what_waited_and_was_moved_away_is_gone(crm: CRM, daily: CalendarEvent, clock: FrozenClock) -> None:
    """What became due during a downtime and was moved before anybody was there goes by its new time alone."""
    clock.advance(hours=1, minutes=45)
    change(crm, daily, 2, starts_at=ELEVEN + 4 * HOUR)
    assert until(crm, clock, ELEVEN + HOUR) == []
    assert until(crm, clock, ELEVEN + 4 * HOUR) == [named(crm, ELEVEN + 4 * HOUR)]


def test_several_ahead_are_reminded_of_once(crm: CRM, daily: CalendarEvent, clock: FrozenClock) -> None:
    """Two days before what is daily, occurrences are reminded of that lie behind others which were already."""
    with crm.session(actor="ann") as session:
        early = session.create(Reminder, about=daily, anchor="ends_at", before=2 * DAY, text="Prepare")
    found = [until(crm, clock, ELEVEN + each * DAY + HALF) for each in range(5)]
    early_ones = Counter(text for texts in found for text in texts if "Prepare" in text)
    assert early_ones == Counter(named(crm, ELEVEN + HALF + each * DAY, "Prepare (Stand-up)") for each in range(5))
    with crm.session(actor="ann") as session:
        assert session.get(Reminder, early.id).due_at is None


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
@pytest.mark.parametrize("seed", range(4))
def test_each_is_reminded_of_once(crm: CRM, daily: CalendarEvent, clock: FrozenClock, seed: int) -> None:
    """However occurrences are moved, cancelled and given back beforehand, and however long nobody works."""
    chosen = random.Random(seed)  # noqa: S311  (which changes, no secret)
    expected = {day: ELEVEN + (day - 2) * DAY for day in range(2, 7)}
    for day in chosen.sample(sorted(expected), 4):
        away = expected[day] + chosen.choice((-1, 1, 24, 25)) * HOUR
        moved = change(crm, daily, day, starts_at=away)
        fate = chosen.choice(("stay", "stay", "cancel", "back"))
        expected |= {day: away} if fate == "stay" else {}
        with crm.session(actor="ann") as session:
            if fate == "cancel":
                session.update(moved, status="cancelled")
                del expected[day]
            elif fate == "back":
                session.delete(moved)
    while clock() < ELEVEN + 7 * DAY:
        until(crm, clock, clock() + chosen.uniform(0.05, 2.5) * DAY)
    assert Counter(told(crm)) == Counter(named(crm, each) for each in expected.values())
