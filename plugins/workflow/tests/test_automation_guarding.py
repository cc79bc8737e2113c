"""Guarding automation: rules that could never be carried out, or that read more than their author, are refused."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from crmkit import Grant, Role, User
from crmkit.errors import Refused
from crmkit.testing.plugins import make_plugin
from crmkit_workflow.automation.entities import AutomationAction, AutomationRule
from tests.workflow.automating import automated_desk, refusing, rule_of
from tests.workflow.desk import desk

if TYPE_CHECKING:
    from crmkit import CRM
    from crmkit.testing.clock import FrozenClock
    from crmkit.testing.fixtures import CRMFactory


@pytest.fixture
def crm(make_crm: CRMFactory, clock: FrozenClock) -> CRM:
    """A service desk."""
    return automated_desk(make_crm, clock)


WRONG: list[tuple[dict[str, object], str]] = [
    ({"entity": "tickett"}, "entity: There is no entity tickett."),
    ({"entity": "notice"}, "entity: There are no rules for records of notice."),
    ({"entity": "automation_run"}, "entity: There are no rules for records of automation_run."),
    ({"when": "event"}, "event: A value is required."),
    ({"when": "event", "event": "clock.breached"}, "event: ticket has these events: ticket.complained."),
    ({"when": "crosses", "field": "name", "value": "x"}, "field: name has no values that could be reached"),
    ({"when": "crosses", "field": "nam", "value": "1"}, "field: ticket has no field nam."),
    ({"when": "moved", "entity": "team"}, "when: Records of team have no stages."),
    ({"when": "schedule"}, "repeats: A value is required."),
    ({"when": "schedule", "repeats": "weekly", "day": 8}, "day: The day is from 1 to 7 every week"),
    ({"when": "schedule", "repeats": "hourly", "at": "08:00"}, "at: Every hour has no time of day."),
    ({"when": "schedule", "repeats": "daily", "at": "8 am"}, "at: "),
    ({"field": "name"}, "field: It is only for rules with: changed, crosses."),
    ({"applies_if": "nam == 1"}, "applies_if: "),
]


@pytest.mark.parametrize(("said", "problem"), WRONG, ids=[problem[:40] for _said, problem in WRONG])
@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_rules_that_could_never_be_carried_out_are_refused(crm: CRM, said: dict[str, object], problem: str) -> None:
    """With the field, and what would do."""
    with crm.session(actor="admin") as session, pytest.raises(Refused) as caught:
        session.create_many(AutomationRule, [{"name": "Rule", "entity": "ticket", **said}])
    assert problem in str(caught.value)


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_actions_that_could_never_be_done_are_refused(crm: CRM) -> None:
    """All that is wrong at once: an unknown action, values that don't fit, fields that can't be quoted."""
    rule = rule_of(crm)
    with crm.session(actor="admin") as session:
        with refusing("action"):
            session.create(AutomationAction, rule=rule, action="notyfy")
        with refusing("values.text", "values.usr"):
            session.create(AutomationAction, rule=rule, action="notify", values={"to": "owner", "usr": 1})
        with refusing("values.user"):
            session.create(AutomationAction, rule=rule, action="notify", values={"to": "user", "text": "x"})
        with refusing("values.text"):
            session.create(AutomationAction, rule=rule, action="notify", values={"text": "{owner.nam}"})
        with refusing("values.value"):
            values = {"field": "priority", "value": "highest"}
            session.create(AutomationAction, rule=rule, action="set_field", values=values)
        with refusing("values.stage"):
            session.create(AutomationAction, rule=rule, action="move", values={"stage": "gone"})
        with refusing("values"):
            session.create(AutomationAction, rule=rule, action="move", values=["solved"])


CLERK = Role(
    name="clerk",
    grants=(
        Grant(entity="ticket", read="all", create="all", update="all", hides=("answered",)),
        *(Grant(entity=each, read="all", create="all", update="all") for each in ("automation_rule", "user")),
    ),
)


def test_a_rule_reads_no_more_than_its_author(make_crm: CRMFactory) -> None:
    """A hidden field can't be a filter, what is watched, what is set, or what is quoted (B5)."""
    crm = make_crm(["workflow", desk(), make_plugin("office", CLERK, after=["desk"])])
    with crm.session(actor="admin") as session:
        session.create(User, name="Cle", external_id="cle", roles=["clerk"])
        session.create(User, name="Mem", external_id="mem", roles=["member"])
    with crm.session(actor="cle") as session:
        with refusing("applies_if"):
            session.create(AutomationRule, name="Filter", entity="ticket", applies_if="answered")
        with refusing("field"):
            session.create(AutomationRule, name="Field", entity="ticket", when="changed", field="answered")
        rule = session.create(AutomationRule, name="Fine", entity="ticket")
        with refusing("values.text"):
            session.create(AutomationAction, rule=rule, action="notify", values={"text": "{answered}"})
        with refusing("values.field"):
            values = {"field": "answered", "value": "yes"}
            session.create(AutomationAction, rule=rule, action="set_field", values=values)
    with crm.session(actor="admin") as session:
        hidden = session.create(AutomationRule, name="Hidden", entity="ticket", applies_if="answered")
    with crm.session(actor="cle") as session, refusing("rule"):
        session.create(AutomationAction, rule=hidden, action="notify", values={"text": "Answered"})
    with crm.session(actor="mem") as session, pytest.raises(Refused, match="who may write all"):
        session.create(AutomationRule, name="Mine", entity="ticket")
