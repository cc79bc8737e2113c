from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa

from crmkit import Team, User
from crmkit.core.declare.values import ref_class
from crmkit.errors import NotFoundError, Refused
from crmkit_activities.activity import Activity, ActivityParticipant
from crmkit_activities.events.attendance import answer, invite
from crmkit_activities.events.event import CalendarEvent, EventAttendee
from crmkit_activities.events.free_busy import free_busy
from crmkit_activities.events.view import calendar

if TYPE_CHECKING:
    from collections.abc import Mapping

    from crmkit import CRM, Session
    from crmkit.testing.fixtures import CRMFactory

pytestmark = pytest.mark.row("C1")
MONDAY = datetime(2026, 3, 2, 9, tzinfo=UTC)
WEEK = timedelta(weeks=1)


def titles(session: Session, **asked: Any) -> list[tuple[str, str]]:
    """Return what is on the calendar in the four weeks from the first Monday: when, and what."""
    found = calendar(session, MONDAY - timedelta(hours=9), MONDAY + 4 * WEEK, **asked)
    return [(f"{each.start:%m-%d %H:%M}", each.title) for each in found]


def test_a_series_is_shown_with_its_changes(crm: CRM, people: Mapping[str, User]) -> None:
    """Each occurrence in the window is there; one that was moved is where it is now, one that was called off isn't."""
    with crm.session(actor="ann") as session:
        series = session.create(
            CalendarEvent,
            subject="Sales",
            starts_at="2026-03-02T09:00+01:00",
            length="1:00",
            time_zone="Europe/Berlin",
            recurrence="freq=weekly",
            except_dates="2026-03-16T09:00",
        )
        moved = session.create(
            CalendarEvent,
            subject="Sales, late",
            series=series,
            occurrence="2026-03-09T09:00",
            starts_at="2026-03-10T12:00Z",
        )
        assert titles(session) == [
            ("03-02 08:00", "Sales"),
            ("03-10 12:00", "Sales, late"),
            ("03-23 08:00", "Sales"),
            ("03-30 07:00", "Sales"),
        ]
        assert (series.recurrence, series.last_at, moved.uid) == ("FREQ=WEEKLY", None, None)
        session.delete(moved)
        assert ("03-09 08:00", "Sales") in titles(session)


def test_those_who_are_invited_have_it_on_their_calendars(crm: CRM, people: Mapping[str, User]) -> None:
    """A calendar has what its user owns and is invited to; a moved occurrence is on the calendars of its series."""
    with crm.session(actor="ann") as session:
        event = session.create(CalendarEvent, subject="Demo", starts_at=MONDAY, recurrence="FREQ=WEEKLY;COUNT=2")
        invite(session, event, [people["bob"]])
        session.create(
            CalendarEvent,
            subject="Demo, later",
            series=event,
            occurrence="2026-03-09T09:00",
            starts_at=MONDAY + 3 * WEEK,
        )
    with crm.session(actor="bob") as session:
        assert titles(session) == [("03-02 09:00", "Demo"), ("03-23 09:00", "Demo, later")]
        (entry, _later) = calendar(session, MONDAY, MONDAY + 4 * WEEK)
        assert entry.people == {people["bob"].ref: "invited"}
        answer(session, event, "accepted")
    with crm.session(actor="ann") as session:
        (attendee,) = session.related(event, EventAttendee)
        assert (attendee.attendance, attendee.answered_at) == ("accepted", MONDAY)
        assert [each[1] for each in titles(session, users=[people["bob"], people["cem"]])] == ["Demo", "Demo, later"]
    with crm.session(actor="cem") as session:
        assert titles(session) == []
        with pytest.raises(NotFoundError):
            answer(session, event, "accepted")


def test_a_team_has_the_calendars_of_its_members(crm: CRM, people: Mapping[str, User]) -> None:
    """A team stands for its members and for those of the teams below it."""
    with crm.session(actor="admin") as session:
        for name in ("ann", "cem"):
            session.create(CalendarEvent, subject=name, owner=people[name], starts_at=MONDAY)
        south = session.get(Team, int(people["cem"].team or 0))
        north = session.get(Team, int(people["ann"].team or 0))
        assert [each[1] for each in titles(session, teams=[north])] == ["ann"]
        session.update(south, parent=north)
        assert [each[1] for each in titles(session, teams=[north])] == ["ann", "cem"]


