"""Leaving: what becomes of decisions, positions and delegations when people or positions go."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from crmkit import Customer, User
from crmkit.errors import Refused
from crmkit_workflow.approvals.flows import ApprovalFlow, ApprovalStep
from crmkit_workflow.approvals.requests import ApprovalTask
from crmkit_workflow.errors import NotDecidableError, NotRecallableError
from crmkit_workflow.handover.handing import deactivate
from crmkit_workflow.positions.entities import Position, PositionHolder
from crmkit_workflow.reviews.deciding import approve_review
from crmkit_workflow.reviews.entities import Review, ReviewRule

if TYPE_CHECKING:
    from typing import Any

    from crmkit import CRM
    from crmkit.testing.clock import FrozenClock

    Firm = Any  # see conftest.py, which can't be imported

DAY = timedelta(days=1)
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


@pytest.mark.row("M6")
def test_what_awaits_a_position_follows_its_holders(firm: Firm, crm: CRM, clock: FrozenClock) -> None:
    """Who no longer holds a position decides nothing for it any more, and who holds it now does; tasks say so."""
    crm.worker().run_once()  # schedules begin
    desk = position(crm, "Legal", firm.user("lee"))
    firm.flow({"approvers": "position", "position": desk})
    deal = firm.deal()
    request = firm.submit(deal)
    with crm.session(actor="admin") as session:
        (held,) = session.find(PositionHolder)
        session.update(held, until=session.today)
        session.create(PositionHolder, position=desk, user=firm.user("kim"), since=session.today + 2 * DAY)
    assert firm.awaited(request) == ["lee"]
    clock.advance(days=1)
    crm.worker().run_once()
    assert firm.awaited(request) == ["eve"]  # it is vacant: the superior of the last holder stands in
    clock.advance(days=1)
    with pytest.raises(NotDecidableError, match="It awaits: Kim"):
        firm.approve("eve", request)
    with crm.session(actor="admin") as session:
        session.create(PositionHolder, position=desk, user=firm.user("fay"))
    assert firm.awaited(request) == ["fay", "kim"]
    firm.approve("kim", request)
    with crm.session(actor="admin") as session:
        session.delete(session.find(PositionHolder, {"user": firm.user("fay")})[0])
        rows = session.rows(ApprovalTask, ["approver.name", "state"], order="id")
    assert list(rows) == [("Lee", "reassigned"), ("Eve", "reassigned"), ("Kim", "approved"), ("Fay", "reassigned")]
    assert firm.status(deal) == "approved"


@pytest.mark.row("M6")
@SQLITE
def test_a_position_that_is_left_falls_to_the_one_above(firm: Firm, crm: CRM) -> None:
    """What awaits a holder who is switched off goes where a new request would go, and comes back with the holder."""
    head = position(crm, "Head of legal", firm.user("kim"))
    desk = position(crm, "Legal", firm.user("lee"), superior=head)
    firm.flow({"approvers": "position", "position": desk})
    request = firm.submit(firm.deal())
    firm.deactivate("lee")
    assert firm.awaited(request) == firm.awaited(firm.submit(firm.deal(name="New"))) == ["kim"]
    with crm.session(actor="admin") as session:
        session.update(session.get(User, firm.user("lee").id), active=True)
    assert firm.approve("lee", request) == "approved"


@pytest.mark.row("F7")
@SQLITE
def test_when_the_submitter_has_left_the_owner_answers_for_a_request(firm: Firm, crm: CRM) -> None:
    """Who owns the record by then is told of the decision, and recalls what others can't."""
    firm.flow({"users": ["lee"]})
    deal, other = firm.deal(), firm.deal(name="Other")
    request, recalled = firm.submit(deal), firm.submit(other)
    with crm.session(actor="admin") as session:
        deactivate(session, firm.user("sam"), default=firm.user("kim").ref)
    with pytest.raises(NotRecallableError):
        firm.recall("fay", recalled)
    assert firm.recall("kim", recalled) == "recalled"
    firm.reject("lee", request)
    with crm.session(actor="kim") as session:
        assert [each.text for each in session.notices()] == ["Opportunity 1 was rejected."]
    assert firm.awaited(firm.submit(deal, actor="kim")) == ["lee"]


@pytest.mark.row("B16")
@pytest.mark.row("M6")
def test_a_review_follows_the_position(firm: Firm, crm: CRM, clock: FrozenClock) -> None:
    """It awaits whoever holds the position that reviews, when somebody is switched off, appointed or its term ends."""
    crm.worker().run_once()  # schedules begin
    head = position(crm, "Head of data", firm.user("kim"))
    desk = position(crm, "Data desk", firm.user("lee"), superior=head)
    with crm.session(actor="admin") as session:
        session.create(
            ReviewRule, name="Desk", entity="customer", roles=["member"], reviewers="position", position=desk
        )
    with crm.session(actor="sam") as session:
        acme = session.create(Customer, name="Acme")

    def awaited() -> tuple[str, str]:
        with crm.session(actor="admin") as session:
            (row,) = session.rows(Customer, ["reviewer.external_id"], {"id": acme.id})
            (other,) = session.rows(Review, ["reviewer.external_id"], {"state": "pending"})
        return str(row[0]), str(other[0])

    assert awaited() == ("lee", "lee")
    firm.deactivate("lee")
    assert awaited() == ("kim", "kim")
    with crm.session(actor="admin") as session:
        session.create(PositionHolder, position=desk, user=firm.user("fay"), until=session.today)
    assert awaited() == ("fay", "fay")
    clock.advance(days=1)
    crm.worker().run_once()
    assert awaited() == ("kim", "kim")
    with crm.session(actor="kim") as session:
        assert approve_review(session, session.get(Customer, acme.id)).review == "approved"
