"""Clocks: business time that counts, pauses, is re-targeted and goes on, and rules that are data."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from crmkit import BusinessCalendar, Customer, SpecialDay, Team, User
from crmkit.errors import AccessDeniedError, Refused
from crmkit.testing.snapshots import refused
from crmkit_workflow.clocks.entities import Clock, ClockInterval, ClockRule, ClockTarget, ClockTerms
from tests.workflow.desk import (
    Ticket,
    answering,
    berlin,
    clock_of,
    clocks_of,
    desk,
    intervals_of,
    make_rule,
    office,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from crmkit import CRM
    from crmkit.testing.clock import FrozenClock
    from crmkit.testing.fixtures import CRMFactory

    Queries = Callable[[], AbstractContextManager[list[str]]]

HOUR = timedelta(hours=1)


@pytest.fixture
def crm(make_crm: CRMFactory, clock: FrozenClock) -> CRM:
    """A service desk on Friday, 2026-03-27, at 16:30 in Berlin: half an hour before the weekend."""
    clock.now = berlin(2026, 3, 27, 16, 30)
    return make_crm(["workflow", desk()])


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_four_business_hours_over_a_weekend(crm: CRM) -> None:
    """A ticket of Friday 16:30 that may take four hours is due on Monday at 12:30, and is warned of at 80 %."""
    with crm.session(actor="admin") as session:
        make_rule(session, calendar=office(session))
        ticket = session.create(Ticket, name="One")
        clock = clock_of(session, ticket)
    assert (clock.state, clock.target, clock.started_at) == ("running", 4 * HOUR, berlin(2026, 3, 27, 16, 30))
    assert clock.due_at == berlin(2026, 3, 30, 12, 30)
    assert clock.warning_at == clock.next_at == berlin(2026, 3, 30, 11, 42)


def test_two_clocks_side_by_side(crm: CRM, clock: FrozenClock) -> None:
    """First response and resolution run apart: the answer stops one, a reopened ticket resumes the other only."""
    with crm.session(actor="admin") as session:
        calendar = office(session)
        make_rule(session, calendar=calendar)
        answering(session, calendar=calendar)
        ticket = session.create(Ticket, name="One")
    clock.advance(minutes=15)
    with crm.session(actor="admin") as session:
        ticket = session.update(ticket, answered=True)
        assert {name: each.state for name, each in clocks_of(session, ticket).items()} == {
            "first_response": "stopped",
            "resolution": "running",
        }
        ticket = session.move(ticket, "solved")
    clock.now = berlin(2026, 3, 30, 10)
    with crm.session(actor="admin") as session:
        ticket = session.move(ticket, "working")
        ticket = session.update(ticket, answered=False)
        found = clocks_of(session, ticket)
        first, resolution = found["first_response"], found["resolution"]
        assert (first.state, first.elapsed, first.due_at) == ("stopped", HOUR / 4, None)
        assert (resolution.state, resolution.elapsed, resolution.stopped_at) == ("running", HOUR / 4, None)
        assert resolution.due_at == berlin(2026, 3, 30, 13, 45)


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_waiting_time_does_not_count(crm: CRM, clock: FrozenClock) -> None:
    """While a ticket waits for the customer nothing is due; what had passed before stays, and the rest comes after."""
    with crm.session(actor="admin") as session:
        make_rule(session, calendar=office(session))
        ticket = session.create(Ticket, name="One")
    start = clock.now
    clock.advance(minutes=10)
    with crm.session(actor="admin") as session:
        ticket = session.move(ticket, "waiting")
        paused = clock_of(session, ticket)
        assert (paused.state, paused.due_at, paused.next_at) == ("paused", None, None)
    clock.now = berlin(2026, 4, 1, 9)
    with crm.session(actor="admin") as session:
        ticket = session.move(ticket, "working")
        going = clock_of(session, ticket)
        assert going.elapsed == timedelta(minutes=10)
        assert going.due_at == berlin(2026, 4, 1, 12, 50)
        assert intervals_of(session, going) == [
            ("running", start, start + timedelta(minutes=10)),
            ("paused", start + timedelta(minutes=10), clock.now),
            ("running", clock.now, None),
        ]


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_another_priority_changes_the_target_and_not_the_time_that_has_passed(crm: CRM, clock: FrozenClock) -> None:
    """Re-targeted, a clock keeps its elapsed time; the new target counts from the start, and may be over."""
    with crm.session(actor="admin") as session:
        targets = {"priority == 'high'": "0:20", "priority == 'low'": "8:00"}
        make_rule(session, targets, calendar=office(session))
        ticket = session.create(Ticket, name="One", priority="low")
        assert clock_of(session, ticket).due_at == berlin(2026, 3, 30, 16, 30)
    clock.advance(minutes=25)
    with crm.session(actor="admin") as session:
        ticket = session.update(ticket, priority="normal")
        assert clock_of(session, ticket).due_at == berlin(2026, 3, 30, 12, 30)
        ticket = session.update(ticket, priority="high")
        found = clock_of(session, ticket)
        assert found.due_at == found.started_at + timedelta(minutes=20)
        assert intervals_of(session, found) == [("running", found.started_at, None)]


@pytest.mark.row("N28")
def test_customers_of_a_better_grade_are_served_sooner(crm: CRM) -> None:
    """Targets follow the grade and the segment of the customer behind the record; the first that applies counts."""
    with crm.session(actor="admin") as session:
        always = session.create(BusinessCalendar, name="Always", hours="24/7")
        targets = {"customer.level == 'a'": "1:00", "customer.industry == 'health'": "2:00"}
        make_rule(session, targets, calendar=always)
        found = {}
        for name, values in {
            "gold": {"level": "a"},
            "silver": {"level": "b"},
            "clinic": {"level": "b", "industry": "health"},
            "both": {"level": "a", "industry": "health"},
        }.items():
            customer = session.create(Customer, name=name, **values)
            found[name] = clock_of(session, session.create(Ticket, name=name, customer=customer))
        assert {name: each.target / HOUR for name, each in found.items()} == {
            "gold": 1,
            "silver": 4,
            "clinic": 2,
            "both": 1,
        }
        assert found["gold"].due_at == found["gold"].started_at + HOUR


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_the_first_rule_that_applies_counts(crm: CRM) -> None:
    """Of rules for one measure, position decides; a rule that applies and hasn't started yet keeps its place."""
    with crm.session(actor="admin") as session:
        make_rule(session, name="All", position=2, target="9:00")
        make_rule(session, name="High", position=1, target="1:00", applies_if="priority == 'high'")
        make_rule(session, name="Low", position=1, applies_if="priority == 'low'", starts_if="owner is not None")
        plain, high = (session.create(Ticket, name=each, priority=each) for each in ("normal", "high"))
        low = session.create_many(Ticket, [{"name": "low", "priority": "low"}])[0]
        assert clock_of(session, plain).target == 9 * HOUR
        assert clock_of(session, high).target == HOUR
        assert clock_of(session, low).target == 4 * HOUR  # whoever creates it owns it
        low = session.create(Ticket, name="done", priority="low", stage="solved")
        assert clocks_of(session, low) == {}


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_a_changed_rule_leaves_running_clocks_alone(crm: CRM, clock: FrozenClock) -> None:
    """Clocks go by the terms under which they started, whatever becomes of their rule; new ones by the new terms."""
    with crm.session(actor="admin") as session:
        calendar = office(session)
        rule = make_rule(session, {"priority == 'high'": "2:00"}, calendar=calendar)
        old = session.create(Ticket, name="Old")
        rule = session.update(rule, target="8:00", pauses_if=None)
        target = session.find(ClockTarget)[0]
        session.update(target, target="0:30")
        new = session.create(Ticket, name="New")
        assert (clock_of(session, old).target, clock_of(session, new).target) == (4 * HOUR, 8 * HOUR)
        old = session.update(old, priority="high")
        new = session.update(new, priority="high")
        assert (clock_of(session, old).target, clock_of(session, new).target) == (2 * HOUR, HOUR / 2)
        old, new = session.move(old, "waiting"), session.move(new, "waiting")
        assert (clock_of(session, old).state, clock_of(session, new).state) == ("paused", "running")
        session.delete(rule)
        old = session.move(old, "solved")
        assert clock_of(session, old).state == "stopped"
        assert clocks_of(session, session.create(Ticket, name="Later")) == {}
        numbers = [each.number for each in session.find(ClockTerms, order="number")]
        assert numbers == list(range(1, len(numbers) + 1))
        assert session.count(ClockTerms, "current") == 0
        session.restore(ClockRule, rule.id)
        again = session.create(Ticket, name="Again", priority="high")
        assert clock_of(session, again).target == HOUR / 2


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_a_batch_takes_as_many_statements_as_one(crm: CRM) -> None:
    """Clocks follow a hundred tickets in as many statements as ten."""
    import sqlalchemy as sa

    counted: list[str] = []
    with crm.session(actor="admin") as session:
        make_rule(session, {"customer.level == 'a'": "1:00"}, calendar=office(session))
        answering(session)
    sa.event.listen(crm.engine, "before_cursor_execute", lambda *given: counted.append(given[2]))
    numbers = []
    for count in (10, 100):
        with crm.session(actor="admin") as session:
            tickets = session.create_many(Ticket, [{"name": f"T{each}"} for each in range(count)])
        with crm.session(actor="admin") as session:
            session.count(Clock)
            counted.clear()
            session.update_many((each, {"priority": "high"}) for each in tickets)
            numbers.append(len([each for each in counted if each.startswith("SELECT")]))
    assert numbers[0] == numbers[1]


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_entities_without_rules_cost_one_look_at_the_rules(crm: CRM, queries: Queries) -> None:
    """Writing what no clock is for asks for the rules once in a transaction, and nothing else."""
    with crm.session(actor="admin") as session:
        make_rule(session)
    with crm.session(actor="admin") as session, queries() as asked:
        for number in range(3):
            session.update(session.create(Customer, name=f"C{number}"), city="Paris")
    assert len([each for each in asked if "workflow_clock" in each]) == 1


