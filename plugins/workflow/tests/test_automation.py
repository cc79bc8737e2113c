"""Rules as data: when something happens, if a filter is met, then actions that plugins register are done, once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmkit import SYSTEM, Customer, Opportunity, User
from crmkit.core.lifecycle import actions
from crmkit_workflow.automation import carrying_out, noting
from crmkit_workflow.automation.crossing import crosses
from crmkit_workflow.automation.entities import AutomationRule, AutomationRun
from crmkit_workflow.queues.entities import Queue, QueueMember
from tests.workflow.automating import (
    SET_HIGH,
    TELL,
    automated_desk,
    change,
    log,
    now_is,
    refusing,
    rule_of,
    ticket_of,
    told,
    work,
)
from tests.workflow.desk import Ticket

if TYPE_CHECKING:
    from collections.abc import Mapping

    from crmkit import CRM, Record, Session
    from crmkit.testing.clock import FrozenClock
    from crmkit.testing.fixtures import CRMFactory


@pytest.fixture
def crm(make_crm: CRMFactory, clock: FrozenClock) -> CRM:
    """A service desk on a Friday at 16:00 in Berlin: Bo, and Li above."""
    return automated_desk(make_crm, clock)


def test_a_new_record_that_meets_the_filter_has_its_actions_done(crm: CRM) -> None:
    """After the commit, by a worker, in their order, quoting the record as it is by then; and it is in the log."""
    rule_of(crm, SET_HIGH, TELL, applies_if="name == 'One'")
    one, two = ticket_of(crm), ticket_of(crm, name="Two")
    assert now_is(crm, one).priority == "normal"
    work(crm)
    work(crm)
    assert (now_is(crm, one).priority, now_is(crm, two).priority) == ("high", "normal")
    assert told(crm) == [("bo", "One of Bo is High")]
    assert log(crm) == [("created 1", "done", None)]


def test_a_changed_field_is_an_occasion_each_time(crm: CRM) -> None:
    """Of the field that is named, or any; and never is what the rule itself does."""
    rule_of(crm, TELL, when="changed", field="answered", name="Answered")
    rule_of(crm, ("set_field", {"field": "name", "value": "{name}!"}), when="changed", name="Any")
    ticket = ticket_of(crm)
    work(crm)
    assert log(crm) == []
    ticket = change(crm, ticket, answered=True)
    ticket = change(crm, ticket, priority="low")
    work(crm)
    assert [(occasion, state) for occasion, state, _problem in log(crm)] == [("changed 2", "done")] * 2 + [
        ("changed 3", "done")
    ]
    assert now_is(crm, ticket).name == "One!!"


def test_a_stage_is_entered(crm: CRM) -> None:
    """The filter says which; a stage that is entered when the record is created is no move."""
    rule_of(crm, TELL, when="moved", applies_if="stage == 'working'")
    ticket = ticket_of(crm)
    with crm.session(actor="admin") as session:
        ticket = session.move(session.get(Ticket, ticket.id), "working")
    work(crm)
    with crm.session(actor="admin") as session:
        session.move(session.get(Ticket, ticket.id), "solved")
    work(crm)
    assert log(crm) == [("moved 2", "done", None)]


def test_a_field_reaches_a_value(crm: CRM) -> None:
    """Each time it crosses, from the side that the rule names; money by its worth in the base currency."""
    rule_of(crm, ("notify", {"text": "{amount}"}), entity="opportunity", when="crosses", field="amount", value="1000")
    with crm.session(actor="admin") as session:
        bo = session.find(User, {"external_id": "bo"})[0]
        deal = session.create(Opportunity, name="Deal", amount=999, owner=bo)
        for amount in (1000, 5000, 900, 1001, None):
            deal = session.update(deal, amount=amount)
        session.create(Opportunity, name="Large", amount=2000, owner=bo)
    work(crm)
    assert [occasion for occasion, _state, _problem in log(crm)] == ["crosses 2", "crosses 5", "crosses 1"]


@given(
    values=st.lists(st.none() | st.integers(-3, 3), min_size=2, max_size=8),
    value=st.integers(-2, 2),
)
def test_between_two_rises_lies_a_fall(values: list[int | None], value: int) -> None:
    """Whatever comes, a value that has risen to another one is below it before it rises again; `either` is both."""
    above = False
    for before, after in zip([None, *values], values, strict=False):
        rises, falls, either = (crosses(before, after, value, each) for each in ("rises", "falls", "either"))
        assert either == (rises or falls)
        assert not (rises and falls)
        assert rises == (not above and after is not None and after >= value)
        above = after is not None and after >= value


def test_a_declared_event_happens(crm: CRM) -> None:
    """Any event that a plugin emits about records of the entity is an occasion, each time."""
    rule_of(crm, TELL, when="event", event="ticket.complained")
    ticket = ticket_of(crm)
    with crm.session(actor="admin") as session:
        session.emit("ticket.complained", ticket)
        session.emit("ticket.complained", ticket)
    work(crm)
    assert [(occasion.split()[0], state) for occasion, state, _problem in log(crm)] == [
        ("ticket.complained", "done")
    ] * 2
    assert len(told(crm)) == 2


def test_it_is_time_every_day(crm: CRM, clock: FrozenClock, monkeypatch: pytest.MonkeyPatch) -> None:
    """For all records that meet the filter then, once for each time; a downtime is caught up with by one run."""
    monkeypatch.setattr("crmkit_workflow.automation.scheduled.BATCH", 2)
    rule_of(crm, TELL, when="schedule", repeats="daily", at="08:00", applies_if="stage.kind == 'open'")
    for name in ("A", "B", "C"):
        ticket_of(crm, name=name)
    work(crm)
    assert log(crm) == []
    clock.advance(days=1)
    for _again in range(3):
        work(crm)
    occasions = [occasion for occasion, _state, _problem in log(crm)]
    assert occasions == ["time 2026-03-28T08:00Z"] * 3
    clock.advance(days=5)
    for _again in range(3):
        work(crm)
    assert len(log(crm)) == 6
    assert [state for _occasion, state, _problem in log(crm)] == ["done"] * 6


def test_what_went_by_while_a_rule_was_off_is_not_made_up(crm: CRM, clock: FrozenClock) -> None:
    """Switched on again, or given another time, it counts from then on; another name changes nothing."""
    rule = rule_of(crm, TELL, when="schedule", repeats="daily", at="08:00")
    ticket_of(crm)

    def changed(**values: object) -> int:
        with crm.session(actor="admin") as session:
            session.update(session.get(AutomationRule, rule.id), **values)  # type: ignore[arg-type]
        work(crm)
        return len(log(crm))

    changed(active=False)
    clock.advance(days=10)
    assert changed(active=True) == 0
    assert changed(at="14:00") == 0
    clock.advance(days=1)
    assert changed(name="Renamed") == 1


def test_once_for_each_record(crm: CRM) -> None:
    """A rule that is carried out once stays so; but an occasion that came to nothing doesn't count."""
    rule_of(crm, TELL, when="changed", once=True, applies_if="priority == 'high'")
    ticket = ticket_of(crm)
    ticket = change(crm, ticket, priority="high")
    ticket = change(crm, ticket, priority="low")
    work(crm)
    assert [state for _occasion, state, _problem in log(crm)] == ["skipped"]
    for name in ("Two", "Three"):
        ticket = change(crm, ticket, priority="high", name=name)
        work(crm)
    assert [(occasion, state) for occasion, state, _problem in log(crm)][1:] == [("once", "done")]
    assert len(told(crm)) == 1


