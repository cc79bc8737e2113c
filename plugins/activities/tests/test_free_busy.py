from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from crmkit import BusinessCalendar, User
from crmkit.core.declare.values import ref_class
from crmkit.errors import AccessDeniedError, NotFoundError, Refused
from crmkit_activities.events.event import CalendarEvent
from crmkit_activities.events.free_busy import Block, first_slot, free_busy
from crmkit_activities.events.spans import Span

if TYPE_CHECKING:
    from collections.abc import Mapping

    from crmkit import CRM, Session

pytestmark = pytest.mark.row("C6")
MONDAY = datetime(2026, 3, 9, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def at(hour: float) -> datetime:
    """Return an hour of the Monday."""
    return MONDAY + hour * HOUR


def busy(session: Session, who: User, begin: float, end: float, **values: Any) -> CalendarEvent:
    """Write into somebody's calendar."""
    return session.create(
        CalendarEvent, **{"subject": "Talk", "owner": who, "starts_at": at(begin), "ends_at": at(end), **values}
    )


def test_colleagues_see_blocks_without_titles(crm: CRM, people: Mapping[str, User]) -> None:
    """What may be read has its title; of what may not, there are only the times, and what touches is one."""
    with crm.session(actor="bob") as session:
        bob = people["bob"]
        talk = busy(session, bob, 9, 10)
        busy(session, bob, 11, 12, subject="Doctor", visibility="private")
        busy(session, bob, 12, 13, subject="Lawyer", visibility="confidential")
        busy(session, bob, 14, 15, busy=False)
    with crm.session(actor="ann") as session:
        found = free_busy(session, MONDAY, MONDAY + DAY, users=[bob])[bob.ref]
        assert found == [
            Block(start=at(9), end=at(10), title="Talk", record=talk.ref),
            Block(start=at(11), end=at(13)),
        ]
        cut = free_busy(session, at(11.5), at(12.5), users=[bob])[bob.ref]
        assert cut == [Block(start=at(11.5), end=at(12.5))]


def test_the_first_slot_suits_everybody(crm: CRM, people: Mapping[str, User]) -> None:
    """It lies in the working hours of all, when nobody is busy, private events included."""
    with crm.session(actor="admin") as session:
        early = session.create(BusinessCalendar, name="Early", time_zone="UTC", hours="Mo-Fr 07:00-12:00")
        ann = session.update(people["ann"], business_calendar=early)
        bob = people["bob"]
    with crm.session(actor="bob") as session:
        busy(session, bob, 9, 10.5, visibility="private", recurrence="FREQ=DAILY")
    with crm.session(actor="ann") as session:
        busy(session, ann, 11.5, 12)
        asked: dict[str, Any] = {"users": [ann, bob]}
        assert first_slot(session, HOUR, MONDAY, MONDAY + 7 * DAY, **asked) == Span(at(10.5), at(11.5))
        assert first_slot(session, 1.5 * HOUR, MONDAY, MONDAY + 7 * DAY, **asked) == Span(at(34.5), at(36))
        assert first_slot(session, 3 * HOUR, MONDAY, MONDAY + 7 * DAY, **asked) is None
        team = first_slot(session, HOUR, MONDAY, MONDAY + DAY, teams=[ann.team] if ann.team else [])
        assert team == Span(at(10.5), at(11.5))


def test_who_may_not_read_events_asks_in_vain(crm: CRM, people: Mapping[str, User]) -> None:
    """Without a role that reads events there are no blocks, and nobody whom the actor doesn't see has any."""
    with crm.session(actor="admin") as session:
        session.create(User, name="Guest", external_id="guest", roles=[])
    with crm.session(actor="guest") as session, pytest.raises(AccessDeniedError):
        free_busy(session, MONDAY, MONDAY + DAY)
    with crm.session(actor="ann") as session:
        with pytest.raises(NotFoundError):
            free_busy(session, MONDAY, MONDAY + DAY, users=[ref_class("user")(999)])
        with pytest.raises(Refused, match="that lasts"):
            first_slot(session, timedelta(0), MONDAY, MONDAY + DAY)