def test_what_rules_said_before_costs_writers_nothing(crm: CRM, queries: Queries) -> None:
    """However often rules were changed, as much is read and asked; only clocks that go by old terms ask for these."""
    found = []
    with crm.session(actor="admin") as session:
        rule = make_rule(session)
        old = session.create(Ticket, name="Old")
    for _time in range(2):
        with crm.session(actor="admin") as session:
            for number in range(5):
                rule = session.update(rule, pauses_if=f"priority == 'low' or name == '{rule.version} {number}'")
            new = session.create(Ticket, name="New")
        with crm.session(actor="admin") as session, queries() as asked:
            session.update(new, name="Newer")
        found.append(asked)
    assert found[0] == found[1]
    with crm.session(actor="admin") as session, queries() as asked:
        session.update(old, name="Older")
    assert len(asked) == len(found[0]) + 1


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_owners_of_clocks_follow_their_records(crm: CRM) -> None:
    """A clock belongs to whoever owns its record."""
    with crm.session(actor="admin") as session:
        make_rule(session)
        team = session.create(Team, name="Desk")
        bo = session.create(User, name="Bo", external_id="bo", team=team)
        ticket = session.create(Ticket, name="One")
        session.update(ticket, owner=bo)
        assert session.count(Clock, "owner.team.name == 'Desk'") == 1


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_clocks_go_and_come_back_with_their_record(crm: CRM) -> None:
    """Deleting a ticket takes its clocks along, restoring brings them back; alone, they can't be deleted or written."""
    with crm.session(actor="admin") as session:
        make_rule(session)
        ticket = session.create(Ticket, name="One")
    with crm.session(actor="admin") as session:
        for entity in (Clock, ClockInterval, ClockTerms):
            with refused(crm, session, Refused):
                session.delete(session.find(entity)[0])
        with refused(crm, session, Refused):
            session.update(session.find(Clock)[0], due_at=None)
        with refused(crm, session, Refused, AccessDeniedError):
            session.create(ClockInterval, clock=session.find(Clock)[0], state="running", since="2026-01-01")
        session.delete(ticket)
        assert (session.count(Clock), session.count(ClockInterval)) == (0, 0)
        session.restore(Ticket, ticket.id)
        assert (session.count(Clock), session.count(ClockInterval)) == (1, 1)


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_rules_of_which_nothing_could_come_are_refused(crm: CRM) -> None:
    """A wrong filter, an entity that there isn't, a target of no time: each is refused with its field."""
    with crm.session(actor="admin") as session:
        wrong: tuple[tuple[dict[str, Any], str], ...] = (
            ({"entity": "tickets"}, "entity"),
            ({"entity": "clock"}, "entity"),
            ({"applies_if": "colour == 'red'"}, "applies_if"),
            ({"pauses_if": "owner == given.me"}, "pauses_if"),
            ({"stops_if": "stage.kind =="}, "stops_if"),
            ({"target": "0:00"}, "target"),
            ({"measure": "First response"}, "measure"),
        )
        for values, path in wrong:
            with refused(crm, session, Refused) as caught:
                make_rule(session, **values)
            assert isinstance(caught.value, Refused)
            assert path in {each.path for each in caught.value.refusals}, values
        rule = make_rule(session)
        with refused(crm, session, Refused):
            session.update(rule, entity="customer")
        with refused(crm, session, Refused):
            session.create(ClockTarget, rule=rule, applies_if="nothing", target="1:00")
        session.create(User, name="Bo", external_id="bo", roles=["member"])
    with crm.session(actor="bo") as session, refused(crm, session, Refused, AccessDeniedError):
        session.create(ClockRule, name="Mine", entity="ticket", target="1:00", stops_if="answered")