def test_planned_activities_are_on_it(crm: CRM, people: Mapping[str, User]) -> None:
    """An open activity with a beginning and an end is on its owner's calendar, unless it is about an event there."""
    with crm.session(actor="ann") as session:
        event = session.create(CalendarEvent, subject="Demo", starts_at=MONDAY)
        plan: dict[str, Any] = {"kind": "meeting", "planned_start": MONDAY, "planned_end": MONDAY + timedelta(hours=1)}
        visit = session.create(Activity, subject="Visit", **plan)
        session.create(Activity, subject="Minutes", about=event, **plan)
        assert titles(session) == [("03-02 09:00", "Visit"), ("03-02 09:00", "Demo")]
        session.move(visit, "cancelled")
        assert titles(session) == [("03-02 09:00", "Demo")]


@pytest.mark.row("C12")
def test_an_appointment_without_an_end_is_on_it(crm: CRM, people: Mapping[str, User]) -> None:
    """A visit that a manager plans for half past nine is an hour on the calendar of who makes it, who is busy then."""
    half_past = MONDAY + timedelta(minutes=30)
    with crm.session(actor="mia") as session:
        session.create(Activity, kind="visit", subject="Acme", owner=people["ann"], planned_start=half_past)
    with crm.session(actor="ann") as session:
        assert titles(session) == [("03-02 09:30", "Acme")]
        [block] = free_busy(session, MONDAY, MONDAY + WEEK)[people["ann"].ref]
        assert (block.start, block.end) == (half_past, half_past + timedelta(hours=1))


def test_who_takes_part_in_an_activity_has_it_on_the_calendar(make_crm: CRMFactory) -> None:
    """A participant reads it, is busy then, and is told of it, of another time, and that it is cancelled."""
    crm = make_crm(["activities"])
    with crm.session(actor="admin") as session:
        bob, _ann = session.create_many(
            User, [{"name": each, "external_id": each, "roles": ["activities_user"]} for each in ("bob", "ann")]
        )
    with crm.session(actor="ann") as session:
        meeting = session.create(Activity, kind="meeting", subject="Plan", planned_start=MONDAY + WEEK)
        session.create(ActivityParticipant, activity=meeting, person=bob)
        meeting = session.update(meeting, planned_start=MONDAY + 2 * WEEK)
    with crm.session(actor="bob") as session:
        assert titles(session) == [("03-16 09:00", "Plan")]
        assert len(free_busy(session, MONDAY, MONDAY + 4 * WEEK)[bob.ref]) == 1
    with crm.session(actor="ann") as session:
        session.move(meeting, "cancelled")
    with crm.session(actor="bob") as session:
        said = [each.text.split(",")[0] for each in reversed(session.notices())]
        assert said == ["On your calendar: Plan", "Changed: Plan", "Cancelled: Plan"]
        assert titles(session) == []


def test_what_is_private_is_for_those_who_take_part(crm: CRM, people: Mapping[str, User]) -> None:
    """A private event is on the calendars of its owner and its guests for themselves only, whatever roles say."""
    with crm.session(actor="ann") as session:
        event = session.create(CalendarEvent, subject="Doctor", starts_at=MONDAY, visibility="private")
        invite(session, event, [people["bob"]])
    for name, seen in (("ann", 1), ("bob", 1), ("mia", 0), ("admin", 0)):
        with crm.session(actor=name) as session:
            assert len(titles(session, users=[people["ann"]])) == seen, name


def test_the_number_of_statements_is_bounded(crm: CRM, people: Mapping[str, User]) -> None:
    """However many events and people there are, a calendar takes no more statements."""
    counts = []
    for more in (1, 30):
        with crm.session(actor="admin") as session:
            rows = [{"subject": f"{number}", "owner": people["ann"], "starts_at": MONDAY} for number in range(more)]
            for event in session.create_many(CalendarEvent, [{**each, "recurrence": "FREQ=DAILY"} for each in rows]):
                invite(session, event, [people["bob"], people["cem"]])
        with crm.session(actor="admin", readonly=True) as session:
            seen: list[str] = []

            def note(
                _connection: object, _cursor: object, statement: str, *_rest: object, seen: list[str] = seen
            ) -> None:
                seen.append(statement)

            sa.event.listen(session.unit.connection.engine, "before_cursor_execute", note)
            assert titles(session, users=[people["bob"], people["ann"]], teams=[people["cem"].team])
            sa.event.remove(session.unit.connection.engine, "before_cursor_execute", note)
            counts.append(len(seen))
    assert counts[0] == counts[1] <= 12


