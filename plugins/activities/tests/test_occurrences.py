"""Changed occurrences of a series have what it has: owner, privacy, guests, and times."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from crmkit import User
from crmkit.errors import Refused
from crmkit_activities.events.attendance import answer, invite
from crmkit_activities.events.event import CalendarEvent, EventAttendee, EventGroup
from crmkit_activities.events.free_busy import free_busy
from crmkit_activities.events.view import calendar
from crmkit_activities.ics.exporting import export_calendar
from crmkit_activities.ics.importing import import_calendar

if TYPE_CHECKING:
    from crmkit import CRM, Session
    from crmkit.testing.fixtures import CRMFactory

pytestmark = pytest.mark.row("C1")
TUESDAY = datetime(2026, 3, 3, 9, tzinfo=UTC)
DAY, HOUR = timedelta(days=1), timedelta(hours=1)


@pytest.fixture
def team(make_crm: CRMFactory) -> CRM:
    """A CRM in which Ann, Bob and Cem read their own activities only."""
    made = make_crm(["activities"])
    with made.session(actor="admin") as session:
        for name in ("ann", "bob", "cem"):
            session.create(User, name=name, external_id=name, roles=["activities_user"])
    return made


def daily(session: Session, **values: Any) -> CalendarEvent:
    """Create a series of three days at nine."""
    said = {"subject": "Daily", "starts_at": TUESDAY, "recurrence": "FREQ=DAILY;COUNT=3", **values}
    return session.create(CalendarEvent, **said)


def change(session: Session, series: CalendarEvent, **values: Any) -> CalendarEvent:
    """Move the second day of a series to the afternoon."""
    said = {"subject": "Late", "occurrence": "2026-03-04T09:00", "starts_at": TUESDAY + DAY + 5 * HOUR, **values}
    return session.create(CalendarEvent, series=series, **said)


def shown(session: Session, who: User) -> list[tuple[str, str]]:
    """Return when something is on somebody's calendar in the week, and what."""
    found = calendar(session, TUESDAY - DAY, TUESDAY + 7 * DAY, users=[who])
    return [(f"{each.start:%m-%d %H:%M}", each.title) for each in found]


def test_an_occurrence_is_as_private_as_its_series(crm: CRM, people: dict[str, User]) -> None:
    """From the start, and when the series becomes private or public later; it may be more private, and not less."""
    with crm.session(actor="ann") as session:
        late = change(session, daily(session, visibility="private"))
        assert (late.visibility, late.private) == ("private", True)
        assert session.update(late, visibility="public").visibility == "private"
        other = daily(session)
        late = change(session, other)
        other = session.update(other, visibility="confidential")
        assert session.get(CalendarEvent, late.id).visibility == "confidential"
    with crm.session(actor="bob") as session:
        assert shown(session, people["ann"]) == []
        blocks = free_busy(session, TUESDAY, TUESDAY + 7 * DAY, users=[people["ann"]])[people["ann"].ref]
        assert {each.title for each in blocks} == {None}
    with crm.session(actor="ann") as session:
        session.update(other, visibility="public")
        assert session.get(CalendarEvent, late.id).private is False


def test_an_occurrence_is_on_the_calendar_of_its_series(crm: CRM, people: dict[str, User]) -> None:
    """Whoever owns the series owns it."""
    with crm.session(actor="mia") as session:
        series = daily(session, owner=people["ann"])
        change(session, series)
        session.update(series, owner=people["bob"])
        assert shown(session, people["ann"]) == []
        assert ("03-04 14:00", "Late") in shown(session, people["bob"])


def test_an_occurrence_keeps_its_day(crm: CRM, people: dict[str, User]) -> None:
    """A series that is moved to another hour doesn't come back on the day that was changed."""
    with crm.session(actor="ann") as session:
        series = daily(session)
        late = change(session, series)
        renamed = session.create(
            CalendarEvent, subject="Renamed", series=series, occurrence="2026-03-05T09:00", starts_at=TUESDAY + 2 * DAY
        )
        session.update(series, wall_start="2026-03-03T10:00")
        expected = [("03-03 10:00", "Daily"), ("03-04 14:00", "Late"), ("03-05 10:00", "Renamed")]
        assert shown(session, people["ann"]) == expected
        assert session.get(CalendarEvent, late.id).occurrence == "2026-03-04T10:00:00"
        assert session.get(CalendarEvent, renamed.id).wall_start == "2026-03-05T10:00:00"