def test_what_no_longer_holds_is_skipped_and_said(crm: CRM) -> None:
    """The filter is asked again before anything is done, and so is whether rule and record are there."""
    active = rule_of(crm, TELL, applies_if="priority == 'high'", name="Filter")
    gone = rule_of(crm, TELL, name="Gone", applies_if="name == 'Two'")
    rule_of(crm, name="Empty", applies_if="name == 'Two'")
    one, _two = ticket_of(crm, priority="high"), ticket_of(crm, name="Two")
    change(crm, one, priority="low")
    with crm.session(actor="admin") as session:
        session.update(gone, active=False)
    work(crm)
    assert log(crm) == [
        ("created 1", "skipped", "The record no longer meets the filter."),
        ("created 1", "skipped", "The rule is no longer active."),
        ("created 1", "skipped", "The rule has no actions."),
    ]
    assert active.active


def test_what_is_refused_is_taken_back_and_said(crm: CRM) -> None:
    """All actions of a rule are done about a record, or none; other rules and records are not concerned (S29, B14)."""
    rule_of(crm, ("set_field", {"field": "answered", "value": "yes"}), SET_HIGH, name="Both")
    rule_of(crm, TELL, name="Other")
    cursed, fine = ticket_of(crm, name="Cursed"), ticket_of(crm, name="Fine")
    work(crm)
    assert [(state, problem) for _occasion, state, problem in log(crm)] == [
        ("refused", "ticket: never_dropped: It is cursed."),
        ("done", None),
        ("done", None),
        ("done", None),
    ]
    assert (now_is(crm, cursed).answered, now_is(crm, cursed).version) == (False, 1)
    assert (now_is(crm, fine).answered, now_is(crm, fine).priority) == (True, "high")