def test_when_it_is_due_follows_the_calendar(crm: CRM, clock: FrozenClock) -> None:
    """After a holiday is added, or hours change, open clocks are computed anew by a job; what has stopped stays."""
    with crm.session(actor="admin") as session:
        calendar = office(session)
        make_rule(session, calendar=calendar)
        tickets = session.create_many(Ticket, [{"name": f"T{each}"} for each in range(3)])
        tickets[1] = session.move(tickets[1], "waiting")
        tickets[2] = session.move(tickets[2], "solved")
        before = clock_of(session, tickets[2])
    with crm.session(actor="admin") as session:
        session.create(SpecialDay, calendar=calendar, day="2026-03-30", name="Closed")
    crm.worker().run_once()
    with crm.session(actor="admin") as session:
        found = clock_of(session, tickets[0])
        assert (found.due_at, found.warning_at) == (berlin(2026, 3, 31, 12, 30), berlin(2026, 3, 31, 11, 42))
        assert clock_of(session, tickets[1]).due_at is None
        assert clock_of(session, tickets[2]) == before
        version = found.version
        session.update(session.get(BusinessCalendar, calendar.id), hours="Mo-Fr 10:00-18:00")
    crm.worker().run_once()
    with crm.session(actor="admin") as session:
        found = clock_of(session, tickets[0])
        assert (found.due_at, found.version) == (berlin(2026, 3, 31, 12, 30), version)  # an hour later, an hour longer
    clock.now = berlin(2026, 3, 31, 11)
    with crm.session(actor="admin") as session:
        session.move(tickets[1], "working")
        assert clock_of(session, tickets[1]).due_at == berlin(2026, 3, 31, 15)
