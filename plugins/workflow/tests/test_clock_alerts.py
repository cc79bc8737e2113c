"""Warnings and breaches of clocks: told once each, whatever happens to workers."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from crmkit import SYSTEM, Notice, User
from crmkit_workflow.clocks import alerts
from crmkit_workflow.clocks.alerts import tell_due
from crmkit_workflow.clocks.entities import Clock, ClockAlert
from tests.workflow.desk import Ticket, answering, berlin, clock_of, desk, make_rule, office

if TYPE_CHECKING:
    from crmkit import CRM
    from crmkit.testing.clock import FrozenClock
    from crmkit.testing.fixtures import CRMFactory


@pytest.fixture
def crm(make_crm: CRMFactory, clock: FrozenClock) -> CRM:
    """A service desk on a Monday at 9:00 in Berlin, with Bo, who works there, and Li above."""
    clock.now = berlin(2026, 3, 2, 9)
    crm = make_crm(["workflow", desk()])
    with crm.session(actor="admin") as session:
        li = session.create(User, name="Li", external_id="li", roles=["member"])
        session.create(User, name="Bo", external_id="bo", roles=["member"], manager=li)
        make_rule(session, {"priority == 'high'": "1:00"}, calendar=office(session))
    crm.worker().run_once()  # schedules begin
    return crm


def ticket_of_bo(crm: CRM, **values: Any) -> Ticket:
    """Create a ticket that belongs to Bo."""
    with crm.session(actor="admin") as session:
        bo = session.find(User, {"external_id": "bo"})[0]
        return session.create(Ticket, name="One", owner=bo, **values)


def told(crm: CRM) -> list[tuple[str, str]]:
    """Return who was told what."""
    with crm.session(actor=SYSTEM) as session:
        names = {each.id: each.external_id for each in session.find(User)}
        return [(names[int(each.recipient)], each.kind) for each in session.find(Notice, order="id")]


def events(crm: CRM) -> list[str]:
    """Return the events of clocks that were written."""
    event = crm.tables.system.event
    with crm.session(actor=SYSTEM) as session:
        wanted = event.c.name.in_(("clock.warned", "clock.breached"))
        return list(
            session.unit.connection.execute(event.select().where(wanted).with_only_columns(event.c.name)).scalars()
        )


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_a_warning_and_a_breach_are_told_once_each(crm: CRM, clock: FrozenClock) -> None:
    """At 80 % the owner is warned, at 100 % owner and superior are told; and never again, however often one looks."""
    ticket = ticket_of_bo(crm)
    clock.now = berlin(2026, 3, 2, 12, 11)
    crm.worker().run_once()
    assert told(crm) == []
    for minutes, expected in (
        (1, ["clock_warned"]),
        (47, ["clock_warned"]),
        (1, ["clock_warned"] + ["clock_breached"] * 2),
    ):
        clock.advance(minutes=minutes)
        for _again in range(2):
            crm.worker().run_once()
            assert [kind for _who, kind in told(crm)] == expected
    clock.advance(days=3)
    crm.worker().run_once()
    assert sorted(told(crm)) == [("bo", "clock_breached"), ("bo", "clock_warned"), ("li", "clock_breached")]
    assert events(crm) == ["clock.warned", "clock.breached"]
    with crm.session(actor="admin") as session:
        assert clock_of(session, ticket).breached
        assert [(each.what, each.due_at) for each in session.find(ClockAlert, order="id")] == [
            ("warning", berlin(2026, 3, 2, 12, 12)),
            ("breach", berlin(2026, 3, 2, 13)),
        ]


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_what_was_missed_while_nobody_worked_is_told_when_somebody_does(crm: CRM, clock: FrozenClock) -> None:
    """After downtime a breach is told with the moment at which it was, also of a ticket that was solved since."""
    late, early = ticket_of_bo(crm), ticket_of_bo(crm)
    clock.now = berlin(2026, 3, 2, 12, 30)
    with crm.session(actor="admin") as session:
        session.move(early, "solved")
    clock.now = berlin(2026, 3, 3, 12)
    with crm.session(actor="admin") as session:
        late = session.move(late, "solved")
    crm.worker().run_once()
    assert events(crm) == ["clock.breached"]  # and no warning of what has happened already
    with crm.session(actor="admin") as session:
        assert (clock_of(session, late).breached, clock_of(session, late).due_at) == (True, berlin(2026, 3, 2, 13))
        assert (clock_of(session, early).breached, clock_of(session, early).due_at) == (False, None)


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_nothing_is_told_of_what_waits_or_was_solved(crm: CRM, clock: FrozenClock) -> None:
    """A paused clock is never due; one that goes on is told of when its time is up."""
    ticket = ticket_of_bo(crm)
    with crm.session(actor="admin") as session:
        ticket = session.move(ticket, "waiting")
    clock.advance(days=30)
    crm.worker().run_once()
    assert events(crm) == []
    with crm.session(actor="admin") as session:
        session.move(ticket, "working")
    clock.advance(hours=5)
    crm.worker().run_once()
    assert events(crm) == ["clock.breached"]


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_a_shorter_target_warns_and_breaches_anew_only_what_was_not_told(crm: CRM, clock: FrozenClock) -> None:
    """A ticket that becomes urgent is breached at once if it is too late for that; back at ease, it stays breached."""
    ticket = ticket_of_bo(crm)
    clock.advance(hours=2)
    with crm.session(actor="admin") as session:
        ticket = session.update(ticket, priority="high")
    crm.worker().run_once()
    assert events(crm) == ["clock.breached"]
    with crm.session(actor="admin") as session:
        ticket = session.update(ticket, priority="normal")
        found = clock_of(session, ticket)
        assert (found.breached, found.next_at, found.due_at) == (True, None, berlin(2026, 3, 2, 13))
    clock.advance(days=1)
    crm.worker().run_once()
    assert events(crm) == ["clock.breached"]


def test_many_are_told_in_several_runs(crm: CRM, clock: FrozenClock, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run looks at so many clocks, and asks for another while there may be more; of each one it is told once."""
    monkeypatch.setattr(alerts, "BATCH", 4)
    with crm.session(actor="admin") as session:
        answering(session)
        session.create_many(Ticket, [{"name": f"T{each}"} for each in range(10)])
    clock.advance(days=5)
    crm.worker().run_once()
    assert events(crm) == ["clock.breached"] * 20
    with crm.session(actor=SYSTEM) as session:
        assert tell_due(session) == 0
        assert session.count(Clock, "breached") == session.count(ClockAlert) == 20


def test_a_clock_that_is_changed_at_this_moment_is_told_of_later(crm: CRM, clock: FrozenClock) -> None:
    """Whoever looks while a clock is being changed leaves it to the next run, and takes the others."""
    tickets = [ticket_of_bo(crm) for _number in range(3)]
    clock.advance(hours=6)
    with crm.session(actor=SYSTEM) as session:
        stale = clock_of(session, tickets[1])
        find = session.find

        def find_stale(*given: Any, **named: Any) -> Any:
            found = find(*given, **named)
            session.update(session.get(Clock, stale.id), elapsed=timedelta(minutes=1))
            session.unit.latest.clear()  # as if another transaction had done it
            return found

        session.find = find_stale  # type: ignore[method-assign]
        assert tell_due(session) == 3
    assert events(crm) == ["clock.breached"] * 2
    clock.advance(minutes=1)
    crm.worker().run_once()
    assert events(crm) == ["clock.breached"] * 3
