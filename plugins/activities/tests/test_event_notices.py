"""Notices of events: those who take part are told of each change once, and who makes it is not."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from crmkit_activities.events.attendance import answer, invite
from crmkit_activities.events.event import CalendarEvent, EventAttendee
from crmkit_activities.worklist.listing import worklist

if TYPE_CHECKING:
    from crmkit import CRM, User

TEN = datetime(2026, 3, 3, 10, 0, tzinfo=UTC)


def told(crm: CRM, who: str) -> list[str]:
    """Return the kinds and the first words of what somebody was told, the earliest first."""
    with crm.session(actor=who, readonly=True) as session:
        return [f"{each.kind}: {each.text.split(',')[0]}" for each in reversed(session.notices())]


@pytest.fixture
def meeting(crm: CRM, people: dict[str, User]) -> CalendarEvent:
    """A meeting of Ann's to which she has invited Bob and Cem."""
    with crm.session(actor="ann") as session:
        made = session.create(CalendarEvent, subject="Kick-off", starts_at=TEN, place="Room 2")
        invite(session, made, [people["bob"], people["cem"], people["ann"]])
        return made


@pytest.mark.row("C7")
def test_those_who_take_part_are_told_once_of_each_change(crm: CRM, meeting: CalendarEvent) -> None:
    """That they are invited, of a new time, and that it is off: each once, and what concerns nobody not at all."""
    assert told(crm, "bob") == ["event_planned: On your calendar: Kick-off"]
    with crm.session(actor="ann") as session:
        meeting = session.update(meeting, description="Bring cake.")
        meeting = session.update(meeting, starts_at=TEN + timedelta(hours=1), place="Room 3")
        meeting = session.update(meeting, status="cancelled")
        session.update(meeting, place="nowhere")
    assert told(crm, "bob")[1:] == ["event_changed: Changed: Kick-off", "event_cancelled: Cancelled: Kick-off"]
    assert told(crm, "cem") == told(crm, "bob")
    with crm.session(actor="bob") as session:
        assert session.notices()[1].text.endswith("Room 3")


@pytest.mark.row("C7")
def test_the_actor_is_never_told(crm: CRM, meeting: CalendarEvent) -> None:
    """Whoever makes the change knows of it; the owner is told when it was somebody else."""
    assert told(crm, "ann") == []
    with crm.session(actor="mia") as session:
        session.update(session.get(CalendarEvent, meeting.id), starts_at=TEN + timedelta(hours=2))
    assert told(crm, "ann") == ["event_changed: Changed: Kick-off"]
    assert told(crm, "mia") == []


@pytest.mark.row("C7")
def test_who_has_declined_or_is_taken_off_is_left_in_peace(
    crm: CRM, meeting: CalendarEvent, people: dict[str, User]
) -> None:
    """Who doesn't come needs no news; who is taken off is told that, and nothing more."""
    with crm.session(actor="bob") as session:
        answer(session, session.get(CalendarEvent, meeting.id), "declined")
    with crm.session(actor="ann") as session:
        [cem] = session.find(EventAttendee, {"who": people["cem"]})
        session.delete(cem)
        session.update(session.get(CalendarEvent, meeting.id), starts_at=TEN + timedelta(hours=2))
    assert len(told(crm, "bob")) == 1
    assert told(crm, "cem")[1:] == ["event_cancelled: You are no longer invited: Kick-off"]


@pytest.mark.row("C7")
def test_a_deleted_event_is_off(crm: CRM, meeting: CalendarEvent) -> None:
    """Those whose invitations went with it are told."""
    with crm.session(actor="ann") as session:
        session.delete(session.get(CalendarEvent, meeting.id))
    assert told(crm, "cem")[1:] == ["event_cancelled: Cancelled: Kick-off"]


def test_an_event_that_comes_back_is_on_again(crm: CRM, meeting: CalendarEvent) -> None:
    """Those whose invitations come back with it are told, but for who has declined and who brings it back."""
    with crm.session(actor="bob") as session:
        answer(session, meeting, "declined")
    with crm.session(actor="ann") as session:
        session.delete(session.get(CalendarEvent, meeting.id))
    before = {who: told(crm, who) for who in ("ann", "bob", "cem")}
    with crm.session(actor="ann") as session:
        session.restore(CalendarEvent, meeting.id)
    news = {who: told(crm, who)[len(before[who]) :] for who in before}
    assert news == {"ann": [], "bob": [], "cem": ["event_planned: On your calendar: Kick-off"]}


def test_who_cancels_an_occurrence_tells_that_it_is_off(crm: CRM, people: dict[str, User]) -> None:
    """An occurrence that is changed to a cancelled one is told of as cancelled."""
    with crm.session(actor="mia") as session:
        series = session.create(
            CalendarEvent, subject="Daily", starts_at=TEN, recurrence="FREQ=DAILY", owner=people["ann"]
        )
        off = {"series": series, "occurrence": series.wall_start, "starts_at": TEN, "status": "cancelled"}
        session.create_many(CalendarEvent, [{"subject": "Daily", **off}])
    assert told(crm, "ann")[1:] == ["event_cancelled: Cancelled: Daily"]


