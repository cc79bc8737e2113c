"""The reach of rules: nobody has anything done, or learns anything, by a rule that it may not do or see itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from crmkit import SYSTEM, ExchangeRate, Grant, Opportunity, Role, User
from crmkit.errors import Refused
from crmkit.testing.plugins import make_plugin
from crmkit_activities.memos import Memo
from crmkit_workflow.automation.entities import AutomationAction, AutomationRule, AutomationRun
from crmkit_workflow.clocks.entities import ClockRule, ClockTarget
from crmkit_workflow.escalations.entities import EscalationLevel, EscalationRule
from tests.workflow.automating import refusing, rule_of, told, work
from tests.workflow.desk import desk

if TYPE_CHECKING:
    from crmkit import CRM
    from crmkit.testing.fixtures import CRMFactory

ALL: dict[str, Any] = dict.fromkeys(("read", "create", "update", "delete"), "all")
RULES = Grant(entity="automation_rule", **ALL)
TIMED = tuple(Grant(entity=each, **ALL) for each in ("clock_rule", "escalation_rule"))
SEEN = tuple(Grant(entity=each, read="all") for each in ("user", "automation_run"))
CLERK = Role(
    name="clerk",
    grants=(RULES, *TIMED, *SEEN, Grant(entity="ticket", read="all", create="all", update="all", hides=("answered",))),
)
READER = Role(
    name="reader",
    grants=(RULES, *TIMED, *SEEN, Grant(entity="ticket", read="all"), Grant(entity="customer", read="own")),
)
SELLER = Role(name="seller", grants=(RULES, *TIMED, *SEEN, Grant(entity="ticket", read="own", update="own")))
TELL = ("notify", {"text": "{name}"})


@pytest.fixture
def crm(make_crm: CRMFactory) -> CRM:
    """A service desk where a clerk sees no answers, a reader changes nothing, and a seller sees what is its own."""
    crm = make_crm(["workflow", "activities", desk(), make_plugin("office", CLERK, READER, SELLER, after=["desk"])])
    with crm.session(actor="admin") as session:
        for name in ("clerk", "reader", "seller"):
            session.create(User, name=name, external_id=name, roles=[name])
        session.create(User, name="Bo", external_id="bo", roles=["member"])
    return crm


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_a_rule_does_no_more_than_its_author_may(crm: CRM) -> None:
    """Neither set, move nor give what it may not itself, nor raise its own rights."""
    with crm.session(actor="reader") as session:
        reader = session.find(User, {"external_id": "reader"})[0]
        rule, users = (session.create(AutomationRule, name=each, entity=each) for each in ("ticket", "user"))
        for action, given in (
            ("set_field", {"field": "name", "value": "x"}),
            ("move", {"stage": "working"}),
            ("give", {"user": reader.id}),
        ):
            with pytest.raises(Refused, match="who may do this with all records of ticket"):
                session.create(AutomationAction, rule=rule, action=action, values=given)
        values = {"field": "roles", "value": "admin"}
        with pytest.raises(Refused, match="who may do this with all records of user"):
            session.create(AutomationAction, rule=users, action="set_field", values=values)
        with refusing("values.text"):
            session.create(AutomationAction, rule=rule, action="notify", values={"text": "{customer.name}"})
        session.create(AutomationAction, rule=rule, action="notify", values={"text": "{owner.name}"})
    with crm.session(actor="seller") as session, refusing("entity"):
        session.create(AutomationRule, name="All tickets", entity="ticket")


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_who_sees_less_can_switch_a_rule_off_but_not_turn_it_to_other_ends(crm: CRM) -> None:
    """What others made it do stays theirs: neither when it is done nor for which records is changed."""
    by_field = rule_of(crm, TELL, when="changed", field="answered")
    by_filter = rule_of(crm, TELL, applies_if="answered")
    by_action = rule_of(crm, ("set_field", {"field": "answered", "value": "yes"}))
    with crm.session(actor="clerk") as session:
        for rule in (by_field, by_filter):
            with refusing("rule"):
                session.create(AutomationAction, rule=rule, action="notify", values={"text": "Answered"})
        with refusing("field"):
            session.update(session.get(AutomationRule, by_field.id), when="crosses", value="1")
        for rule in (by_filter, by_action):
            with refusing("name"):
                session.update(session.get(AutomationRule, rule.id), when="changed")
        for rule in (by_field, by_filter, by_action):
            assert session.update(session.get(AutomationRule, rule.id), active=False).active is False


def test_who_sees_less_takes_no_action_off_a_rule(crm: CRM) -> None:
    """What is left would do something else; the whole rule can go."""
    kept = [
        rule_of(crm, TELL, applies_if="answered"),
        rule_of(crm, TELL, when="changed", field="answered"),
        rule_of(crm, ("set_field", {"field": "answered", "value": "yes"})),
    ]
    plain = rule_of(crm, TELL, TELL)
    with crm.session(actor="clerk") as session:
        for rule in kept:
            with refusing("rule"):
                session.delete(session.find(AutomationAction, {"rule": rule})[0])
        session.delete(session.find(AutomationAction, {"rule": plain})[0])
        for rule in (*kept, plain):
            session.delete(session.get(AutomationRule, rule.id))
    with crm.session(actor="admin") as session:
        assert session.count(AutomationAction) == 0


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_clock_and_escalation_rules_ask_and_do_no_more_than_their_author_may(crm: CRM) -> None:
    """Nor does who adds to them, or changes them, use what others made them ask for; it can switch them off."""
    with crm.session(actor="admin") as session:
        timed = {"entity": "ticket", "stops_if": "answered", "target": "4:00"}
        clocks = session.create(ClockRule, name="Answer", **timed)
        target = session.create(ClockTarget, rule=clocks, applies_if="priority == 'high'", target="1:00")
        lying = session.create(EscalationRule, name="Lying", entity="ticket", applies_if="not answered")
        given = session.create(EscalationRule, name="Given", entity="ticket", applies_if="priority == 'high'")
        session.create(EscalationLevel, rule=given, after="1:00", to_superior=True)
    with crm.session(actor="clerk") as session:
        with refusing("rule"):
            session.create(ClockTarget, rule=clocks, applies_if="priority == 'low'", target="1:00")
        with refusing("rule"):
            session.update(session.get(ClockTarget, target.id), target="2:00")
        with refusing("rule"):
            session.create(EscalationLevel, rule=lying, after="1:00")
        with refusing("name"):
            session.update(session.get(ClockRule, clocks.id), starts_if="priority == 'low'")
        for rule in (lying, given):
            with refusing("name"):
                session.update(session.get(EscalationRule, rule.id), age_from="changed")
        for each in (clocks, lying, given):
            assert session.update(session.get(type(each), each.id), active=False).active is False
    with crm.session(actor="reader") as session:
        rule = session.create(EscalationRule, name="Mine", entity="ticket", applies_if="priority == 'low'")
        session.create(EscalationLevel, rule=rule, after="1:00")
        for path, values in (("to_superior", {"to_superior": True}), ("field", {"field": "priority", "value": "high"})):
            with refusing(path):
                session.create(EscalationLevel, rule=rule, after="2:00", **values)
        with refusing("action"):
            planning = session.create(AutomationRule, name="Plan", entity="ticket")
            session.create(AutomationAction, rule=planning, action="plan_activity", values={"subject": "Look"})
    with crm.session(actor="seller") as session:
        with refusing("entity"):
            session.create(EscalationRule, name="All", entity="ticket")
        with refusing("entity"):
            session.create(ClockRule, name="All", **timed)


def test_who_sees_less_takes_nothing_off_a_rule(crm: CRM) -> None:
    """Neither targets nor levels, as what is left would do something else; the whole rule can go."""
    with crm.session(actor="admin") as session:
        clocks = session.create(ClockRule, name="Answer", entity="ticket", stops_if="answered", target="4:00")
        session.create(ClockTarget, rule=clocks, applies_if="priority == 'high'", target="1:00")
        seen = session.create(ClockRule, name="Seen", entity="ticket", target="4:00")
        session.create(ClockTarget, rule=seen, applies_if="answered", target="1:00")
        session.create(ClockTarget, rule=seen, applies_if="priority == 'high'", target="1:00")
        levels: tuple[tuple[str, dict[str, Any]], ...] = (
            ("not answered", {"tell_owner": True}),
            ("priority == 'high'", {"to_superior": True}),
            ("priority == 'high'", {"field": "answered", "value": "yes"}),
            ("priority == 'high'", {"tell_owner": True}),
        )
        for number, (applies_if, values) in enumerate(levels):
            rule = session.create(EscalationRule, name=str(number), entity="ticket", applies_if=applies_if)
            session.create(EscalationLevel, rule=rule, after="1:00", **values)
    with crm.session(actor="clerk") as session:
        targets, found = session.find(ClockTarget, order="id"), session.find(EscalationLevel, order="id")
        for part in (*targets[:2], *found[:3]):
            with refusing("rule"):
                session.delete(part)
        for allowed in (targets[2], found[3]):
            session.delete(allowed)
        for rule_ in (*session.find(ClockRule), *session.find(EscalationRule)):
            session.delete(rule_)
    with crm.session(actor="admin") as session:
        assert session.count(ClockTarget) == session.count(EscalationLevel) == 0


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_private_records_have_no_rules(crm: CRM) -> None:
    """A memo that is its owner's alone is quoted to nobody, also if it became so after the rule was noted."""
    rule_of(crm, ("notify", {"text": "{subject}"}), entity="memo")
    with crm.session(actor="bo") as session:
        session.create(Memo, subject="Mine", private=True)
        memo = session.create(Memo, subject="Ours", private=False)
        session.update(session.create(Memo, subject="Mine by now", private=False), private=True)
        assert memo.private is False
    work(crm)
    assert told(crm) == [("bo", "Ours")]
    with crm.session(actor=SYSTEM) as session:
        assert [each.state for each in session.find(AutomationRun, order="id")] == ["done", "skipped"]


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_a_value_in_another_currency_counts_at_the_rate_of_today(crm: CRM) -> None:
    """And is refused if there is none."""
    values = {"entity": "opportunity", "when": "crosses", "field": "amount"}
    with crm.session(actor="admin") as session:
        with refusing("value"):
            session.create(AutomationRule, name="Dollars", value="1000 USD", **values)
        session.create(ExchangeRate, currency="USD", rate="0.5", valid_from="2020-01-01")
    rule_of(crm, TELL, value="1000 USD", **values)
    with crm.session(actor="admin") as session:
        bo = session.find(User, {"external_id": "bo"})[0]
        session.create(Opportunity, name="Small", amount=499, owner=bo)
        session.create(Opportunity, name="Large", amount=500, owner=bo)
    work(crm)
    assert told(crm) == [("bo", "Large")]
