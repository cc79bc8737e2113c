"""Locking: what is being approved stays as it was submitted, and stages that need an approval."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import pytest

from crmkit import (
    SYSTEM,
    Contact,
    Customer,
    Grant,
    Opportunity,
    OpportunityContact,
    Order,
    OrderLine,
    Role,
    User,
)
from crmkit.errors import ConflictError, Refused
from crmkit.testing.plugins import make_plugin
from crmkit_workflow.approvals.deciding import approve
from crmkit_workflow.approvals.flows import ApprovalFlow, ApprovalStep, ApprovalStepUser
from crmkit_workflow.approvals.requests import ApprovalRequest, ApprovalTask
from crmkit_workflow.approvals.submitting import submit

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from crmkit import CRM, Session
    from crmkit.testing.clock import FrozenClock
    from crmkit.testing.fixtures import CRMFactory

    Firm = Any  # see conftest.py, which can't be imported

ONE = {"users": ["lee"]}
BOTH = {"users": ["lee", "fay"]}
SQLITE = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)


@pytest.mark.row("F7")
def test_what_is_being_approved_is_locked(firm: Firm) -> None:
    """It can't be changed, moved or deleted, by nobody and in no number; the refusal says who holds it."""
    firm.flow(ONE)
    deal = firm.deal()
    other = firm.deal(name="Free")
    request = firm.submit(deal)
    for actor in ("sam", "admin", SYSTEM):
        with firm.crm.session(actor=actor) as session:
            now, free = session.get(Opportunity, deal.id), session.get(Opportunity, other.id)
            changes: list[Callable[[], object]] = [
                partial(session.update, now, amount=1),
                partial(session.update_many, [(free, {"amount": 1}), (now, {"amount": 1})]),
                partial(session.move, now, "proposal"),
                partial(session.move, now, "proposal", amount=1),
                partial(session.delete, now),
                partial(session.merge, free, now),
                partial(session.merge, now, free),
            ]
            for change in changes:
                with pytest.raises(Refused, match="It awaits: Lee"):
                    change()
            assert session.get(Opportunity, deal.id) == now
    with firm.crm.session(actor="sam") as session:
        session.transfer(session.get(Opportunity, deal.id), session.find(User, {"external_id": "sam"})[0])
    assert firm.recall("sam", request) == "recalled"
    with firm.crm.session(actor="sam") as session:
        assert session.update(session.get(Opportunity, deal.id), amount=1).amount.amount == 1


@pytest.mark.row("F7")
@SQLITE
def test_stages_need_an_approval(firm: Firm) -> None:
    """A stage that a flow names is entered when the flow has approved; a change of the amount makes that void."""
    firm.flow(ONE, stages=["won"], condition="amount >= 10_000")
    deal, small = firm.deal(), firm.deal(name="Small", amount=10)

    def win(record: Opportunity, **values: object) -> Opportunity:
        with firm.crm.session(actor="sam") as session:
            moved: Opportunity = session.move(session.get(Opportunity, record.id), "won", **values)
            return moved

    win(small)
    with pytest.raises(Refused, match="needs an approval"):
        win(deal)
    with firm.crm.session(actor="sam") as session, pytest.raises(Refused, match="needs an approval"):
        session.create(Opportunity, name="Sudden", amount=10_000, stage="won")
    request = firm.submit(deal)
    firm.approve("lee", request)
    with pytest.raises(Refused, match="needs an approval"):
        win(deal, amount=20_000)
    with firm.crm.session(actor="sam") as session:
        assert session.update(session.get(Opportunity, deal.id), description="Longer").approval == "approved"
        assert session.update(session.get(Opportunity, deal.id), amount=20_000).approval == "void"
        assert session.get(ApprovalRequest, request.id).status == "void"
    with pytest.raises(Refused, match="needs an approval"):
        win(deal)
    firm.approve("lee", firm.submit(deal))
    assert win(deal).stage == "won"


@pytest.mark.row("F7")
def test_a_record_is_submitted_as_it_was_read(firm: Firm) -> None:
    """A change between reading and submitting is a conflict, and so is submitting between reading and changing."""
    firm.flow(ONE)
    deal = firm.deal()
    with firm.crm.session(actor="sam") as session:
        session.update(session.get(Opportunity, deal.id), amount=11_000)
    with firm.crm.session(actor="sam") as session, pytest.raises(ConflictError):
        submit(session, deal)
    with firm.crm.session(actor="admin") as session:
        known = session.get(Opportunity, deal.id)
    firm.recall("sam", firm.submit(deal))
    with firm.crm.session(actor="admin") as session, pytest.raises(ConflictError):
        session.update(known, amount=1)