def test_an_action_that_breaks_is_tried_again_alone(crm: CRM) -> None:
    """It stops nothing else, keeps nothing of what it wrote, and is seen by whoever looks after the CRM."""
    rule_of(crm, ("break", {}), name="Breaks")
    rule_of(crm, TELL, name="Other", position=200)
    ticket = ticket_of(crm)
    for _again in range(3):
        work(crm)
    assert [state for _occasion, state, _problem in log(crm)] == ["waiting", "done"]
    assert now_is(crm, ticket).version == 1
    with crm.session(actor=SYSTEM) as session:
        table = session.tables.system.work
        rows = session.unit.connection.execute(table.select().where(table.c.problem.is_not(None))).all()
    assert ["LookupError" in row.problem for row in rows] == [True]


def test_rules_that_lead_to_each_other_come_to_an_end(crm: CRM) -> None:
    """What two rules have led to is no occasion for a third, and the log says so; a circle ends by itself."""
    rule_of(crm, ("set_field", {"field": "priority", "value": "high"}), when="changed", field="answered", name="1")
    rule_of(crm, ("set_field", {"field": "name", "value": "Two"}), when="changed", field="priority", name="2")
    rule_of(crm, ("set_field", {"field": "answered", "value": "no"}), when="changed", field="name", name="3")
    ticket = change(crm, ticket_of(crm), answered=True)
    for _again in range(5):
        work(crm)
    assert [(state, problem) for _occasion, state, problem in log(crm)] == [
        ("done", None),
        ("done", None),
        ("skipped", "Rules lead to each other: 2 have led to this."),
    ]
    assert (now_is(crm, ticket).name, now_is(crm, ticket).answered) == ("Two", True)


