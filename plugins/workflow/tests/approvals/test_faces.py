"""What people meet of approvals: the command, the worklist and the report."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from crmkit import Opportunity, Table, User, WorklistKind
from crmkit.errors import Refused
from crmkit_workflow.approvals.commands import approvals
from crmkit_workflow.approvals.requests import ApprovalRequest
from crmkit_workflow.delegation.entities import Delegation

if TYPE_CHECKING:
    from typing import Any

    from crmkit import CRM, Session
    from crmkit.testing.clock import FrozenClock

    Firm = Any  # see conftest.py, which can't be imported

pytestmark = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)


def asked(session: Session, **given: Any) -> str:
    """Return the status of a request after the command."""
    found = approvals(session, **given)
    assert isinstance(found, ApprovalRequest)
    return found.status


@pytest.mark.row("F7")
def test_the_command_lists_and_decides(firm: Firm, crm: CRM) -> None:
    """`crmkit approvals` shows what awaits me, for others, too; and submits, approves, rejects and recalls."""
    firm.flow({"name": "legal", "users": ["lee"]})
    deal = firm.deal()
    with crm.session(actor="sam") as session:
        made = approvals(session, submit=session.get(Opportunity, deal.id).ref, comment="Urgent")
        assert isinstance(made, ApprovalRequest)
    with crm.session(actor="lee") as session:
        kim = session.find(User, {"external_id": "kim"})[0]
        session.create(Delegation, delegator=session.actor_ref, delegate=kim, since=session.today)
    for actor, count in (("lee", 1), ("kim", 1), ("sam", 0), ("admin", 0)):
        with crm.session(actor=actor) as session:
            table = approvals(session)
            assert isinstance(table, Table)
            assert [row[:5] for row in table.rows] == [(1, "opportunity:1", "200 seats", "legal", "Lee")] * count
    with crm.session(actor="lee") as session:
        with pytest.raises(Refused, match="one of them at a time"):
            approvals(session, approve=1, reject=1)
        with pytest.raises(Refused, match="Say why"):
            approvals(session, reject=1)
        assert asked(session, reject=1, comment="Too cheap.") == "rejected"
    with crm.session(actor="sam") as session:
        approvals(session, submit=deal.ref)
        assert asked(session, recall=1) == "recalled"
        approvals(session, submit=deal.ref)
    with crm.session(actor="kim") as session:
        assert asked(session, approve=1) == "approved"


@pytest.mark.row("F7")
def test_worklists_hold_what_awaits(firm: Firm, crm: CRM) -> None:
    """The kinds of work that the plugin adds find what awaits whoever looks, and nothing else."""
    firm.flow({"name": "legal", "users": ["lee"]})
    request = firm.submit(firm.deal())
    kinds = {each.name: each for each, plugin in crm.model.of(WorklistKind) if plugin == "workflow"}

    def count(actor: str, name: str) -> int:
        with crm.session(actor=actor) as session:
            entity = session.model.entities[kinds[name].entity].record_class
            where = kinds[name].where
            assert isinstance(where, str)
            return session.count(entity, where)

    assert (count("lee", "awaiting_approval"), count("fay", "awaiting_approval")) == (1, 0)
    firm.reject("lee", request)
    assert (count("lee", "awaiting_approval"), count("sam", "sent_back"), count("lee", "sent_back")) == (0, 1, 0)


@pytest.mark.row("F7")
def test_the_report_says_how_long_approvals_wait(firm: Firm, crm: CRM, clock: FrozenClock) -> None:
    """By flow and step: how many were approved and rejected, what is open, the mean and the longest wait."""
    firm.flow({"name": "legal", "users": ["lee"]}, {"name": "finance", "users": ["fay"]})
    one, two, _open = (firm.submit(firm.deal(name=f"Deal {number}")) for number in range(3))
    clock.advance(hours=1)
    firm.approve("lee", one)
    clock.advance(hours=2)
    firm.reject("lee", two)
    with crm.session(actor="admin") as session:
        table = session.report("approval_times")
    hours = [tuple(getattr(each, "total_seconds", lambda each=each: each)() for each in row) for row in table.rows]
    assert hours == [
        ("Deals: finance", 0, 0, 1, None, None),
        ("Deals: legal", 1, 1, 1, 2 * 3600.0, 3 * 3600.0),
    ]
    assert table.chart is not None
    with crm.session(actor="admin") as session:
        assert session.report("approval_times", since=session.today.replace(year=2030)).rows == ()