@SQLITE
def test_requests_are_written_by_no_other_way(firm: Firm, crm: CRM) -> None:
    """Nobody gives itself an approval by writing the record, the request or the task."""
    firm.flow(ONE)
    deal = firm.deal()
    request = firm.submit(deal)
    with crm.session(actor="admin") as session:
        (task,) = session.find(ApprovalTask)
        with pytest.raises(Refused, match="may not change"):
            session.update(session.get(ApprovalRequest, request.id), status="approved")
        with pytest.raises(Refused, match="may not change"):
            session.update(task, state="approved")
        with pytest.raises(Refused, match="may not change"):
            session.create(Opportunity, name="Mine", approval="approved")
        with pytest.raises(Refused, match="stays on record"):
            session.delete(task)


@pytest.mark.row("F7")
def test_parts_are_locked_with_their_whole(firm: Firm, crm: CRM) -> None:
    """Lines of an order that is being approved are neither added nor changed nor taken away."""
    firm.flow(ONE, entity="order")
    with crm.session(actor="sam") as session:
        acme = session.create(Customer, name="Acme")
        order, other = session.create_many(Order, [{"customer": acme, "amount": 100}, {"customer": acme}])
        line, free = session.create_many(OrderLine, [{"order": order}, {"order": other}])
    request = firm.submit(order)
    with crm.session(actor="sam") as session:
        changes: list[Callable[[], object]] = [
            partial(session.create, OrderLine, order=order, quantity=100),
            partial(session.update, line, quantity=100),
            partial(session.update, free, order=order),
            partial(session.delete, line),
        ]
        for change in changes:
            with pytest.raises(Refused, match="It awaits: Lee"):
                change()
        session.update(free, quantity=2)
    assert firm.approve("lee", request) == "approved"


@pytest.mark.row("F7")
@SQLITE
def test_approvers_see_what_they_decide_about(make_crm: CRMFactory) -> None:
    """A record is opened to an approver who doesn't see it, for as long as the request is open."""
    narrow = Role(name="narrow", grants=(Grant(entity="opportunity", read="own"),))
    crm = make_crm(["workflow", make_plugin("narrow", narrow)])
    with crm.session(actor="admin") as session:
        sam = session.create(User, name="Sam", external_id="sam", roles=["member"])
        lee = session.create(User, name="Lee", external_id="lee", roles=["narrow"])
        flow = session.create(ApprovalFlow, name="Deals", entity="opportunity", otherwise="pass")
        step = session.create(ApprovalStep, flow=flow, name="legal", approvers="users")
        session.create(ApprovalStepUser, step=step, user=lee)
        deal = session.create(Opportunity, name="200 seats", owner=sam)
    with crm.session(actor="sam") as session:
        request = submit(session, deal)
    with crm.session(actor="lee") as session:
        assert session.count(Opportunity) == session.count(ApprovalTask) == 1
        approve(session, session.find(ApprovalRequest)[0])
    with crm.session(actor="lee") as session:
        assert session.count(Opportunity) == session.count(ApprovalTask) == 0
        assert request.open


@pytest.mark.row("F7")
def test_what_is_submitted_again_is_no_longer_approved(firm: Firm) -> None:
    """An approval counts until its flow is asked again: a rejection, or taking that back, leaves none."""
    firm.flow(ONE, stages=["won"])
    deal, other = firm.deal(), firm.deal(name="Another")
    for record in (deal, other):
        firm.approve("lee", firm.submit(record))
        assert firm.status(record) == "approved"
    firm.reject("lee", firm.submit(deal))
    firm.recall("sam", firm.submit(other))
    for record in (deal, other):
        with firm.crm.session(actor="sam") as session, pytest.raises(Refused, match="needs an approval"):
            session.move(session.get(Opportunity, record.id), "won")
    firm.approve("lee", firm.submit(deal))
    with firm.crm.session(actor="sam") as session:
        session.move(session.get(Opportunity, deal.id), "won")


