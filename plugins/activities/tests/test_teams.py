from __future__ import annotations

from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
import sqlalchemy as sa

from crmkit import Team, User
from crmkit.errors import Refused
from crmkit_activities.events.attendance import answer
from crmkit_activities.events.event import CalendarEvent, EventAttendee, EventGroup

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from crmkit import CRM, Record, Session

pytestmark = pytest.mark.row("C5")
MONDAY = datetime(2026, 3, 9, 9, tzinfo=UTC)


def states(session: Session, event: Record) -> dict[str, str]:
    """Return the state of everybody who is invited, by name."""
    rows = session.rows(EventAttendee, ["who.id", "attendance"], {"event": event})
    names = {number: name for number, name in session.rows(User, ["id", "name"])}  # noqa: C416  (typed)
    return {str(names[number]): str(state) for number, state in rows}


def test_a_team_is_invited_person_by_person(crm: CRM, people: Mapping[str, User]) -> None:
    """Inviting a team invites its members and those of the teams below, and each answers alone."""
    with crm.session(actor="admin") as session:
        north = session.get(Team, int(people["ann"].team or 0))
        session.create(User, name="Dot", external_id="dot", team=session.create(Team, name="Far North", parent=north))
        session.create(User, name="Old", external_id="old", team=north, active=False)
        event = session.create(CalendarEvent, subject="Kick-off", starts_at=MONDAY)
        session.create(EventGroup, event=event, team=north)
        assert states(session, event) == dict.fromkeys(("Mia", "Ann", "Bob", "Dot"), "invited")
    with crm.session(actor="bob") as session:
        answer(session, event, "declined")
    with crm.session(actor="admin") as session:
        assert states(session, event) == {"Mia": "invited", "Ann": "invited", "Dot": "invited", "Bob": "declined"}


def test_who_joins_is_offered_open_events(crm: CRM, people: Mapping[str, User]) -> None:
    """Who joins an invited team is offered what is to come, not what is over or called off, and isn't busy by it."""
    with crm.session(actor="admin") as session:
        north = people["ann"].team
        past = session.create(CalendarEvent, subject="Past", starts_at=MONDAY - timedelta(days=30))
        off = session.create(CalendarEvent, subject="Off", starts_at=MONDAY, status="cancelled")
        weekly = session.create(CalendarEvent, subject="Weekly", starts_at=MONDAY, recurrence="FREQ=WEEKLY")
        for event in (past, off, weekly):
            session.create(EventGroup, event=event, team=north)
        session.update(people["cem"], team=north)
        session.create(User, name="New", external_id="new", team=north)
        assert [("Cem" in states(session, each), "New" in states(session, each)) for each in (past, off, weekly)] == [
            (False, False),
            (False, False),
            (True, True),
        ]
        assert states(session, weekly)["Cem"] == "offered"
        session.create(CalendarEvent, subject="Own", owner=people["cem"], starts_at=MONDAY)
        assert not session.cautions


def test_who_leaves_is_not_expected_any_more(crm: CRM, people: Mapping[str, User]) -> None:
    """Who goes to another team loses invitations that are open and keeps what was answered; so it is with the group."""
    with crm.session(actor="admin") as session:
        one, two = (session.create(CalendarEvent, subject=each, starts_at=MONDAY, busy=False) for each in ("1", "2"))
        groups = [session.create(EventGroup, event=each, team=people["ann"].team) for each in (one, two)]
    with crm.session(actor="bob") as session:
        answer(session, one, "accepted")
    with crm.session(actor="admin") as session:
        bob = session.get(User, people["bob"].id)
        session.update(bob, team=people["cem"].team)
        assert states(session, one) == {"Mia": "invited", "Ann": "invited", "Bob": "accepted"}
        assert states(session, two) == {"Mia": "invited", "Ann": "invited"}
        session.delete(groups[0])
        assert states(session, one) == {"Bob": "accepted"}


