"""Decisions at the same moment: each counts once, and a step is completed once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import TYPE_CHECKING

import pytest
import sqlalchemy as sa

from crmkit import Opportunity
from crmkit.errors import CommandError, ConflictError, Refused
from crmkit_workflow.approvals.deciding import approve
from crmkit_workflow.approvals.requests import ApprovalTask
from crmkit_workflow.approvals.submitting import submit
from crmkit_workflow.errors import NotDecidableError

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from crmkit import CRM, Session
    from crmkit_workflow.approvals.requests import ApprovalRequest

    Firm = Any  # see conftest.py, which can't be imported

ROUNDS = 4


def at_once(crm: CRM, *acts: tuple[str, Callable[[Session], object]]) -> list[str]:
    """Have users act at the same moment, each in a session of its own; return the errors, empty texts for none."""
    gate = Barrier(len(acts))

    def act(actor: str, function: Callable[[Session], object]) -> str:
        try:
            with crm.session(actor=actor) as session:
                gate.wait()
                function(session)
        except CommandError as error:
            return type(error).__name__
        return ""

    with ThreadPoolExecutor(len(acts)) as pool:
        return sorted(pool.map(lambda each: act(*each), acts))


def approving(request: ApprovalRequest) -> Callable[[Session], object]:
    """Return the function that approves a request in a session."""
    return lambda session: approve(session, request)


def submitting(deal: Opportunity) -> Callable[[Session], object]:
    """Return the function that submits a deal in a session."""
    return lambda session: submit(session, deal)


def changing(deal: Opportunity) -> Callable[[Session], object]:
    """Return the function that changes the amount of a deal in a session."""
    return lambda session: session.update(deal, amount=1)


def emitted(crm: CRM, name: str) -> int:
    """Return how often an event was written."""
    events = crm.tables.system.event
    with crm.engine.connect() as connection:
        return int(connection.execute(sa.select(sa.func.count()).where(events.c.name == name)).scalar_one())


@pytest.mark.row("F7")
def test_two_approvers_at_the_same_moment_complete_a_step_once(firm: Firm, crm: CRM) -> None:
    """Where both must approve, both decisions count, and the next step is opened once."""
    firm.flow({"users": ["lee", "fay"]}, {"users": ["eve"]})
    for number in range(ROUNDS):
        request = firm.submit(firm.deal(name=f"Deal {number}"))
        found = at_once(
            crm,
            ("lee", approving(request)),
            ("fay", approving(request)),
        )
        assert (found, firm.awaited(request)) == (["", ""], ["eve"])
        assert firm.approve("eve", request) == "approved"
    assert emitted(crm, "approval.approved") == ROUNDS


@pytest.mark.row("F7")
def test_where_one_is_enough_one_decides(firm: Firm, crm: CRM) -> None:
    """The other of two who approve at the same moment is told that it is done; it ends once."""
    firm.flow({"users": ["lee", "fay"], "vote": "any"})
    for number in range(ROUNDS):
        request = firm.submit(firm.deal(name=f"Deal {number}"))
        found = at_once(
            crm,
            ("lee", approving(request)),
            ("fay", approving(request)),
        )
        assert found == ["", NotDecidableError.__name__]
        with crm.session(actor="admin") as session:
            states = sorted(str(state) for (state,) in session.rows(ApprovalTask, ["state"], {"request": request}))
        assert states == ["approved", "needless"]
    assert emitted(crm, "approval.approved") == ROUNDS


@pytest.mark.row("F7")
def test_one_approver_decides_once(firm: Firm, crm: CRM) -> None:
    """Who approves twice at the same moment has decided once."""
    firm.flow({"users": ["lee"]}, {"users": ["fay"]})
    request = firm.submit(firm.deal())
    found = at_once(crm, *[("lee", approving(request))] * 2)
    assert (found, firm.awaited(request)) == (["", NotDecidableError.__name__], ["fay"])


@pytest.mark.row("F7")
def test_submitting_and_changing_at_the_same_moment(firm: Firm, crm: CRM) -> None:
    """One of the two is refused, so what is approved is what was submitted."""
    firm.flow({"users": ["lee"]})
    for number in range(ROUNDS):
        deal = firm.deal(name=f"Deal {number}")
        found = at_once(
            crm,
            ("sam", submitting(deal)),
            ("admin", changing(deal)),
        )
        assert found[0] == ""
        assert found[1] in {ConflictError.__name__, Refused.__name__}
        with crm.session(actor="admin") as session:
            now = session.get(Opportunity, deal.id)
        assert (now.approval == "pending") == (now.amount == deal.amount)
