"""The plugin conforms to what every plugin promises."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, ClassVar

from crmkit import Customer, User
from crmkit.testing.conformance import PluginConformance
from crmkit.testing.factories import make
from crmkit_workflow.approvals.flows import ApprovalFlow, ApprovalStep
from crmkit_workflow.approvals.requests import ApprovalRequest
from crmkit_workflow.watches.entities import Metric

if TYPE_CHECKING:
    from collections.abc import Mapping

    from crmkit import Session


def some_field(session: Session) -> str:
    """Return another field of customers each time."""
    return list(session.model.entities["customer"].writable)[next(FIELD)]


def somebody(session: Session) -> User:
    """Return another user."""
    return make(session, User, external_id=f"user {session.count(User)}")


def some_customer(session: Session) -> Customer:
    """Return a customer."""
    return make(session, Customer)


def some_flow(session: Session) -> ApprovalFlow:
    """Return a flow."""
    found = session.find(ApprovalFlow, limit=1)
    return found[0] if found else make(session, ApprovalFlow, entity="opportunity", otherwise="pass")


def some_step(session: Session) -> ApprovalStep:
    """Return a step of a flow."""
    found = session.find(ApprovalStep, limit=1)
    return found[0] if found else make(session, ApprovalStep, flow=some_flow(session))


def some_request(session: Session) -> ApprovalRequest:
    """Return a request."""
    found = session.find(ApprovalRequest, limit=1)
    given = {"record": some_customer(session), "flow": some_flow(session)}
    return found[0] if found else make(session, ApprovalRequest, **given)


def some_metric(session: Session) -> Metric:
    """Return another metric."""
    return make(session, Metric, name=f"metric {session.count(Metric)}")


TERMS: dict[str, object] = {
    **dict.fromkeys(("applies_if", "starts_if", "pauses_if", "warning_share", "calendar")),
    **dict.fromkeys(("resumes", "tell_superior"), True),
    "name": "Text",
    "position": 1,
    "stops_if": "id > 0",
    "target": 1,
    "targets": [],
}


FIELD = itertools.cycle(range(5))


class TestWorkflow(PluginConformance):
    """All checks, with the plugin as it is installed."""

    plugin = "workflow"
    values: ClassVar[Mapping[str, Mapping[str, object]]] = {
        "position": {"roles": ["viewer"]},
        "pool": {
            "entity": "customer",
            "remind_before": ["3", "1"],
            "along": ["contact"],
            "exempt_if": "city == 'Paris'",
        },
        "assignment_rule": {"condition": "city == 'Paris'"},
        "queue": {"needs_field": "industry"},
        "absence": {"since": "2026-01-01T00:00:00Z", "until": "2026-01-02T00:00:00Z"},
        "pool_rule": {"kind": "follow_up", "level": "a", "date_field": None, "exempt_if": "city == 'Paris'"},
        "clock_rule": {
            "entity": "opportunity",
            "measure": "answer",
            **dict.fromkeys(("applies_if", "starts_if", "pauses_if", "stops_if"), "stage.kind == 'won'"),
        },
        "escalation_rule": {"entity": "opportunity", "applies_if": "stage.kind == 'open'"},
        "escalation_level": {"field": "description", "value": "Late", "to": None},
        "automation_rule": {
            "entity": "opportunity",
            "when": "changed",
            "field": "amount",
            "applies_if": "stage.kind == 'open'",
            **dict.fromkeys(("event", "value", "repeats", "at", "day")),
        },
        "automation_action": {"action": "notify", "values": {"text": "Look at {name}"}},
        "watch": {"record": some_metric, "field": "value", "value": "5"},
        "clock_target": {"applies_if": "customer.level == 'a'"},
        "clock_terms": {"entity": "none", "measure": "answer", "said": TERMS},
        "approval_flow": {
            "entity": "opportunity",
            "condition": "amount > 0",
            "otherwise": "pass",
            "amount_field": "amount",
            "stages": ["won"],
            "voided_by": ["amount"],
        },
        "approval_step": {"flow": some_flow, "approvers": "superior", "condition": "amount > 0"},
        "approval_step_user": {"step": some_step, "user": somebody},
        "approval_request": {"record": some_customer, "flow": some_flow},
        "approval_task": {"request": some_request},
        "completeness_weight": {"entity": "customer", "field": some_field},
        "review_rule": {"entity": "customer", "roles": ["viewer"], "reviewers": "superior", "fields": ["name"]},
        "review": {"record": some_customer},
        "delegation": {"delegate": somebody, "entity": "opportunity"},
    }
