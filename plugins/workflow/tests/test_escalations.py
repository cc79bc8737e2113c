"""Escalations: the first rule that applies, several levels by age, each done once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from crmkit import SYSTEM, BusinessCalendar, Notice, Rule, User
from crmkit.errors import Refused
from crmkit.testing.plugins import make_plugin
from crmkit.testing.snapshots import refused
from crmkit_workflow.escalations import sweep
from crmkit_workflow.escalations.entities import Escalation, EscalationLevel, EscalationRule
from crmkit_workflow.ownership.entities import OwnershipRecord
from crmkit_workflow.queues.distributing import distribute, put
from crmkit_workflow.queues.entities import Queue, QueueItem, QueueMember
from tests.workflow.desk import Ticket, berlin, desk

if TYPE_CHECKING:
    from crmkit import CRM
    from crmkit.testing.clock import FrozenClock
    from crmkit.testing.fixtures import CRMFactory

UNHAPPY = Rule(
    name="never_dropped", entity="ticket", when="priority == 'high' and name == 'Cursed'", message="It is cursed."
)


@pytest.fixture
def crm(make_crm: CRMFactory, clock: FrozenClock) -> CRM:
    """A service desk on a Friday at 16:00 in Berlin: Bo, Li above, and Mo above both."""
    clock.now = berlin(2026, 3, 27, 16)
    crm = make_crm(["workflow", desk(), make_plugin("curse", UNHAPPY, after=["desk"])])
    with crm.session(actor="admin") as session:
        mo = session.create(User, name="Mo", external_id="mo")
        li = session.create(User, name="Li", external_id="li", manager=mo)
        session.create(User, name="Bo", external_id="bo", manager=li)
    crm.worker().run_once()  # schedules begin
    return crm


def make_escalation(crm: CRM, *levels: dict[str, Any], **values: Any) -> EscalationRule:
    """Create a rule for open tickets."""
    with crm.session(actor="admin") as session:
        rule = session.create(EscalationRule, **{"name": "Left alone", "entity": "ticket", **values})
        session.create_many(EscalationLevel, ({"rule": rule, **each} for each in levels))
        return rule


def ticket_of(crm: CRM, owner: str = "bo", **values: Any) -> Ticket:
    """Create a ticket."""
    with crm.session(actor="admin") as session:
        user = session.find(User, {"external_id": owner})[0]
        return session.create(Ticket, **{"name": "One", "owner": user, **values})


def run(crm: CRM, clock: FrozenClock, **later: float) -> None:
    """Let time pass, and have a worker do what is due."""
    clock.advance(**later)
    crm.worker().run_once()


def told(crm: CRM) -> list[str]:
    """Return who was told, in order."""
    with crm.session(actor=SYSTEM) as session:
        names = {each.id: each.external_id for each in session.find(User)}
        return [names[int(each.recipient)] for each in session.find(Notice, order="id")]


def now_is(crm: CRM, ticket: Ticket) -> Ticket:
    """Return a ticket as it is now."""
    with crm.session(actor=SYSTEM) as session:
        return session.get(Ticket, ticket.id)


def owner_name(crm: CRM, ticket: Ticket) -> str:
    """Return whose a ticket is."""
    with crm.session(actor=SYSTEM) as session:
        return str(session.rows(Ticket, ["owner.external_id"], {"id": ticket.id})[0][0])


def test_levels_are_reached_one_after_the_other_and_done_once(crm: CRM, clock: FrozenClock) -> None:
    """After an hour the owner is told, after two it is urgent and the superior's, after a day somebody else's, too."""
    with crm.session(actor="admin") as session:
        mo = session.find(User, {"external_id": "mo"})[0]
    make_escalation(
        crm,
        {"after": "1:00"},
        {"after": "2:00", "field": "priority", "value": "high", "to_superior": True},
        {"after": "24:00", "tell_owner": False, "to": mo},
    )
    ticket = ticket_of(crm)
    run(crm, clock, minutes=55)
    assert told(crm) == []
    run(crm, clock, minutes=5)
    run(crm, clock, minutes=55)
    assert told(crm) == ["bo"]
    run(crm, clock, minutes=5)
    run(crm, clock, minutes=5)
    assert sorted(told(crm)) == ["bo", "bo", "li"]
    assert (now_is(crm, ticket).priority, owner_name(crm, ticket)) == ("high", "li")
    run(crm, clock, days=5)
    run(crm, clock, days=5)
    assert (told(crm)[3:], owner_name(crm, ticket)) == (["mo"], "mo")
    with crm.session(actor="admin") as session:
        assert session.count(Escalation) == 3


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_after_downtime_all_levels_that_were_reached_are_done(crm: CRM, clock: FrozenClock) -> None:
    """Nobody worked for days: one run does all levels, the highest decides, and each is written down once."""
    make_escalation(
        crm,
        {"after": "1:00", "field": "priority", "value": "low"},
        {"after": "2:00", "field": "priority", "value": "high"},
    )
    ticket = ticket_of(crm)
    run(crm, clock, days=4)
    found = now_is(crm, ticket)
    assert (found.priority, found.version) == ("high", 2)
    with crm.session(actor="admin") as session:
        assert session.count(Escalation, {"record": ticket}) == 2


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_the_first_rule_that_applies_counts(crm: CRM, clock: FrozenClock) -> None:
    """A ticket is escalated by one rule, that with the lowest position of those that apply; a closed one by none."""
    make_escalation(crm, {"after": "1:00"}, name="All", position=2)
    make_escalation(
        crm, {"after": "1:00"}, name="High", position=1, applies_if="stage.kind == 'open' and priority == 'high'"
    )
    make_escalation(crm, {"after": "1:00"}, name="Off", position=0, active=False)
    tickets = {each: ticket_of(crm, name=each, priority=each) for each in ("normal", "high")}
    ticket_of(crm, name="solved", stage="solved")
    run(crm, clock, hours=2)
    with crm.session(actor="admin") as session:
        rows = session.rows(Escalation, ["record", "rule.name"], order="id")
    assert sorted(rows) == sorted([(tickets["normal"].ref, "All"), (tickets["high"].ref, "High")])


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
@pytest.mark.parametrize(("age_from", "expected"), [("created", 1), ("untouched", 0), ("changed", 0)])
def test_an_age_counts_from_creation_or_from_the_last_change(
    crm: CRM, clock: FrozenClock, age_from: str, expected: int
) -> None:
    """Touched after half an hour, a ticket is an hour old after an hour, after half an hour more, or never."""
    make_escalation(crm, {"after": "1:00"}, age_from=age_from)
    ticket = ticket_of(crm)
    clock.advance(minutes=30)
    with crm.session(actor="admin") as session:
        session.update(ticket, name="Touched")
    run(crm, clock, minutes=30)
    assert len(told(crm)) == expected
    run(crm, clock, minutes=30)
    assert len(told(crm)) == {"created": 1, "untouched": 0, "changed": 1}[age_from]


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
@pytest.mark.parametrize("age_from", ["untouched", "changed"])
def test_what_an_escalation_does_is_no_change(crm: CRM, clock: FrozenClock, age_from: str) -> None:
    """A level that changes the record neither ends the age nor begins it anew; a change by somebody else does."""
    make_escalation(crm, {"after": "1:00", "field": "priority", "value": "high"}, {"after": "3:00"}, age_from=age_from)
    ticket = ticket_of(crm)
    run(crm, clock, hours=1)
    run(crm, clock, hours=1)
    assert len(told(crm)) == 1
    run(crm, clock, hours=1)
    assert len(told(crm)) == 2
    with crm.session(actor="admin") as session:
        session.update(session.get(Ticket, ticket.id), name="Touched")
    for _hour in range(3):
        run(crm, clock, hours=1)
    assert len(told(crm)) == (2 if age_from == "untouched" else 4)


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_an_age_counts_by_business_hours_if_wished(crm: CRM, clock: FrozenClock) -> None:
    """Two hours from Friday 16:00: by all hours, by the calendar's, or by those of who owns it."""
    with crm.session(actor="admin") as session:
        office = session.create(BusinessCalendar, name="Office", time_zone="Europe/Berlin", hours="Mo-Fr 09:00-17:00")
        weekend = session.create(BusinessCalendar, name="Weekend", time_zone="Europe/Berlin", hours="Sa-Su 09:00-17:00")
        li = session.find(User, {"external_id": "li"})[0]
        session.update(li, business_calendar=weekend)
    for name, hours in (("low", "elapsed"), ("normal", "calendar"), ("high", "owner")):
        rule = {"name": name, "hours": hours, "calendar": office, "applies_if": f"priority == '{name}'"}
        make_escalation(crm, {"after": "2:00"}, **rule)
        ticket_of(crm, "li", name=name, priority=name)

    def escalated(*moment: int) -> set[str]:
        clock.now = berlin(*moment)
        crm.worker().run_once()
        with crm.session(actor="admin") as session:
            return {str(each[0]) for each in session.rows(Escalation, ["rule.name"])}

    assert escalated(2026, 3, 27, 18) == {"low"}
    assert escalated(2026, 3, 28, 10, 55) == {"low"}
    assert escalated(2026, 3, 28, 11) == {"low", "high"}
    assert escalated(2026, 3, 30, 9, 55) == {"low", "high"}
    assert escalated(2026, 3, 30, 10) == {"low", "high", "normal"}