@pytest.mark.row("F7")
def test_every_flow_that_gates_a_stage_is_asked_in_turn(firm: Firm) -> None:
    """When the first flow has approved, the next one that has stages is asked; each approval becomes void by itself."""
    firm.flow(ONE, name="Offer", rank=1, stages=["proposal"])
    firm.flow({"users": ["fay"]}, name="Contract", rank=2, stages=["won"], voided_by=["description"])
    firm.flow({"users": ["kim"]}, name="Anything", rank=3)
    deal = firm.deal()

    def move(stage: str, **values: object) -> None:
        with firm.crm.session(actor="sam") as session:
            session.move(session.get(Opportunity, deal.id), stage, **values)

    firm.approve("lee", firm.submit(deal))
    move("proposal")
    with pytest.raises(Refused, match=r"needs an approval \(Contract\)"):
        move("won")
    firm.reject("fay", firm.submit(deal))
    with firm.crm.session(actor="sam") as session:
        session.update(session.get(Opportunity, deal.id), amount=20_000)  # after a rejection by the other flow
    assert firm.status(deal) == "void"
    firm.approve("lee", firm.submit(deal))
    firm.approve("fay", firm.submit(deal))
    with pytest.raises(Refused, match=r"needs an approval \(Contract\)"):
        move("won", description="Longer")
    move("won", amount=30_000)
    with firm.crm.session(actor="sam") as session:
        rows = session.rows(ApprovalRequest, ["flow.name", "status"], {"record": deal}, order="id")
    assert list(rows) == [("Offer", "void"), ("Contract", "approved"), ("Offer", "void")]
    assert firm.awaited(firm.submit(deal)) == ["lee"]


@pytest.mark.row("F7")
def test_changed_lines_make_an_approval_void(firm: Firm, crm: CRM, clock: FrozenClock) -> None:
    """Adding, changing or taking away lines is changing what was approved; deleting and restoring the order isn't."""
    firm.flow(ONE, entity="order")
    with crm.session(actor="sam") as session:
        acme = session.create(Customer, name="Acme")
        order = session.create(Order, customer=acme, amount=100)
        line, other = session.create_many(OrderLine, [{"order": order, "position": number} for number in (1, 2)])

    changes: list[Callable[[Session], object]] = [
        lambda session: session.update(line, quantity=500),
        lambda session: session.create(OrderLine, order=order, price=100),
        lambda session: session.delete(other),
        lambda session: session.restore(OrderLine, other.id),
    ]
    for change in changes:
        clock.advance(minutes=1)
        request = firm.submit(order)
        firm.approve("lee", request)
        clock.advance(minutes=1)
        with crm.session(actor="sam") as session:
            change(session)
            assert session.get(Order, order.id).approval == "void"
            assert session.get(ApprovalRequest, request.id).status == "void"
    request = firm.submit(order)
    firm.approve("lee", request)
    clock.advance(minutes=1)
    with crm.session(actor="admin") as session:
        session.delete(session.get(Order, order.id))
    with crm.session(actor="admin") as session:
        session.restore(Order, order.id)
        assert session.get(Order, order.id).approval == "approved"
        assert session.get(ApprovalRequest, request.id).status == "approved"


@pytest.mark.row("F7")
@SQLITE
def test_a_flow_says_which_parts_make_its_approval_void(firm: Firm, crm: CRM) -> None:
    """Parts without amounts, such as the contacts of a deal, do so when the flow names them, lines when it doesn't."""
    with pytest.raises(Refused, match="no 'order_line'"):
        firm.flow(ONE, voided_by=["order_line"])
    firm.flow(ONE)
    firm.flow(ONE, name="Careful", rank=1, condition="amount > 10_000", voided_by=["opportunity_contact"])
    found = []
    for amount in (10_000, 10_001):
        deal = firm.deal(amount=amount)
        firm.approve("lee", firm.submit(deal))
        with crm.session(actor="sam") as session:
            lea = session.create(Contact, name="Lea")
            session.create(OpportunityContact, opportunity=deal, contact=lea)
        found.append(firm.status(deal))
    assert found == ["approved", "void"]


@pytest.mark.row("F7")
@SQLITE
def test_what_begins_to_fit_a_flow_is_not_submitted(firm: Firm) -> None:
    """A deal that is won below the amount from which it is approved, and raised then, is shown as not submitted."""
    firm.flow(ONE, stages=["won"], condition="amount >= 10_000")
    deal = firm.deal(amount=10)
    with firm.crm.session(actor="sam") as session:
        won = session.move(session.get(Opportunity, deal.id), "won")
        assert won.approval is None
        assert session.update(won, amount=99_000).approval == "draft"