def test_what_a_series_has_no_more_is_gone(crm: CRM, people: dict[str, User]) -> None:
    """A series that is made shorter loses the occurrences behind its end, and what is exported can be imported."""
    with crm.session(actor="ann") as session:
        series = daily(session)
        late = change(session, series)
        session.update(series, recurrence="FREQ=DAILY;COUNT=1")
        assert shown(session, people["ann"]) == [("03-03 09:00", "Daily")]
        with pytest.raises(Refused, match="doesn't take place then"):
            session.restore(CalendarEvent, late.id)
        result = import_calendar(session, export_calendar(session))
        assert (result.unchanged, result.problems) == (1, [])


def test_what_is_off_is_off_on_all_days(crm: CRM, people: dict[str, User]) -> None:
    """With a series, its changed occurrences are cancelled or deleted, and come back with it."""
    with crm.session(actor="ann") as session:
        series = daily(session)
        late = change(session, series)
        gone = change(session, daily(session, starts_at=TUESDAY - HOUR), occurrence="2026-03-04T08:00")
        session.delete(gone)
        session.delete(series)
        assert ("03-04 14:00", "Late") not in shown(session, people["ann"])
        with pytest.raises(Refused, match="Restore that first"):
            session.restore(CalendarEvent, late.id)
        series = session.restore(CalendarEvent, series.id)
        assert ("03-04 14:00", "Late") in shown(session, people["ann"])
        session.update(series, status="cancelled")
        assert session.get(CalendarEvent, late.id).status == "cancelled"


def test_what_comes_back_has_what_its_series_has_by_now(crm: CRM, people: dict[str, User]) -> None:
    """An occurrence that was deleted while the series became private is private when it is there again."""
    with crm.session(actor="mia") as session:
        series = daily(session, owner=people["ann"])
        late = change(session, series)
        session.delete(late)
        session.update(series, visibility="private", owner=people["mia"])
        session.restore(CalendarEvent, late.id)
        found = session.get(CalendarEvent, late.id)
        assert (found.visibility, found.owner) == ("private", people["mia"].ref)


def guests(session: Session, event: CalendarEvent) -> dict[object, str]:
    """Return who is invited to an event, with the states."""
    return {each.who: each.attendance for each in session.find(EventAttendee, {"event": event})}


@pytest.mark.row("C7")
def test_the_guests_of_a_series_are_guests_of_its_changed_days(team: CRM) -> None:
    """Whatever their roles, they read the occurrence, have it on their calendars and answer it alone."""
    with team.session(actor="ann") as session:
        bob, cem = (session.find(User, {"external_id": each})[0] for each in ("bob", "cem"))
        series = daily(session)
        invite(session, series, [bob])
        late = change(session, series)
        invite(session, late, [cem])
    with team.session(actor="bob") as session:
        assert ("03-04 14:00", "Late") in shown(session, bob)
        answer(session, late, "declined")
    with team.session(actor="ann") as session:
        assert guests(session, late) == {bob.ref: "declined", cem.ref: "invited"}
        assert guests(session, series) == {bob.ref: "invited"}


@pytest.mark.row("C7")
def test_who_comes_and_goes_later_comes_and_goes_on_changed_days(team: CRM) -> None:
    """Guests of a series are invited to its occurrences, answer for them, and are taken off them with it."""
    with team.session(actor="ann") as session:
        bob, cem = (session.find(User, {"external_id": each})[0] for each in ("bob", "cem"))
        series = daily(session)
        late = change(session, series)
        [of_bob] = invite(session, series, [bob])
        invite(session, series, [cem])
    with team.session(actor="bob") as session:
        answer(session, series, "accepted")
    with team.session(actor="cem") as session:
        answer(session, late, "tentative")
        answer(session, series, "declined")
    with team.session(actor="ann") as session:
        assert guests(session, late) == {bob.ref: "accepted", cem.ref: "tentative"}
        session.delete(session.get(CalendarEvent, series.id))
        session.restore(CalendarEvent, series.id)
        assert guests(session, late) == {bob.ref: "accepted", cem.ref: "tentative"}
        session.delete(session.get(EventAttendee, of_bob.id))
        assert guests(session, late) == {cem.ref: "tentative"}


def test_an_invited_team_is_invited_to_changed_days(crm: CRM, people: dict[str, User]) -> None:
    """A team that is invited to a series, and who joins it later; and no more when it is taken off."""
    with crm.session(actor="admin") as session:
        series = daily(session, busy=False)
        late = change(session, series, busy=False)
        group = session.create(EventGroup, event=series, team=people["ann"].team)
        assert set(guests(session, late)) == {people[each].ref for each in ("mia", "ann", "bob")}
        session.update(session.get(User, people["cem"].id), team=people["ann"].team)
        assert guests(session, late)[people["cem"].ref] == "offered"
        session.delete(group)
        assert guests(session, late) == {}