@pytest.mark.parametrize(
    ("values", "path", "problem"),
    [
        ({}, "starts_at", "starts_at"),
        ({"starts_at": MONDAY, "ends_at": MONDAY - WEEK}, "ends_at", "would end before it begins"),
        ({"starts_at": MONDAY, "length": timedelta(days=2_000)}, "length", "at most 1000 days"),
        ({"starts_at": MONDAY, "recurrence": "daily"}, "recurrence", "no part of a rule"),
        ({"starts_at": MONDAY, "recurrence": "FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30"}, "recurrence", "never recur"),
        ({"starts_at": MONDAY, "recurrence": "FREQ=DAILY\n" * 6}, "recurrence", "at most 5 rules"),
        ({"starts_at": MONDAY, "except_dates": "tomorrow"}, "except_dates", "no time on the clock"),
        ({"starts_at": MONDAY, "extra_dates": "2026-03-03\n" * 1_001}, "extra_dates", "at most 1000 dates"),
        ({"starts_at": MONDAY, "wall_start": "2026-02-30"}, "wall_start", "no time on the clock"),
        ({"starts_at": MONDAY, "time_zone": "Europe/Atlantis"}, "time_zone", "not a time zone"),
        ({"starts_at": "0900-01-01T00:00Z"}, "starts_at", "after the year 1600"),
    ],
)
def test_times_that_do_not_fit_are_refused(session: Session, values: dict[str, Any], path: str, problem: str) -> None:
    """What can't be a time of an event is refused with its field and what is wrong."""
    with pytest.raises(Refused, match=problem) as refused:
        session.create(CalendarEvent, subject="Wrong", **values)
    assert [each.path for each in refused.value.refusals] == [path]


def test_an_occurrence_that_is_none_is_refused(session: Session) -> None:
    """A changed occurrence is one that its series has, and is changed once."""
    series = session.create(CalendarEvent, subject="Sales", starts_at=MONDAY, recurrence="FREQ=WEEKLY")
    with pytest.raises(Refused, match="doesn't take place then"):
        session.create(CalendarEvent, subject="No", series=series, occurrence="2026-03-10T09:00", starts_at=MONDAY)
    first = session.create(CalendarEvent, subject="Yes", series=series, occurrence="2026-03-09T09:00", starts_at=MONDAY)
    with pytest.raises(Refused, match="changed already"):
        session.create(
            CalendarEvent, subject="Twice", series=series, occurrence="2026-03-09T09:00:00", starts_at=MONDAY
        )
    with pytest.raises(Refused, match="itself an occurrence"):
        session.create(CalendarEvent, subject="Deep", series=first, occurrence="2026-03-09T09:00", starts_at=MONDAY)


def test_times_follow_each_other(session: Session) -> None:
    """Moving an event keeps its length, another zone keeps what the clock shows, and all-day ones last whole days."""
    event = session.create(CalendarEvent, subject="Demo", wall_start="2026-03-29T02:30", time_zone="Europe/Berlin")
    assert event.starts_at == datetime(2026, 3, 29, 1, tzinfo=UTC)
    event = session.update(event, ends_at=event.starts_at + timedelta(hours=3))
    event = session.update(event, starts_at=datetime(2026, 3, 30, 7, tzinfo=UTC))
    assert (event.wall_start, event.length) == ("2026-03-30T09:00:00", timedelta(hours=3))
    event = session.update(event, time_zone="America/New_York")
    assert (event.wall_start, event.starts_at) == ("2026-03-30T09:00:00", datetime(2026, 3, 30, 13, tzinfo=UTC))
    event = session.update(event, all_day=True)
    assert (event.wall_start, event.length) == ("2026-03-30", timedelta(days=1))


def test_a_window_has_an_end(session: Session) -> None:
    """A calendar of centuries, or backwards, is refused, and so is one of somebody whom the actor doesn't see."""
    for start, end in (
        (MONDAY, MONDAY),
        (MONDAY, MONDAY + timedelta(days=4_000)),
        (MONDAY.replace(tzinfo=None), MONDAY),
    ):
        with pytest.raises(Refused):
            calendar(session, start, end)
    with pytest.raises(NotFoundError):
        calendar(session, MONDAY, MONDAY + WEEK, users=[ref_class("user")(999)])
