from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from crmkit import Contact, User
from crmkit.errors import Refused
from crmkit_activities.activity import Activity, ActivityParticipant
from crmkit_activities.events.attendance import answer, invite
from crmkit_activities.events.event import CalendarEvent, EventAttendee
from crmkit_activities.events.free_busy import free_busy
from crmkit_activities.events.view import calendar

if TYPE_CHECKING:
    from collections.abc import Mapping

    from crmkit import CRM, Session
    from crmkit.testing.fixtures import CRMFactory
    from crmkit_activities.events.diaries import Conflict

pytestmark = pytest.mark.row("C2")
MONDAY = datetime(2026, 3, 2, 10, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.fixture
def strict(make_crm: CRMFactory) -> CRM:
    """A CRM that refuses conflicts, with Ann and Bob."""
    made = make_crm(["activities"], settings={"calendar_conflicts": "refuse"})
    with made.session(actor="admin") as session:
        for name in ("ann", "bob"):
            session.create(User, name=name, external_id=name, roles=["member"])
    return made


def book(session: Session, hours: float = 0, **values: Any) -> CalendarEvent:
    """Create an event of an hour that begins so many hours after the first one."""
    return session.create(CalendarEvent, **{"subject": "Busy", "starts_at": MONDAY + hours * HOUR, **values})


def told(session: Session) -> list[Conflict]:
    """Return all conflicts that a session was told of."""
    return [each for caution in session.cautions for each in caution.detail]  # type: ignore[attr-defined]


def test_the_session_is_told_of_a_conflict(crm: CRM, people: Mapping[str, User]) -> None:
    """An event that overlaps another one is written, and its session told who is busy, when, and with what."""
    with crm.session(actor="ann") as session:
        first = book(session)
        second = book(session, 0.5)
        (caution,) = session.cautions
        assert (caution.record, caution.path) == (second.ref, "starts_at")
        (conflict,) = told(session)
        assert (conflict.who, conflict.start, conflict.other) == (people["ann"].ref, MONDAY, first.ref)
        assert caution.text.startswith("Ann is busy from")


def test_what_only_touches_is_no_conflict(session: Session) -> None:
    """Adjacent events, free ones, cancelled ones, those without length and those of others are in nobody's way."""
    book(session)
    book(session, 1)
    book(session, -1)
    book(session, busy=False)
    book(session, status="cancelled")
    book(session, 0.5, length=timedelta(0))
    book(session, owner=session.create(User, name="Bob", external_id="bob"))
    assert not session.cautions


def test_recurrences_are_checked_on_both_sides(session: Session) -> None:
    """A series meets a single event, a series another one of a different rhythm, and not what was moved out of it."""
    weekly = book(session, recurrence="FREQ=WEEKLY")
    book(session, 24 * 14 + 0.5, subject="In two weeks")
    assert [each.at for each in told(session)] == [MONDAY + 14 * 24 * HOUR + HOUR / 2]
    book(session, 24 * 21, recurrence="FREQ=MONTHLY;BYDAY=4MO;COUNT=3")
    assert len(told(session)) == 1 + 3
    book(session, 5, series=weekly, occurrence="2026-03-30T10:00:00", subject="Moved")
    book(session, 24 * 28, subject="Where it was")
    assert len(told(session)) == 1 + 3


def test_the_horizon_bounds_what_is_compared(make_crm: CRMFactory) -> None:
    """Series without end are compared for as many days as the setting says."""
    crm = make_crm(["activities"], settings={"calendar_horizon": 30})
    with crm.session(actor="admin") as session:
        book(session, 24 * 60)
        book(session, recurrence="FREQ=DAILY")
        assert not session.cautions
        book(session, 24 * 60 + 24, recurrence="FREQ=DAILY")
        assert len(told(session)) == 20
        assert session.cautions[0].text.endswith("There are 10 more conflicts.")


def test_everybody_who_takes_part_counts(crm: CRM, people: Mapping[str, User]) -> None:
    """Guests, contacts too, are busy unless they declined; inviting one who is busy is told, and so is moving."""
    with crm.session(actor="ann") as session:
        lea = session.create(Contact, name="Lea")
        invite(session, book(session), [lea, people["bob"]])
        other = book(session, 3)
        invite(session, other, [lea, people["cem"]])
        assert not session.cautions
        session.update(other, starts_at=MONDAY)
        assert {each.who for each in told(session)} == {lea.ref, people["ann"].ref}
    with crm.session(actor="cem") as session:
        invite(session, book(session, 0.5), [lea])
        assert lea.ref in {each.who for each in told(session)}
    with crm.session(actor="cem") as session:
        answer(session, other, "declined")
        book(session, 0.25, busy=True)
        assert all(each.other != other.ref for each in told(session))


def test_a_planned_activity_is_in_the_way(session: Session) -> None:
    """Who has planned a visit is busy then."""
    visit = session.create(Activity, subject="Visit", kind="visit", planned_start=MONDAY, planned_end=MONDAY + HOUR)
    book(session)
    assert [each.other for each in told(session)] == [visit.ref]


def test_nothing_is_said_of_what_may_not_be_read(crm: CRM, people: Mapping[str, User]) -> None:
    """That a colleague is busy is told, but not with what, if it is private."""
    with crm.session(actor="bob") as session:
        book(session, subject="Doctor", visibility="private")
    with crm.session(actor="ann") as session:
        invite(session, book(session), [people["bob"]])
        (conflict,) = told(session)
        assert (conflict.who, conflict.other) == (people["bob"].ref, None)
        assert "Doctor" not in session.cautions[0].text


def test_a_conflict_is_refused_where_the_setting_says_so(strict: CRM) -> None:
    """New events, moved ones, invitations and acceptances that overlap are refused with who is busy when."""
    with strict.session(actor="ann") as session:
        bob = session.find(User, {"external_id": "bob"})[0]
        first = book(session)
        with pytest.raises(Refused, match="ann is busy from"):
            book(session, 0.5)
        later = book(session, 2)
        with pytest.raises(Refused, match="is busy") as refused:
            session.update(later, starts_at=MONDAY + HOUR / 2)
        assert [each.path for each in refused.value.refusals] == ["starts_at"]
        invite(session, first, [bob])
    with strict.session(actor="bob") as session:
        answer(session, first, "declined")
        book(session)
        with pytest.raises(Refused, match="bob is busy"):
            answer(session, first, "accepted")
        with pytest.raises(Refused, match="is busy"):
            session.create_many(
                CalendarEvent,
                [{"subject": name, "starts_at": MONDAY + 9 * HOUR} for name in ("One", "Another")],
            )
        book(session, 5)
    with strict.session(actor="ann") as session:
        event = book(session, 5)
        with pytest.raises(Refused, match="bob is busy") as refused:
            invite(session, event, [bob])
        assert [each.path for each in refused.value.refusals] == ["who"]


def test_planned_activities_are_compared_too(crm: CRM, strict: CRM, people: Mapping[str, User]) -> None:
    """A meeting or visit is in the way of events and they in its, for its owner and whoever takes part."""
    assert people
    plan: dict[str, Any] = {"kind": "visit", "subject": "Visit", "planned_start": MONDAY}
    with crm.session(actor="ann") as session:
        event = book(session, 0.5)
        visit = session.create(Activity, **plan)
        assert [(each.who, each.other) for each in told(session)] == [(people["ann"].ref, event.ref)]
        session.create(Activity, **plan | {"about": event, "planned_start": MONDAY + 5 * HOUR})
        session.create(Activity, **plan | {"kind": "task", "stage": "cancelled"})
        assert len(told(session)) == 1
        session.elevated.create(CalendarEvent, subject="Bob's", owner=people["bob"], starts_at=MONDAY)
        session.create(ActivityParticipant, activity=visit, person=people["bob"])
        assert [each.who for each in told(session)][1:] == [people["bob"].ref]
    with strict.session(actor="ann") as session:
        bob = session.find(User, {"external_id": "bob"})[0]
        book(session, 0.5)
        with pytest.raises(Refused, match="ann is busy") as refused:
            session.create(Activity, **plan)
        assert [each.path for each in refused.value.refusals] == ["planned_start"]
        visit = session.create(Activity, **plan | {"planned_start": MONDAY + 5 * HOUR})
        with pytest.raises(Refused, match="ann is busy"):
            session.update(visit, planned_start=MONDAY)
        session.elevated.create(CalendarEvent, subject="Bob's", owner=bob, starts_at=MONDAY + 5 * HOUR)
        with pytest.raises(Refused, match="bob is busy"):
            session.create(ActivityParticipant, activity=visit, person=bob)


def test_what_recurs_often_is_compared_as_far_as_it_goes(crm: CRM, people: Mapping[str, User]) -> None:
    """An event of every half hour, or every minute, is written, and others beside it."""
    with crm.session(actor="ann") as session:
        book(session, recurrence="FREQ=HOURLY;BYMINUTE=0,30", length=timedelta(minutes=1))
        often = book(session, recurrence=f"FREQ=HOURLY;BYMINUTE={','.join(map(str, range(60)))}", length=HOUR / 60)
        assert told(session)
        invite(session, often, [people["bob"]])
    with crm.session(actor="bob") as session:
        answer(session, often, "declined")
        window = (MONDAY, MONDAY + 31 * 24 * HOUR)
        assert (calendar(session, *window), free_busy(session, *window)) == ([], {people["bob"].ref: []})


def test_who_is_informed_is_free(crm: CRM, people: Mapping[str, User]) -> None:
    """A guest who is but informed of an event has time for others, until the part is another one."""
    with crm.session(actor="admin") as session:
        [guest] = invite(session, book(session), [people["bob"]], part="informed")
        book(session, owner=people["bob"])
        assert not session.cautions
        session.update(guest, part="optional")
        assert [each.who for each in told(session)] == [people["bob"].ref]


def test_what_comes_back_is_compared_too(crm: CRM, strict: CRM, people: Mapping[str, User]) -> None:
    """A deleted event finds its time taken, its owner's or a guest's: told, or refused where the setting says so."""
    assert people
    for made, is_refused in ((crm, False), (strict, True)):
        with made.session(actor="ann") as session:
            bob = session.find(User, {"external_id": "bob"})[0]
            first, second = book(session), book(session, 3)
            invite(session, second, [bob])
            session.delete(first)
            session.delete(session.get(CalendarEvent, second.id))
            book(session, 0.5)
        with made.session(actor="bob") as session:
            book(session, 3.5)
        for event, who in ((first, "ann"), (second, "bob")):
            with made.session(actor="ann") as session:
                if is_refused:
                    with pytest.raises(Refused, match=rf"(?i){who} is busy"):
                        session.restore(CalendarEvent, event.id)
                    continue
                session.restore(CalendarEvent, event.id)
                assert [each.who for each in told(session)] == [people[who].ref]


def test_of_two_at_once_one_wins(strict: CRM) -> None:
    """Whoever books one person for the same time at the same moment: one gets it, and the others are refused."""

    def attempt(number: int) -> bool:
        try:
            with strict.session(actor="ann" if number % 2 else "admin") as session:
                bob = session.find(User, {"external_id": "bob"})[0]
                event = book(session, subject=str(number), owner=None, busy=True)
                session.create(EventAttendee, event=event, who=bob)
        except Refused:
            return False
        return True

    with ThreadPoolExecutor(6) as pool:
        won = list(pool.map(attempt, range(6)))
    with strict.session(actor="admin") as session:
        assert (won.count(True), session.count(EventAttendee)) == (1, 1)
