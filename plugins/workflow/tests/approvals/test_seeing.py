"""Seeing: who learns of a request, and to whom the record is opened that is to be decided about."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

import pytest

from crmkit import Grant, Opportunity, Role, Table, User
from crmkit.errors import FilterError, NotFoundError
from crmkit.testing.plugins import make_plugin
from crmkit_workflow.approvals.commands import approvals
from crmkit_workflow.approvals.deciding import approve, reject
from crmkit_workflow.approvals.flows import ApprovalFlow, ApprovalStep, ApprovalStepUser
from crmkit_workflow.approvals.requests import ApprovalRequest
from crmkit_workflow.approvals.submitting import recall, submit
from crmkit_workflow.delegation.entities import Delegation

if TYPE_CHECKING:
    from crmkit import CRM
    from crmkit.testing.clock import FrozenClock
    from crmkit.testing.fixtures import CRMFactory

NARROW = Role(name="narrow", grants=(Grant(entity="opportunity", read="own"), Grant(entity="user", read="all")))


BLIND = Role(
    name="blind",
    grants=(
        Grant(entity="opportunity", read="own", create="own", update="own"),
        Grant(entity="approval_request", hides=("note", "plan")),
        Grant(entity="user", read="all"),
    ),
)


@pytest.fixture
def narrow(make_crm: CRMFactory) -> CRM:
    """A CRM in which Sam sells, Lee decides, and neither Lee nor Kim nor Fay see what isn't theirs."""
    crm = make_crm(["workflow", make_plugin("narrow", NARROW)])
    with crm.session(actor="admin") as session:
        for name in ("sam", "lee", "kim", "fay"):
            session.create(User, name=name.title(), external_id=name, roles=["member" if name == "sam" else "narrow"])
        flow = session.create(ApprovalFlow, name="Deals", entity="opportunity", otherwise="pass")
        step = session.create(ApprovalStep, flow=flow, name="legal", approvers="users")
        session.create(ApprovalStepUser, step=step, user=session.find(User, {"external_id": "lee"})[0])
    return crm


def submitted(crm: CRM) -> ApprovalRequest:
    """Have Sam submit a deal."""
    with crm.session(actor="sam") as session:
        return submit(session, session.create(Opportunity, name="200 seats"))


@pytest.mark.row("F7")
def test_a_request_that_does_not_concern_the_actor_is_not_there(narrow: CRM) -> None:
    """Who neither sees the record, nor decides, nor submitted it, learns no more than of a number that isn't there."""
    request = submitted(narrow)
    with narrow.session(actor="fay") as session:
        for ask in (
            partial(approvals, session, approve=1),
            partial(approvals, session, reject=1),
            partial(approvals, session, recall=1),
            partial(approve, session, request),
            partial(reject, session, request, comment="No."),
            partial(recall, session, request),
        ):
            with pytest.raises(NotFoundError, match="There is no approval_request 1"):
                ask()
        with pytest.raises(NotFoundError, match="There is no approval_request 7"):
            approvals(session, approve=7)
    with narrow.session(actor="lee") as session:
        assert approve(session, request).status == "approved"
    with narrow.session(actor="lee") as session, pytest.raises(NotFoundError):
        approve(session, request)


def seeing(crm: CRM) -> list[str]:
    """Return which users see the deal."""
    found = []
    for name in ("sam", "lee", "kim", "fay"):
        with crm.session(actor=name) as session:
            if session.count(Opportunity):
                found.append(name)
    return found


def delegate(crm: CRM, one: str, other: str, **values: object) -> None:
    """Have one user delegate to another, from tomorrow on if `days` is 1."""
    with crm.session(actor="admin") as session:
        known = {each.external_id: each for each in session.find(User)}
        since = session.today + timedelta(days=int(str(values.pop("days", 0))))
        given = {"delegator": known[one], "delegate": known[other], "since": since, **values}
        session.create_many(Delegation, [given])


