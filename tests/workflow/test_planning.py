"""Activities planned by rules: the actions of one plugin in the rules of another."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from crmkit import Customer, Opportunity, User
from crmkit.errors import Refused
from crmkit_activities.activity import Activity
from crmkit_workflow.automation.entities import AutomationAction, AutomationRule

if TYPE_CHECKING:
    from crmkit.testing.fixtures import CRMFactory


def test_a_rule_plans_an_activity_for_the_owner(make_crm: CRMFactory) -> None:
    """About the record, with its customer, due so long from the day; for a user, if one is named."""
    crm = make_crm(["activities", "workflow"])
    with crm.session(actor="admin") as session:
        bo, li = (session.create(User, name=each, external_id=each) for each in ("bo", "li"))
        rule = session.create(AutomationRule, name="Call", applies_if="amount >= 100")
        values = {"subject": "Call {customer.name}", "kind": "call", "due_in": "P2D"}
        session.create(AutomationAction, rule=rule, action="plan_activity", values=values)
        given = {"subject": "Look", "user": li.id}
        session.create(AutomationAction, rule=rule, action="plan_activity", values=given, position=200)
        wrong = {"subject": "x", "kind": "cal"}
        with pytest.raises(Refused, match=r"values\.kind: There are these kinds: .*call"):
            session.create(AutomationAction, rule=rule, action="plan_activity", values=wrong)
        acme = session.create(Customer, name="Acme")
        deal = session.create(Opportunity, name="Deal", customer=acme, amount=200, owner=bo)
    crm.worker().run_once()
    with crm.session(actor="admin") as session:
        call, look = session.find(Activity, order="id")
        assert (call.subject, call.kind, call.owner, call.about) == ("Call Acme", "call", bo.id, deal.ref)
        assert (call.customer, call.due) == (acme.id, session.today + timedelta(days=2))
        assert (look.subject, look.kind, look.owner, look.due) == ("Look", "task", li.id, None)
