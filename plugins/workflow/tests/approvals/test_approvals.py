"""Approvals: who decides about what, in which order, and what becomes of the record meanwhile."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from crmkit import SYSTEM, Opportunity, User
from crmkit.errors import AccessDeniedError, Refused
from crmkit_workflow.approvals.deciding import approve
from crmkit_workflow.approvals.flows import ApprovalFlow, ApprovalStep
from crmkit_workflow.approvals.requests import ApprovalTask
from crmkit_workflow.approvals.submitting import submit
from crmkit_workflow.errors import NotDecidableError, NotRecallableError, NotSubmittableError, NoUserError

if TYPE_CHECKING:
    from typing import Any

    from crmkit import CRM

    Firm = Any  # see conftest.py, which can't be imported

ONE = {"users": ["lee"]}
BOTH = {"users": ["lee", "fay"]}
SQLITE = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)


@pytest.mark.row("F7")
def test_steps_are_decided_one_after_the_other(firm: Firm) -> None:
    """A record passes the steps in their order, then it is approved; every decision is kept with who, when and why."""
    firm.flow({"name": "legal", **ONE}, {"name": "finance", "users": ["fay"]})
    deal = firm.deal()
    request = firm.submit(deal, note="Urgent")
    assert (firm.status(deal), firm.awaited(request)) == ("pending", ["lee"])
    assert firm.approve("lee", request, "Clauses are fine.") == "pending"
    assert firm.awaited(request) == ["fay"]
    assert firm.approve("fay", request) == "approved"
    assert (firm.status(deal), firm.awaited(request)) == ("approved", [])
    with firm.crm.session(actor="admin") as session:
        rows = session.rows(ApprovalTask, ["step", "decided_by.name", "state", "comment"], order="id")
    assert list(rows) == [("legal", "Lee", "approved", "Clauses are fine."), ("finance", "Fay", "approved", None)]


@pytest.mark.row("F7")
@SQLITE
def test_steps_of_one_place_are_decided_at_the_same_time(firm: Firm) -> None:
    """Parallel steps all await their approvers, and the next place begins when the last of them is done."""
    firm.flow(
        {"place": 1, "name": "legal", **ONE},
        {"place": 1, "name": "finance", "users": ["fay"]},
        {"place": 2, "name": "board", "users": ["eve"]},
    )
    request = firm.submit(firm.deal())
    assert firm.awaited(request) == ["fay", "lee"]
    firm.approve("fay", request)
    assert firm.awaited(request) == ["lee"]
    firm.approve("lee", request)
    assert firm.awaited(request) == ["eve"]


@pytest.mark.row("F7")
@SQLITE
@pytest.mark.parametrize(("vote", "left"), [("any", []), ("all", ["fay"])])
def test_one_approval_is_enough_or_all_are_needed(firm: Firm, vote: str, left: list[str]) -> None:
    """With `any` the first approval completes a step, with `all` the last; one rejection rejects in both."""
    firm.flow({**BOTH, "vote": vote})
    request = firm.submit(firm.deal())
    firm.approve("lee", request)
    assert firm.awaited(request) == left
    other = firm.submit(firm.deal(name="Another"))
    assert firm.reject("fay", other) == "rejected"


@pytest.mark.row("F7")
@SQLITE
def test_conditions_choose_flow_and_steps(firm: Firm) -> None:
    """The first flow whose condition a record meets counts, and in it the steps whose condition it meets."""
    firm.flow(ONE, {"name": "board", "users": ["eve"], "condition": "amount >= 50_000"}, condition="amount >= 10_000")
    firm.flow({"users": ["fay"]}, name="Small deals", rank=200)
    small, middle, large = (firm.submit(firm.deal(amount=amount)) for amount in (100, 10_000, 50_000))
    assert [firm.awaited(each) for each in (small, middle, large)] == [["fay"], ["lee"], ["lee"]]
    assert firm.approve("lee", middle) == "approved"
    assert firm.approve("lee", large) == "pending"
    assert firm.awaited(large) == ["eve"]


@pytest.mark.row("F7")
@SQLITE
def test_superiors_decide(firm: Firm) -> None:
    """The superior of the submitter, or all of them up to a level, one after the other, as far as there are any."""
    firm.flow({"approvers": "superiors", "levels": 5})
    request = firm.submit(firm.deal())
    assert firm.awaited(request) == ["mia"]
    firm.approve("mia", request)
    assert firm.awaited(request) == ["eve"]
    assert firm.approve("eve", request) == "approved"


@pytest.mark.row("F7")
@SQLITE
def test_the_submitter_chooses(firm: Firm) -> None:
    """Approvers that a flow leaves to the submitter are asked for when a record is submitted."""
    firm.flow({"name": "expert", "approvers": "chosen"})
    deal = firm.deal()
    with pytest.raises(NotSubmittableError, match="Choose approvers for: expert"):
        firm.submit(deal)
    assert firm.awaited(firm.submit(deal, chosen={"expert": [firm.user("kim")]})) == ["kim"]


@pytest.mark.row("F7")
@SQLITE
def test_nobody_approves_what_it_submitted(firm: Firm) -> None:
    """An approver who is the submitter is passed over for the superior, and decides by no other way either."""
    firm.flow({"users": ["sam", "mia"]})
    request = firm.submit(firm.deal())
    assert firm.awaited(request) == ["mia"]
    with pytest.raises(NotDecidableError, match="Nobody approves what it has submitted"):
        firm.approve("sam", request)


@pytest.mark.row("F7")
@SQLITE
def test_nobody_found_passes_or_goes_to_the_administrator(firm: Firm) -> None:
    """Where no step fits, or nobody can decide, the flow says whether it passes or its administrator decides."""
    flow = firm.flow({"approvers": "superior"})
    with firm.crm.session(actor="admin") as session:
        (sam,) = session.find(User, {"external_id": "sam"})
        session.update(sam, manager=None)
    assert firm.awaited(firm.submit(firm.deal())) == ["admin"]
    with firm.crm.session(actor="admin") as session:
        session.update(session.get(ApprovalFlow, flow.id), otherwise="pass")
    assert firm.status(deal := firm.deal(name="Second")) == "draft"
    assert firm.submit(deal).status == "approved"
    with firm.crm.session(actor="admin") as session:
        session.update(session.find(ApprovalStep)[0], condition="amount > 1_000_000")
    assert firm.submit(firm.deal(name="Third")).status == "approved"


@pytest.mark.row("F7")
@SQLITE
def test_a_rejection_goes_to_the_start_or_to_the_step_before(firm: Firm) -> None:
    """A rejected request goes back to the submitter, or to the last step that had approved, as the flow says."""
    firm.flow(ONE, {"users": ["fay"]})
    deal = firm.deal()
    request = firm.submit(deal)
    firm.approve("lee", request)
    assert (firm.reject("fay", request), firm.status(deal)) == ("rejected", "rejected")
    firm.flow(ONE, {"users": ["fay"]}, name="Careful", rank=1, rejects_to="previous")
    request = firm.submit(firm.deal(name="Second"))
    firm.approve("lee", request)
    assert (firm.reject("fay", request), firm.awaited(request)) == ("pending", ["lee"])
    firm.approve("lee", request)
    assert firm.awaited(request) == ["fay"]
    with pytest.raises(NotDecidableError, match="Say why"):
        firm.reject("fay", request, "  ")
    assert firm.approve("fay", request) == "approved"


@pytest.mark.row("F7")
@SQLITE
@pytest.mark.parametrize(
    ("restarts_from", "amount", "awaited"),
    [("first", 10_000, "lee"), ("refusing", 10_000, "fay"), ("refusing", 8_000, "fay"), ("refusing", 10_001, "lee")],
)
def test_submitted_again_it_begins_where_the_flow_says(
    firm: Firm, restarts_from: str, amount: int, awaited: str
) -> None:
    """At the first step, or at the one that refused; at the first in any case if it is about a greater amount."""
    firm.flow(ONE, {"users": ["fay"]}, restarts_from=restarts_from)
    deal = firm.deal()
    request = firm.submit(deal)
    firm.approve("lee", request)
    firm.reject("fay", request)
    with firm.crm.session(actor="sam") as session:
        session.update(session.get(Opportunity, deal.id), amount=amount, description="Mended")
    again = firm.submit(deal)
    assert (again.id, again.round, firm.awaited(again)) == (request.id, 2, [awaited])


@pytest.mark.row("F7")
@SQLITE
def test_recalling_is_the_submitters(firm: Firm) -> None:
    """Who submitted a request, or the administrator of its flow, takes it back, and only while it is open."""
    firm.flow(ONE)
    request = firm.submit(firm.deal())
    with pytest.raises(NotRecallableError, match="Only who submitted it"):
        firm.recall("lee", request)
    assert firm.recall("admin", request) == "recalled"
    with pytest.raises(NotRecallableError, match="closed already"):
        firm.recall("sam", request)
    with pytest.raises(NotDecidableError, match="closed already"):
        firm.approve("lee", request)


@pytest.mark.row("F7")
@SQLITE
def test_a_running_request_keeps_its_flow(firm: Firm) -> None:
    """What an administrator changes of a flow counts for what is submitted from then on."""
    firm.flow(ONE, {"name": "finance", "users": ["fay"]})
    before = firm.submit(firm.deal())
    with firm.crm.session(actor="admin") as session:
        session.delete(session.find(ApprovalStep, {"name": "finance"})[0])
    after = firm.submit(firm.deal(name="Second"))
    assert firm.approve("lee", before) == "pending"
    assert firm.awaited(before) == ["fay"]
    assert firm.approve("lee", after) == "approved"


@pytest.mark.row("F7")
@SQLITE
def test_who_leaves_is_stood_in_for(firm: Firm) -> None:
    """What awaits a user who is deactivated goes to the superior, which the tasks keep; the step goes on by it."""
    firm.flow({"users": ["mia", "lee"]}, {"users": ["mia"]})
    request = firm.submit(firm.deal())
    firm.approve("lee", request)
    firm.deactivate("mia")
    assert firm.awaited(request) == ["eve"]
    with firm.crm.session(actor="admin") as session:
        states = session.rows(ApprovalTask, ["approver.name", "state", "reason"], order="id")
    assert list(states) == [
        ("Mia", "reassigned", "users"),
        ("Lee", "approved", "users"),
        ("Eve", "open", "stand_in"),
    ]
    firm.approve("eve", request)
    assert firm.awaited(request) == ["eve"]  # the second step finds Mia inactive, too


@pytest.mark.row("F7")
@SQLITE
@pytest.mark.parametrize(("otherwise", "status"), [("administrator", "pending"), ("pass", "approved")])
def test_what_nobody_is_left_to_decide_passes_only_if_the_flow_says_so(firm: Firm, otherwise: str, status: str) -> None:
    """When the last who could decide leaves, the request stays open, and is recalled; or passes, if it is to."""
    firm.flow({"users": ["eve"]}, administrator=firm.user("eve"), otherwise=otherwise)
    deal = firm.deal()
    request = firm.submit(deal)
    firm.deactivate("eve")
    assert firm.status(deal) == status
    if status == "pending":
        assert firm.recall("sam", request) == "recalled"


@SQLITE
def test_a_flow_that_can_not_be_asked_any_more_keeps_nobody_from_writing(firm: Firm) -> None:
    """When a plugin takes a field along of which a flow speaks, records are made as drafts, and none is approved."""
    firm.flow({"users": ["eve"]}, condition="amount > 5")
    with firm.crm.session(actor=SYSTEM) as session:
        session.unit.check_writable()
        session.unit.connection.execute(session.tables["approval_flow"].update().values(condition="gone == 1"))
    assert firm.status(firm.deal()) == "draft"


@SQLITE
def test_what_can_not_be_submitted_is_refused(firm: Firm, crm: CRM) -> None:
    """Without a flow, twice, by the system, or by who may not change the record."""
    deal = firm.deal()
    with pytest.raises(NotSubmittableError, match="No approval flow"):
        firm.submit(deal)
    firm.flow(ONE)
    with crm.session(actor=SYSTEM) as session, pytest.raises(NoUserError):
        submit(session, session.get(Opportunity, deal.id))
    with pytest.raises(AccessDeniedError):
        firm.submit(deal, actor="fay")
    firm.submit(deal)
    with pytest.raises(NotSubmittableError, match="being approved already"):
        firm.submit(deal)


@SQLITE
def test_flows_speak_of_what_is_there(firm: Firm) -> None:
    """Entities, fields, stages and conditions of a flow are checked when it is written."""
    for wrong, problem in (
        ({"entity": "product"}, "not approved"),
        ({"condition": "amuont > 1"}, "amuont"),
        ({"stages": ["heaven"]}, "no 'heaven'"),
        ({"voided_by": ["colour"]}, "no 'colour'"),
        ({"amount_field": "name"}, "no amount"),
        ({"administrator": None}, "Name the administrator"),
    ):
        with pytest.raises(Refused, match=problem):
            firm.flow(**wrong)
    with pytest.raises(Refused, match="priority"):
        firm.flow({"condition": "priority == 1", **ONE})


@pytest.mark.row("F7")
@SQLITE
def test_approvers_and_submitters_are_told(firm: Firm, crm: CRM) -> None:
    """Whom a request awaits is told once a step, and the submitter what became of it."""
    firm.flow(ONE)
    request = firm.submit(firm.deal())
    with crm.session(actor="lee") as session:
        assert [each.text for each in session.notices()] == ["Opportunity 1 awaits your approval: step 1."]
        approve(session, request)
    with crm.session(actor="sam") as session:
        assert [each.text for each in session.notices()] == ["Opportunity 1 was approved."]


@SQLITE
def test_flows_are_made_by_administrators(firm: Firm, crm: CRM) -> None:
    """Who may not change all flows makes none: a flow of one's own would be a way round the others."""
    flow = firm.flow(ONE)
    with crm.session(actor="sam") as session:
        with pytest.raises(Refused, match="may change all of them"):
            session.create(ApprovalFlow, name="Mine", entity="opportunity", rank=1, otherwise="pass")
        with pytest.raises((Refused, AccessDeniedError)):
            session.update(session.get(ApprovalFlow, flow.id), active=False)