@pytest.mark.row("M13")
def test_delegates_see_what_they_decide_about(narrow: CRM) -> None:
    """A record is opened to all who may decide for the approver, along a chain, too, until the request is closed."""
    delegate(narrow, "lee", "kim", substitute=True)
    delegate(narrow, "kim", "fay")
    request = submitted(narrow)
    assert seeing(narrow) == ["sam", "lee", "kim", "fay"]
    with narrow.session(actor="fay") as session:
        approve(session, request)
    assert seeing(narrow) == ["sam"]


@pytest.mark.row("M13")
def test_a_delegate_sees_it_once_the_delegation_begins(narrow: CRM, clock: FrozenClock) -> None:
    """Where a delegation begins, or is made, later, the record is opened when the delegate looks what awaits it."""
    request = submitted(narrow)
    delegate(narrow, "lee", "kim", days=1)
    delegate(narrow, "lee", "fay", entity="order")
    titles = []
    for days in (0, 1):
        clock.advance(days=days)
        with narrow.session(actor="kim") as session:
            table = approvals(session)
            assert isinstance(table, Table)
            titles.append([row[2] for row in table.rows])
    assert (titles, seeing(narrow)) == ([[], ["200 seats"]], ["sam", "lee", "kim"])
    with narrow.session(actor="sam") as session:
        recall(session, request)
    assert seeing(narrow) == ["sam"]


@pytest.mark.row("F7")
def test_a_request_comes_back_as_far_as_the_actor_may_see_it(make_crm: CRMFactory) -> None:
    """Whoever submits, recalls, approves or rejects without seeing a field gets a request without it."""
    crm = make_crm(["workflow", make_plugin("blind", BLIND)])
    with crm.session(actor="admin") as session:
        sam, lee = (session.create(User, name=each, external_id=each, roles=["blind"]) for each in ("sam", "lee"))
        flow = session.create(ApprovalFlow, name="Deals", entity="opportunity", otherwise="pass")
        for place in (1, 2):
            step = session.create(ApprovalStep, flow=flow, name=f"step {place}", place=place, approvers="users")
            session.create(ApprovalStepUser, step=step, user=lee)
        deal = session.create(Opportunity, name="200 seats", amount=1_000, owner=sam)
    returned = []
    with crm.session(actor="sam") as session:
        returned.append(submit(session, session.get(Opportunity, deal.id), note="Soon"))
        returned.append(recall(session, returned[0]))
        returned.append(submit(session, session.get(Opportunity, deal.id), note="Now"))
    with crm.session(actor="lee") as session:
        returned.append(approve(session, returned[0], step="step 1"))
        returned.append(reject(session, returned[0], comment="No."))
    assert [each.status for each in returned] == ["pending", "recalled", "pending", "pending", "rejected"]
    assert not any({"note", "plan"} & dict(each.items()).keys() for each in returned)


@pytest.mark.row("F7")
@pytest.mark.parametrize(("hides", "amount"), [((), 48_000), (("amount",), None)])
def test_a_request_shows_no_amount_that_is_hidden(
    make_crm: CRMFactory, hides: tuple[str, ...], amount: int | None
) -> None:
    """Approvers are shown the amount of the record if their roles show it, and can't ask the request for it."""
    grants = (Grant(entity="opportunity", read="all", hides=hides), Grant(entity="user", read="all"))
    crm = make_crm(["workflow", make_plugin("blind", Role(name="blind", grants=grants))])
    with crm.session(actor="admin") as session:
        lee = session.create(User, name="Lee", external_id="lee", roles=["blind"])
        flow = session.create(ApprovalFlow, name="Deals", entity="opportunity", otherwise="pass")
        step = session.create(ApprovalStep, flow=flow, name="legal", approvers="users")
        session.create(ApprovalStepUser, step=step, user=lee)
        submit(session, session.create(Opportunity, name="200 seats", amount=48_000))
    with crm.session(actor="lee") as session:
        table = approvals(session)
        assert isinstance(table, Table)
        assert [dict(zip([each.name for each in table.columns], row, strict=True))["amount"] for row in table.rows] == [
            amount
        ]
        assert [name for name, value in session.find(ApprovalRequest)[0].items() if "48" in str(value)] == []
        with pytest.raises(FilterError):
            session.count(ApprovalRequest, "amount > 47_000")