@pytest.mark.row("C7")
def test_of_a_changed_day_those_are_told_who_take_part_in_the_series(crm: CRM, people: dict[str, User]) -> None:
    """That it is moved, off, or as the series says again; and of a series that is off, they are told once."""
    with crm.session(actor="ann") as session:
        series = session.create(CalendarEvent, subject="Daily", starts_at=TEN, recurrence="FREQ=DAILY")
        invite(session, series, [people["bob"]])
        late = session.create(
            CalendarEvent,
            subject="Late",
            series=series,
            occurrence="2026-03-04T10:00",
            starts_at=TEN + timedelta(hours=30),
        )
        invite(session, late, [people["cem"]])
        session.update(late, place="Room 4")
    assert told(crm, "bob") == ["event_planned: On your calendar: Daily", *["event_changed: Changed: Late"] * 2]
    assert told(crm, "cem") == ["event_planned: On your calendar: Late", "event_changed: Changed: Late"]
    with crm.session(actor="ann") as session:
        session.delete(session.get(CalendarEvent, late.id))
    assert (told(crm, "bob")[3:], told(crm, "cem")[2:]) == (
        ["event_changed: Changed: Daily"],
        ["event_cancelled: Cancelled: Late"],
    )
    with crm.session(actor="ann") as session:
        late = session.restore(CalendarEvent, late.id)
    before = {who: len(told(crm, who)) for who in ("bob", "cem")}
    with crm.session(actor="ann") as session:
        session.update(session.get(CalendarEvent, series.id), status="cancelled")
    assert told(crm, "bob")[before["bob"] :] == ["event_cancelled: Cancelled: Daily"]
    assert told(crm, "cem")[before["cem"] :] == ["event_cancelled: Cancelled: Late"]


@pytest.mark.row("C7")
def test_a_series_that_is_deleted_is_told_of_once(crm: CRM, people: dict[str, User]) -> None:
    """And not of each of its changed occurrences; of these, those are told who were invited to one alone."""
    with crm.session(actor="ann") as session:
        series = session.create(CalendarEvent, subject="Daily", starts_at=TEN, recurrence="FREQ=DAILY")
        late = session.create(
            CalendarEvent, subject="Late", series=series, occurrence="2026-03-04T10:00", starts_at=TEN
        )
        invite(session, series, [people["bob"]])
        invite(session, late, [people["cem"]])
        session.delete(series)
    assert told(crm, "bob") == ["event_planned: On your calendar: Daily", "event_cancelled: Cancelled: Daily"]
    assert told(crm, "cem") == ["event_planned: On your calendar: Late", "event_cancelled: Cancelled: Late"]


@pytest.mark.row("C7")
def test_who_is_invited_again_is_told_again(crm: CRM, meeting: CalendarEvent, people: dict[str, User]) -> None:
    """Taken off and invited again, or invited instead of somebody else: each time both know."""
    with crm.session(actor="ann") as session:
        [guest] = session.find(EventAttendee, {"event": meeting, "who": people["bob"]})
        session.delete(guest)
        [guest] = invite(session, meeting, [people["bob"]])
    planned, off = "event_planned: On your calendar: Kick-off", "event_cancelled: You are no longer invited: Kick-off"
    assert told(crm, "bob") == [planned, off, planned]
    with crm.session(actor="ann") as session:
        session.update(guest, who=people["mia"])
    assert (told(crm, "bob")[3:], told(crm, "mia")) == ([off], [planned])


@pytest.mark.row("C7")
def test_a_new_owner_is_told(crm: CRM, people: dict[str, User]) -> None:
    """And the former one; guests are told of another subject, as of another time."""
    with crm.session(actor="mia") as session:
        event = session.create(CalendarEvent, subject="Talk", starts_at=TEN, owner=people["ann"])
        invite(session, event, [people["cem"]])
        event = session.update(event, owner=people["bob"], place="Room 4")
        session.update(event, subject="Speech")
    planned = "event_planned: On your calendar: Talk"
    assert told(crm, "bob") == [planned, "event_changed: Changed: Speech"]
    assert told(crm, "ann") == [planned, "event_cancelled: No longer on your calendar: Talk"]
    assert told(crm, "cem")[1:] == ["event_changed: Changed: Talk", "event_changed: Changed: Speech"]


@pytest.mark.row("C7")
def test_a_series_is_told_of_by_its_next_time(crm: CRM, people: dict[str, User]) -> None:
    """Not by the first one, which is long over, and not by a day that was moved."""
    with crm.session(actor="ann") as session:
        series = session.create(
            CalendarEvent, subject="Daily", starts_at=TEN - timedelta(days=200), recurrence="FREQ=DAILY"
        )
        session.create(CalendarEvent, subject="Late", series=series, occurrence="2026-03-02T10:00", starts_at=TEN)
        invite(session, series, [people["bob"]])
    with crm.session(actor="bob", readonly=True) as session:
        [notice] = session.notices()
        form, conventions = session.model.entity(series).fields["starts_at"].kind.format, session.model.conventions
        assert notice.text.endswith(form(TEN, conventions))


def test_what_is_over_is_no_news(crm: CRM, people: dict[str, User]) -> None:
    """Events that are entered afterwards, as by an import, tell nobody."""
    with crm.session(actor="ann") as session:
        made = session.create(CalendarEvent, subject="Past", starts_at=TEN - timedelta(days=30))
        invite(session, made, [people["bob"]])
    assert told(crm, "bob") == []


@pytest.mark.row("C11")
def test_invitations_wait_on_the_worklist(crm: CRM, meeting: CalendarEvent) -> None:
    """Until they are answered."""
    with crm.session(actor="bob") as session:
        [work] = worklist(session, "invitations")
        assert [(item.title, item.until) for item in work.items] == [("Kick-off", TEN)]
        answer(session, session.get(CalendarEvent, meeting.id), "accepted")
        assert worklist(session, "invitations")[0].count == 0
