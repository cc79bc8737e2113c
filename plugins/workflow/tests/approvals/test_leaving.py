"""Leaving: what becomes of decisions, positions and delegations when people or positions go."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from crmkit.errors import Refused
from crmkit_workflow.approvals.flows import ApprovalFlow, ApprovalStep
from crmkit_workflow.positions.entities import Position, PositionHolder
from crmkit_workflow.reviews.entities import ReviewRule

if TYPE_CHECKING:
    from typing import Any

    from crmkit import CRM

    Firm = Any  # see conftest.py, which can't be imported

SQLITE = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)


def position(crm: CRM, name: str, *holders: object, **values: object) -> Position:
    """Make a position with holders."""
    with crm.session(actor="admin") as session:
        made = session.create_many(Position, [{"name": name, **values}])[0]
        session.create_many(PositionHolder, [{"position": made, "user": each} for each in holders])
        return made


@pytest.mark.row("M6")
def test_a_position_that_processes_name_stays(firm: Firm, crm: CRM) -> None:
    """It is deleted only when no step, review rule or running request names it: nobody would be asked then."""
    desk = position(crm, "Data desk", firm.user("lee"))
    flow = firm.flow({"approvers": "position", "position": desk}, otherwise="pass")
    with crm.session(actor="admin") as session:
        rule = session.create(ReviewRule, name="Desk", entity="customer", reviewers="position", position=desk)
        with pytest.raises(Refused, match=r"(?s)The step 'step 1' of 'Deals'.*The review rule 'Desk'"):
            session.delete(desk)
        session.delete(rule)
    request = firm.submit(firm.deal())
    with crm.session(actor="admin") as session:
        session.delete(session.find(ApprovalStep)[0])
        with pytest.raises(Refused, match=f"The request {request.id} goes by it"):
            session.delete(desk)
    firm.approve("lee", request)
    with crm.session(actor="admin") as session:
        session.delete(desk)
        session.delete(session.get(ApprovalFlow, flow.id))