def test_another_team_is_invited_instead(crm: CRM, people: Mapping[str, User]) -> None:
    """A group that stands for another team takes back what is open of the former one, and invites the new one."""
    with crm.session(actor="admin") as session:
        event = session.create(CalendarEvent, subject="Kick-off", starts_at=MONDAY)
        group = session.create(EventGroup, event=event, team=people["ann"].team)
    with crm.session(actor="bob") as session:
        answer(session, event, "accepted")
    with crm.session(actor="admin") as session:
        session.update(group, team=people["cem"].team)
        assert states(session, event) == {"Bob": "accepted", "Cem": "invited"}


def test_a_team_that_comes_below_an_invited_one_is_offered_its_events(crm: CRM, people: Mapping[str, User]) -> None:
    """And what is open is taken back when it goes elsewhere."""
    with crm.session(actor="admin") as session:
        event = session.create(CalendarEvent, subject="Kick-off", starts_at=MONDAY)
        session.create(EventGroup, event=event, team=people["ann"].team)
        south = session.update(session.get(Team, int(people["cem"].team or 0)), parent=people["ann"].team)
        assert states(session, event)["Cem"] == "offered"
        session.update(south, parent=None)
        assert "Cem" not in states(session, event)


def test_many_groups_ask_as_few_questions_as_one(crm: CRM, people: Mapping[str, User]) -> None:
    """Teams within teams and roles are looked up for all groups at once, and who is in several is invited once."""
    with crm.session(actor="admin") as session:
        teams = [session.get(Team, int(people["ann"].team or 0))]
        for each in range(5):
            teams.append(session.create(Team, name=f"Below {each}", parent=teams[-1]))
            session.create(User, name=f"U{each}", external_id=f"u{each}", team=teams[-1], roles=["member"])
        events = session.create_many(
            CalendarEvent, [{"subject": each, "starts_at": MONDAY, "busy": False} for each in "123456"]
        )
        groups: list[dict[str, object]] = [{"event": events[-1], "team": team} for team in teams]
        groups += [{"event": events[-2], "role": role} for role in ("member", "manager")]
        asked = []
        few: list[dict[str, object]] = [{"event": events[0], "team": teams[0]}, {"event": events[1], "role": "member"}]
        for some in (few, groups):
            with counted(crm) as statements:
                session.create_many(EventGroup, some)
            asked.append(len([each for each in statements if each.startswith("SELECT")]))
        assert asked[1] <= asked[0]
        assert states(session, events[-1]) == states(session, events[0])
        assert len(states(session, events[0])) == 8
        assert set(states(session, events[-2])) == {*states(session, events[1]), "Mia"}


@contextmanager
def counted(crm: CRM) -> Iterator[list[str]]:
    """Collect the statements that are run."""
    found: list[str] = []

    def note(*given: object) -> None:
        found.append(str(given[2]).lstrip())

    sa.event.listen(crm.engine, "before_cursor_execute", note)
    try:
        yield found
    finally:
        sa.event.remove(crm.engine, "before_cursor_execute", note)


def test_a_role_is_invited(crm: CRM, people: Mapping[str, User]) -> None:
    """Inviting a role invites all who have it, and who gets it later is offered the event."""
    with crm.session(actor="admin") as session:
        event = session.create(CalendarEvent, subject="Managers", starts_at=MONDAY, busy=False)
        session.create(EventGroup, event=event, role="manager")
        assert states(session, event) == {"Mia": "invited"}
        session.update(people["ann"], roles=["member", "manager"])
        assert states(session, event) == {"Mia": "invited", "Ann": "offered"}


@pytest.mark.parametrize(
    ("values", "problem"),
    [
        ({}, "a team or a role"),
        ({"role": "emperor"}, "no role 'emperor'"),
        ({"role": "member", "team": 1}, "one of both"),
    ],
)
def test_a_group_is_a_team_or_a_role(
    crm: CRM, people: Mapping[str, User], values: dict[str, str | int], problem: str
) -> None:
    """A group that is neither, both, or a role that there isn't, is refused."""
    with crm.session(actor="ann") as session:
        event = session.create(CalendarEvent, subject="Kick-off", starts_at=MONDAY)
        with pytest.raises(Refused, match=problem):
            session.create(EventGroup, **{"event": event, **values})  # type: ignore[arg-type]