def test_what_is_refused_is_noted_and_told_and_stops_nobody_else(crm: CRM, clock: FrozenClock) -> None:
    """A record whose escalation a rule refuses is told of all the same, with the reason; others are escalated."""
    make_escalation(crm, {"after": "1:00", "field": "priority", "value": "high"})
    cursed, fine = ticket_of(crm, name="Cursed"), ticket_of(crm)
    run(crm, clock, hours=1)
    run(crm, clock, hours=1)
    assert [now_is(crm, each).priority for each in (cursed, fine)] == ["normal", "high"]
    assert told(crm) == ["bo", "bo"]
    with crm.session(actor="admin") as session:
        problems = {each.record: each.problem for each in session.find(Escalation)}
    assert problems[fine.ref] is None
    assert "It is cursed." in str(problems[cursed.ref])


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_many_are_escalated_in_several_runs(crm: CRM, clock: FrozenClock, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run takes so many records of one rule, and asks for another for those behind them."""
    monkeypatch.setattr(sweep, "BATCH", 3)
    make_escalation(crm, {"after": "1:00", "field": "priority", "value": "high"})
    with crm.session(actor="admin") as session:
        session.create_many(Ticket, [{"name": f"T{each}"} for each in range(10)])
    run(crm, clock, hours=1)
    with crm.session(actor="admin") as session:
        assert (session.count(Escalation), session.count(Ticket, {"priority": "high"})) == (10, 10)


def test_a_level_is_never_done_twice_whatever_is_read(
    crm: CRM, clock: FrozenClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Even a worker that doesn't see what was done before does nothing twice: a unique constraint stands behind it."""
    rule = make_escalation(crm, {"after": "1:00", "field": "priority", "value": "high"})
    ticket = ticket_of(crm)
    run(crm, clock, hours=1)
    before = now_is(crm, ticket)
    monkeypatch.setattr(sweep, "done_before", lambda *_given: {})
    with crm.session(actor=SYSTEM) as session:
        session.update(session.get(Ticket, ticket.id), priority="normal")
        sweep.escalate(session, rule.id)
        assert session.count(Escalation) == 1
    assert (now_is(crm, ticket).priority, told(crm)) == ("normal", ["bo"])
    assert before.priority == "high"


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_rules_and_levels_of_which_nothing_comes_are_refused(crm: CRM) -> None:
    """A wrong filter, a level that does nothing, a field or value that there isn't: each is refused with its field."""
    rule = make_escalation(crm, {"after": "1:00"})
    levels: tuple[tuple[dict[str, Any], str], ...] = (
        ({"after": "2:00", "tell_owner": False}, "tell_owner"),
        ({"after": "0:00"}, "after"),
        ({"after": "1:00"}, "rule, after"),
        ({"after": "2:00", "field": "colour", "value": "red"}, "field"),
        ({"after": "2:00", "field": "priority", "value": "purple"}, "value"),
        ({"after": "2:00", "value": "high"}, "field"),
        ({"after": "2:00", "to_superior": True, "to": 1}, "to"),
    )
    with crm.session(actor="admin") as session:
        for values, path in levels:
            with refused(crm, session, Refused) as caught:
                session.create(EscalationLevel, rule=rule, **values)
            assert isinstance(caught.value, Refused)
            assert path in {each.path for each in caught.value.refusals}, values
        for wrong in ({"applies_if": "colour == 'red'"}, {"entity": "nothing"}):
            with refused(crm, session, Refused):
                session.create(EscalationRule, **{"name": "Wrong", "entity": "ticket", **wrong})
        user = session.create(User, name="Al", external_id="al", roles=["member"])
        assert user.active
    with crm.session(actor="al") as session, refused(crm, session, Refused):
        session.create(EscalationRule, name="Mine", entity="ticket")


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_a_level_sets_nothing_that_only_programs_write(crm: CRM) -> None:
    """Nobody approves a deal by having it escalated."""
    with crm.session(actor="admin") as session:
        rule = session.create(EscalationRule, name="Approve", entity="opportunity")
        with refused(crm, session, Refused) as caught:
            session.create(EscalationLevel, rule=rule, after="1:00", field="approval", value="approved")
        assert "that could be set" in str(caught.value)


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_escalations_are_not_forgotten(crm: CRM, clock: FrozenClock) -> None:
    """Nobody deletes what was reached, as it would be reached again; it goes with its record."""
    make_escalation(crm, {"after": "1:00"})
    ticket = ticket_of(crm)
    run(crm, clock, hours=1)
    with crm.session(actor="admin") as session:
        with refused(crm, session, Refused):
            session.delete(session.find(Escalation)[0])
        session.delete(session.get(Ticket, ticket.id))
        assert session.count(Escalation) == 0


def make_queue(crm: CRM, *members: str, **values: Any) -> Queue:
    """Create a queue of tickets in which some users work."""
    with crm.session(actor="admin") as session:
        queue = session.create(Queue, **{"name": "Second level", "entity": "ticket", **values})
        for name in members:
            session.create(QueueMember, queue=queue, user=session.find(User, {"external_id": name})[0])
        return queue


def places(crm: CRM, ticket: Ticket) -> list[tuple[str, bool, str | None]]:
    """Return the places in queues that a ticket has had: whether they are open, and who has it."""
    with crm.session(actor=SYSTEM) as session:
        paths = ["queue.name", "is_open", "assignee.external_id"]
        return list(session.rows(QueueItem, paths, {"record": ticket}, order="id"))  # type: ignore[arg-type]


def test_a_queue_gets_it_and_gives_it_to_a_member(crm: CRM, clock: FrozenClock) -> None:
    """Not to who let it lie, who is told, and so is whoever gets it; that the queue gives it out is no change."""
    queue = make_queue(crm, "bo", "mo")
    make_escalation(crm, {"after": "1:00", "to_queue": queue}, {"after": "3:00"}, age_from="changed")
    ticket = ticket_of(crm)
    run(crm, clock, hours=1)
    assert (owner_name(crm, ticket), sorted(told(crm))) == ("mo", ["bo", "mo"])
    assert places(crm, ticket) == [("Second level", True, "mo")]
    run(crm, clock, hours=2)
    assert sorted(told(crm)) == ["bo", "mo", "mo"]
    with crm.session(actor="admin") as session:
        assert [each.problem for each in session.find(Escalation)] == [None, None]
        ways = [(each.how, each.from_owner is None) for each in session.find(OwnershipRecord, order="id")]
        assert ways == [("released", False), ("distributed", True)]


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_it_waits_in_a_queue_until_somebody_can_take_it(crm: CRM, clock: FrozenClock) -> None:
    """It leaves the queue that it came from; with nobody else there, it may go back to who had it, the next time."""
    first, second = make_queue(crm, "bo", name="First"), make_queue(crm, "bo", name="Second")
    make_escalation(crm, {"after": "1:00", "to_queue": second})
    ticket = ticket_of(crm)
    with crm.session(actor="admin") as session:
        put(session, first, [ticket])
        distribute(session, first)
    assert places(crm, ticket) == [("First", True, "bo")]
    run(crm, clock, hours=1)
    assert places(crm, ticket) == [("First", False, "bo"), ("Second", True, None)]
    assert now_is(crm, ticket).owner is None
    with crm.session(actor="admin") as session:
        distribute(session, second)
    assert owner_name(crm, ticket) == "bo"


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_of_several_levels_the_highest_says_who_gets_it(crm: CRM, clock: FrozenClock) -> None:
    """A queue after a superior, or a superior after a queue; a queue that is off gets nothing, which is noted."""
    queue, off = make_queue(crm, "mo"), make_queue(crm, "mo", name="Off")
    levels = {
        "queue last": ({"after": "1:00", "to_superior": True}, {"after": "2:00", "to_queue": queue}),
        "queue first": ({"after": "1:00", "to_queue": queue}, {"after": "2:00", "to_superior": True}),
        "off": ({"after": "1:00", "to_queue": off},),
    }
    tickets = {}
    for name, some in levels.items():
        make_escalation(crm, *some, name=name, applies_if=f"name == '{name}'")
        tickets[name] = ticket_of(crm, name=name)
    with crm.session(actor="admin") as session:
        session.update(session.get(Queue, off.id), active=False)
    run(crm, clock, hours=3)
    owners = {name: owner_name(crm, each) for name, each in tickets.items()}
    assert owners == {"queue last": "mo", "queue first": "li", "off": "bo"}
    with crm.session(actor="admin") as session:
        (noted,) = session.find(Escalation, {"record": tickets["off"]})
        assert "not active" in str(noted.problem)
        rule = session.find(EscalationRule, {"name": "off"})[0]
        customers = session.create(Queue, name="Customers")
        for wrong in ({"to_queue": customers}, {"to_queue": queue, "to_superior": True}):
            with refused(crm, session, Refused) as caught:
                session.create(EscalationLevel, rule=rule, after="9:00", **wrong)
            assert "to_queue" in str(caught.value)


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_that_nobody_is_there_to_get_it_is_noted(crm: CRM, clock: FrozenClock) -> None:
    """A superior that there isn't, and a new owner who has left: the record stays, and is told of all the same."""
    with crm.session(actor="admin") as session:
        gone = session.create(User, name="Ed", external_id="ed", active=False)
    make_escalation(crm, {"after": "1:00", "to_superior": True}, applies_if="name == 'Top'")
    make_escalation(crm, {"after": "1:00", "to": gone}, applies_if="name == 'Left'")
    top, left = ticket_of(crm, "mo", name="Top"), ticket_of(crm, "bo", name="Left")
    run(crm, clock, hours=1)
    assert [owner_name(crm, each) for each in (top, left)] == ["mo", "bo"]
    assert sorted(told(crm)) == ["bo", "mo"]
    with crm.session(actor="admin") as session:
        assert {each.problem for each in session.find(Escalation)} == {"Nobody active is there to get it."}