def test_a_rule_is_carried_out_so_often_within_an_hour(
    crm: CRM, clock: FrozenClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A circle that goes through something else, such as a queue or another program, is cut, for an hour."""
    monkeypatch.setattr(noting, "MOST_AN_HOUR", 2)
    rule_of(crm, TELL, when="changed", field="name")
    ticket = ticket_of(crm)
    for name in ("Two", "Three", "Four"):
        ticket = change(crm, ticket, name=name)
    clock.advance(hours=2)
    change(crm, ticket, name="Five")
    work(crm)
    assert [state for _occasion, state, _problem in log(crm)] == ["done", "done", "skipped", "done"]


def test_a_bulk_of_records_is_caught_in_few_statements(crm: CRM) -> None:
    """However many records are created together, each has its occasion, and all are carried out."""
    rule_of(crm, SET_HIGH, applies_if="name != '3'")
    with crm.session(actor="admin") as session:
        session.create_many(Ticket, [{"name": str(number)} for number in range(250)])
    work(crm)
    with crm.session(actor="admin") as session:
        assert session.count(Ticket, "priority == 'high'") == 249
        assert session.count(AutomationRun, "state == 'done'") == 249


def test_the_actions_of_the_plugin(crm: CRM) -> None:
    """Moving, giving, queues, pools, and telling superiors and others."""
    with crm.session(actor="admin") as session:
        li, bo = (session.find(User, {"external_id": each})[0] for each in ("li", "bo"))
        queue = session.create(Queue, name="Second line", entity="ticket")
        session.create(QueueMember, queue=queue, user=li)
    rule_of(crm, ("move", {"stage": "working"}), ("give", {"user": bo.id}), applies_if="name == 'Give'")
    rule_of(crm, ("put_in_queue", {"queue": queue.id}), applies_if="name == 'Queue'")
    rule_of(crm, ("notify", {"to": "superior", "text": "Late"}), applies_if="name == 'Late'")
    rule_of(crm, ("notify", {"to": "user", "user": li.id, "text": "Look"}), applies_if="name == 'Look'")
    rule_of(crm, ("notify", {"text": "x"}), applies_if="name == 'Nobody'")
    give, queued = ticket_of(crm, owner=None, name="Give"), ticket_of(crm, owner=None, name="Queue")
    for name in ("Late", "Look"):
        ticket_of(crm, name=name)
    with crm.session(actor=SYSTEM) as session:
        session.create(Ticket, name="Nobody")
    work(crm)
    assert (now_is(crm, give).stage, now_is(crm, give).owner) == ("working", bo.id)
    assert now_is(crm, queued).owner == li.id
    assert [each for each in told(crm) if each[1] in {"Late", "Look"}] == [("li", "Late"), ("li", "Look")]
    assert ("created 1", "refused", "ticket: to: There is nobody to tell.") in log(crm)


@pytest.mark.row("N28")
def test_what_customers_are_offered_differs_by_grade(crm: CRM) -> None:
    """One rule for each segment or grade: the best are offered something else, and sooner."""
    for level, text in (("a", "Offer {name} the premium plan, in person"), ("b", "Send {name} the price list")):
        rule_of(crm, ("notify", {"text": text}), entity="customer", applies_if=f"level == '{level}'")
    with crm.session(actor="admin") as session:
        bo = session.find(User, {"external_id": "bo"})[0]
        for name, level in (("Acme", "a"), ("Bistro", "b"), ("Corner", "c")):
            session.create(Customer, name=name, level=level, owner=bo)
    work(crm)
    assert told(crm) == [("bo", "Offer Acme the premium plan, in person"), ("bo", "Send Bistro the price list")]


def test_the_log_stays(crm: CRM) -> None:
    """Nobody writes or deletes it but the plugin; it goes and comes back with the record."""
    rule_of(crm, TELL)
    ticket = ticket_of(crm)
    work(crm)
    with crm.session(actor="admin") as session:
        run = session.find(AutomationRun)[0]
        with refusing("record"):
            session.delete(run)
        with refusing("state"):
            session.update(run, state="waiting")
        session.delete(session.get(Ticket, ticket.id))
        assert session.count(AutomationRun) == 0
        session.restore(Ticket, ticket.id)
        assert session.count(AutomationRun) == 1


def test_the_report_counts_what_came_of_each_rule(crm: CRM) -> None:
    """By rule: carried out, refused, skipped and waiting, and when last."""
    rule_of(crm, SET_HIGH, name="High")
    rule_of(crm, name="Empty")
    for name in ("Cursed", "Fine"):
        ticket_of(crm, name=name)
    work(crm)
    ticket_of(crm, name="Late")
    with crm.session(actor="admin") as session:
        table = session.report("automations")
        assert [row[:-1] for row in table.rows] == [("High", True, 1, 1, 1, 0), ("Empty", True, 1, 0, 0, 2)]
        assert table.chart is not None
        assert session.report("automations", until="2026-03-26").rows[0][2:] == (0, 0, 0, 0, None)


def test_a_killed_worker_carries_out_everything_once(crm: CRM, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a worker that dies midway has done is not there, and is done by the next one (S46)."""
    rule_of(crm, SET_HIGH, TELL)
    with crm.session(actor="admin") as session:
        bo = session.find(User, {"external_id": "bo"})[0]
        session.create_many(Ticket, [{"name": str(number), "owner": bo} for number in range(6)])
    begun = []
    perform = actions.perform

    def dying(session: Session, name: str, record: Record, given: Mapping[str, object]) -> None:
        perform(session, name, record, given)
        begun.append(name)
        if len(begun) == 5:
            raise KeyboardInterrupt

    monkeypatch.setattr(carrying_out, "perform", dying)
    with pytest.raises(KeyboardInterrupt):
        work(crm)
    monkeypatch.undo()
    with crm.session(actor=SYSTEM) as session:
        assert session.count(AutomationRun, "state == 'done'") == 0
        table = session.tables.system.work
        session.unit.connection.execute(table.update().values(leased_until=None, fence=None, due_at=table.c.wanted_at))
    work(crm)
    assert [state for _occasion, state, _problem in log(crm)] == ["done"] * 6
    assert len(told(crm)) == 6
