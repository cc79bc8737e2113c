"""Reminders: they follow their records, come once for each occasion, and are not lost while nobody works."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest

from crmkit import SYSTEM, Customer, Opportunity, User
from crmkit.errors import Refused
from crmkit_activities.activity import Activity
from crmkit_activities.events.event import CalendarEvent
from crmkit_activities.reminders.reminder import Reminder

if TYPE_CHECKING:
    from crmkit import CRM
    from crmkit.testing.clock import FrozenClock
    from crmkit.testing.fixtures import CRMFactory

NINE = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
"""When the tests begin."""
HALF = timedelta(minutes=30)


def told(crm: CRM, who: str = "ann") -> list[str]:
    """Return what somebody was told, the earliest first."""
    with crm.session(actor=who, readonly=True) as session:
        return [each.text for each in reversed(session.notices())]


def tick(crm: CRM, clock: FrozenClock, **units: float) -> None:
    """Let time pass, and have done what is due."""
    clock.advance(**units)
    crm.worker().run_once()


@pytest.fixture
def meeting(crm: CRM, people: dict[str, User]) -> Activity:
    """A meeting of Ann at 11:00, of which she is reminded 30 minutes before."""
    assert people
    with crm.session(actor="ann") as session:
        made = session.create(Activity, kind="meeting", subject="Acme", planned_start=NINE + timedelta(hours=2))
        session.create(Reminder, about=made, anchor="planned_start", before=HALF)
    crm.worker().run_once()
    return made


@pytest.mark.row("C9")
def test_it_comes_once_within_a_minute(crm: CRM, meeting: Activity, clock: FrozenClock) -> None:
    """Not before it is due, and not again afterwards."""
    tick(crm, clock, minutes=89)
    assert told(crm) == []
    tick(crm, clock, minutes=1)
    assert told(crm) == ["Reminder: Acme, Mar 2, 2026, 11:00:00\u202fAM"] or told(crm)[0].startswith("Reminder: Acme, ")
    for _each in range(3):
        tick(crm, clock, minutes=1)
    assert len(told(crm)) == 1
    with crm.session(actor="ann") as session:
        [reminder] = session.find(Reminder)
        assert (reminder.due_at, reminder.fired_at) == (None, NINE + timedelta(minutes=90))
        assert session.notices()[0].about == meeting.ref


@pytest.mark.row("C9")
def test_it_follows_its_record(crm: CRM, meeting: Activity, clock: FrozenClock) -> None:
    """Moved to an earlier or later time, it reminds before that one, also if it had reminded before."""
    with crm.session(actor="ann") as session:
        meeting = session.update(meeting, planned_start=NINE + timedelta(hours=1))
        assert session.find(Reminder)[0].due_at == NINE + HALF
    tick(crm, clock, minutes=31)
    assert len(told(crm)) == 1
    with crm.session(actor="ann") as session:
        meeting = session.update(meeting, planned_start=NINE + timedelta(days=1))
    tick(crm, clock, minutes=120)
    assert len(told(crm)) == 1
    tick(crm, clock, days=1)
    assert len(told(crm)) == 2


@pytest.mark.row("C9")
def test_what_was_moved_back_reminds_but_once(crm: CRM, meeting: Activity, clock: FrozenClock) -> None:
    """The same record at the same time is the same occasion, however it came there."""
    tick(crm, clock, minutes=95)
    with crm.session(actor="ann") as session:
        meeting = session.update(meeting, planned_start=NINE + timedelta(hours=9))
        session.update(meeting, planned_start=NINE + timedelta(hours=2))
    tick(crm, clock, minutes=1)
    assert len(told(crm)) == 1


@pytest.mark.row("C9")
def test_it_is_not_lost_while_nobody_works(crm: CRM, meeting: Activity, clock: FrozenClock) -> None:
    """What became due during a downtime comes when there is a worker again, even if its time is over."""
    with crm.session(actor="ann") as session:
        session.create(Reminder, text="Call home", at=NINE + HALF)
    tick(crm, clock, days=3)
    assert len(told(crm)) == 2
    tick(crm, clock, minutes=5)
    assert len(told(crm)) == 2


def test_what_is_over_is_not_reminded_of(crm: CRM, meeting: Activity, clock: FrozenClock) -> None:
    """A record that is moved into the past, closed or deleted reminds of nothing; opened again, it does."""
    with crm.session(actor="ann") as session:
        meeting = session.update(meeting, planned_start=NINE - HALF)
        assert session.find(Reminder)[0].due_at is None
        meeting = session.update(meeting, planned_start=NINE + timedelta(hours=2))
        meeting = session.move(meeting, "cancelled")
        assert session.find(Reminder)[0].due_at is None
        meeting = session.move(meeting, "planned")
        session.delete(meeting)
        assert session.find(Reminder)[0].due_at is None
    with crm.session(actor="ann") as session:
        session.restore(Activity, meeting.id)
        assert session.find(Reminder)[0].due_at == NINE + 3 * HALF
    crm.worker().run_once()
    tick(crm, clock, hours=2)
    assert len(told(crm)) == 1


@pytest.mark.row("C9")
def test_days_before_a_day_are_counted_on_the_wall(make_crm: CRMFactory) -> None:
    """Two days before a day is that time of day at which days begin to remind, whatever clocks do between."""
    crm = make_crm(["activities"], time_zone="Europe/Berlin", settings={"reminder_time": "02:30"})
    before = timedelta(days=2)
    expected = {
        "2026-03-31": datetime(2026, 3, 29, 1, 0, tzinfo=UTC),  # 02:30 is skipped: 03:00
        "2026-04-01": datetime(2026, 3, 30, 0, 30, tzinfo=UTC),
        "2026-10-27": datetime(2026, 10, 25, 0, 30, tzinfo=UTC),  # 02:30 comes twice: the first
    }
    with crm.session(actor="admin") as session:
        for day, moment in expected.items():
            task = session.create(Activity, kind="task", subject=day, due=day)
            made = session.create(Reminder, about=task, anchor="due", before=before)
            assert made.due_at == moment


def test_any_record_with_a_time_can_remind(crm: CRM, people: dict[str, User], clock: FrozenClock) -> None:
    """A deal that is expected to close reminds a day before; who may not read it is not told of it."""
    assert people
    with crm.session(actor="admin") as session:
        session.update(people["bob"], roles=["activities_user"])
        deal = session.create(Opportunity, name="200 seats", expected_close=date(2026, 3, 6))
        for user in (people["ann"], people["bob"]):
            session.create(Reminder, owner=user, about=deal, anchor="expected_close", before="P1D", text="Hurry")
    crm.worker().run_once()
    tick(crm, clock, days=3)
    assert [each.split(", ")[0] for each in told(crm)] == ["Reminder: Hurry (200 seats)"]
    assert told(crm, "bob") == []


def test_a_task_that_recurs_reminds_each_time(crm: CRM, people: dict[str, User], clock: FrozenClock) -> None:
    """The task that follows another one has its reminders."""
    assert people
    with crm.session(actor="ann") as session:
        first = session.create(Activity, kind="task", subject="Report", due="2026-03-03")
        session.create(Reminder, about=first, anchor="due")
        second = session.create(Activity, kind="task", subject="Report", due="2026-03-10", repeat_of=first)
        assert [each.due_at for each in session.find(Reminder, {"about": second})] == [
            datetime(2026, 3, 10, 8, tzinfo=UTC)
        ]
    crm.worker().run_once()
    for _each in range(9):
        tick(crm, clock, days=1)
    assert len(told(crm)) == 2


def test_what_can_be_no_reminder_is_refused(crm: CRM) -> None:
    """Everything that is wrong is said at once, with the nearest name."""
    with crm.session(actor="admin") as session:
        acme = session.create(Customer, name="Acme")
        for values, problem in (
            ({}, "Say either a moment"),
            ({"at": NINE + HALF, "anchor": "due", "about": acme}, "Say either a moment"),
            ({"anchor": "due"}, "Say which record's field"),
            ({"anchor": "birthdy", "about": acme}, "has no day or moment 'birthdy'"),
            ({"at": NINE - HALF}, "has passed"),
            ({"at": NINE + HALF, "before": HALF}, "It reminds at its own moment"),
            ({"anchor": "last_contacted_at", "about": acme, "before": "-PT1H"}, "It is from nothing"),
        ):
            with pytest.raises(Refused, match=problem):
                session.create_many(Reminder, [values])


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_many_are_caught_up_with_in_batches(crm: CRM, people: dict[str, User], clock: FrozenClock) -> None:
    """After a long downtime, one run after the other has its batch, until nothing is left."""
    with crm.session(actor=SYSTEM) as session:
        session.create_many(
            Reminder, ({"owner": people["ann"], "text": f"R{n}", "at": NINE + HALF} for n in range(1_100))
        )
    crm.worker().run_once()
    tick(crm, clock, hours=1)
    with crm.session(actor="ann") as session:
        assert session.count(Reminder, "due_at is not None") == 0
    with crm.session(actor="ann", readonly=True) as session:
        assert len(session.notices()) == 1_100


def test_zones_are_real() -> None:
    """The moments above are those of the zone's own clock."""
    berlin = ZoneInfo("Europe/Berlin")
    assert datetime(2026, 3, 29, 1, 0, tzinfo=UTC).astimezone(berlin).hour == 3


@pytest.mark.row("C9")
def test_an_event_that_recurs_reminds_of_each_occurrence(crm: CRM, people: dict[str, User], clock: FrozenClock) -> None:
    """A daily event reminds each day, not on days that are excepted, and not at all when it is cancelled."""
    assert people
    with crm.session(actor="ann") as session:
        event = session.create(
            CalendarEvent,
            subject="Stand-up",
            starts_at=NINE + timedelta(hours=2),
            recurrence="FREQ=DAILY;COUNT=5",
            except_dates="2026-03-04T11:00",
        )
        session.create(Reminder, about=event, anchor="starts_at", before=HALF)
    crm.worker().run_once()
    counts = []
    clock.advance(minutes=90)
    for _each in range(6):
        crm.worker().run_once()
        counts.append(len(told(crm)))
        clock.advance(days=1)
    assert counts == [1, 2, 2, 3, 4, 4]
    with crm.session(actor="ann") as session:
        [reminder] = session.find(Reminder)
        assert reminder.due_at is None
        event = session.update(event, recurrence="FREQ=DAILY")
        assert session.get(Reminder, reminder.id).due_at is not None
        session.update(event, status="cancelled")
        assert session.get(Reminder, reminder.id).due_at is None
