"""The worklist says what its items are about, whichever plugin they come from."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from crmkit import Customer, Grant, Opportunity, Role, User
from crmkit.testing.plugins import make_plugin
from crmkit_activities.activity import Activity
from crmkit_activities.worklist.listing import worklist
from crmkit_workflow.approvals.flows import ApprovalFlow, ApprovalStep
from crmkit_workflow.approvals.submitting import submit
from crmkit_workflow.clocks.entities import ClockRule

if TYPE_CHECKING:
    from crmkit import CRM
    from crmkit.testing.clock import FrozenClock
    from crmkit.testing.fixtures import CRMFactory

BLIND = Role(
    name="blind",
    grants=(
        Grant(entity="opportunity", read="own"),
        Grant(entity="clock", read="own", hides=("record",)),
        Grant(entity="activity", read="own", create="own"),
    ),
)


@pytest.fixture
def crm(make_crm: CRMFactory) -> CRM:
    """Ann and blind Bo, who may not see whose clocks run; a clock of an hour runs on each deal."""
    crm = make_crm(["activities", "workflow", make_plugin("roles", BLIND)])
    with crm.session(actor="admin") as session:
        eve = session.create(User, name="Eve", external_id="eve", roles=["admin"])
        roles = {"ann": ["member", "activities_user"], "bo": ["blind"]}
        people = {
            name: session.create(User, name=name, external_id=name, roles=each, manager=eve)
            for name, each in roles.items()
        }
        session.create(ClockRule, name="Answer", measure="answer", target="1:00")
        for name, owner in people.items():
            session.create(Opportunity, name=f"Deal of {name}", owner=owner)
    return crm


def about(crm: CRM, actor: str, kind: str) -> list[str | None]:
    """Return what the items of a kind are about, as an actor sees it."""
    with crm.session(actor=actor) as session:
        return [item.about for work in worklist(session, kind) for item in work.items]


@pytest.mark.row("C11")
def test_a_clock_on_the_worklist_names_its_deal_as_its_owner_may_see_it(crm: CRM, clock: FrozenClock) -> None:
    """Whoever may not see on what a clock runs still finds the clock."""
    clock.now += timedelta(hours=3)
    assert about(crm, "ann", "clocks_due") == ["opportunity:1 Deal of ann"]
    assert about(crm, "bo", "clocks_due") == [None]


@pytest.mark.row("C11")
def test_an_approval_on_the_worklist_names_what_is_approved(crm: CRM) -> None:
    """The task is a part of the request, and the request of the deal, so it is the deal that is named."""
    with crm.session(actor="admin") as session:
        flow = session.create(ApprovalFlow, name="Deals", entity="opportunity", administrator=session.actor_ref)
        session.create(ApprovalStep, flow=flow, place=1, name="superior", approvers="superior")
    with crm.session(actor="ann") as session:
        submit(session, session.get(Opportunity, 1))
    assert about(crm, "eve", "awaiting_approval") == ["opportunity:1 Deal of ann"]


@pytest.mark.row("C11")
def test_an_activity_on_the_worklist_names_what_it_is_about(crm: CRM) -> None:
    """If there is anything, and if whose worklist it is sees it."""
    with crm.session(actor="ann") as session:
        acme = session.create(Customer, name="Acme")
        for subject, each in (("A", acme), ("B", None)):
            session.create(Activity, kind="task", subject=subject, about=each, due=session.today)
    with crm.session(actor="admin") as session:
        bo = session.find(User, {"external_id": "bo"})[0]
        session.create(Activity, kind="task", subject="C", about=acme, owner=bo, due=session.today)
    assert about(crm, "ann", "due_tasks") == ["customer:1 Acme", None]
    assert about(crm, "bo", "due_tasks") == [None]
