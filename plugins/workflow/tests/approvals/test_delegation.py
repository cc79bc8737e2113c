"""Delegation of authority: who decides for whom, about what, up to which amount, and on which days."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from crmkit import Customer, Opportunity, User
from crmkit.errors import AccessDeniedError, Refused
from crmkit_workflow.approvals.requests import ApprovalTask
from crmkit_workflow.delegation.entities import Delegation
from crmkit_workflow.errors import NotDecidableError, NotSubmittableError
from crmkit_workflow.positions.entities import Position, PositionHolder

if TYPE_CHECKING:
    from typing import Any

    from crmkit import CRM
    from crmkit.testing.clock import FrozenClock

    Firm = Any  # see conftest.py, which can't be imported

DAY = timedelta(days=1)
LEE = {"users": ["lee"]}
pytestmark = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)


def delegate(crm: CRM, one: str, other: str, actor: str = "", **values: Any) -> Delegation:
    """Have one user delegate to another, from today on."""
    with crm.session(actor=actor or one) as session:
        known = {each.external_id: each for each in session.find(User)}
        given = {"delegator": known[one], "delegate": known[other], "since": session.today, **values}
        return session.create_many(Delegation, [given])[0]


@pytest.mark.row("M13")
def test_somebody_else_decides_and_it_is_kept_for_whom(firm: Firm, crm: CRM) -> None:
    """A delegate decides what awaits the delegator; who decided, for whom and by which delegation is kept."""
    firm.flow(LEE)
    given = delegate(crm, "lee", "kim")
    request = firm.submit(firm.deal())
    assert firm.approve("kim", request) == "approved"
    with crm.session(actor="admin") as session:
        (row,) = session.rows(ApprovalTask, ["approver.name", "decided_by.name", "delegation"])
    assert row == ("Lee", "Kim", given.ref)


@pytest.mark.row("M13")
@pytest.mark.parametrize(
    ("values", "is_allowed"),
    [
        ({"limit": 10_000}, True),
        ({"limit": 9_999}, False),
        ({"entity": "opportunity"}, True),
        ({"entity": "order"}, False),
    ],
)
def test_a_delegation_goes_so_far(firm: Firm, crm: CRM, values: dict[str, Any], is_allowed: bool) -> None:  # noqa: FBT001
    """Amounts beyond the limit, and records of other entities or flows, stay with the delegator."""
    firm.flow(LEE)
    delegate(crm, "lee", "kim", **values)
    request = firm.submit(firm.deal())
    if is_allowed:
        assert firm.approve("kim", request) == "approved"
    else:
        with pytest.raises(NotDecidableError, match="It awaits: Lee"):
            firm.approve("kim", request)


@pytest.mark.row("M13")
def test_a_delegation_holds_from_day_to_day(firm: Firm, crm: CRM, clock: FrozenClock) -> None:
    """Before the first and after the last day it gives nothing."""
    firm.flow(LEE)
    with crm.session(actor="lee") as session:
        today = session.today
    delegate(crm, "lee", "kim", since=today + DAY, until=today + DAY)
    request = firm.submit(firm.deal())
    with pytest.raises(NotDecidableError):
        firm.approve("kim", request)
    clock.advance(days=2)
    with pytest.raises(NotDecidableError):
        firm.approve("kim", request)
    clock.advance(days=-1)
    assert firm.approve("kim", request) == "approved"


@pytest.mark.row("M13")
def test_what_was_delegated_is_delegated_on_but_not_widened(firm: Firm, crm: CRM) -> None:
    """Along a chain each limit counts, so nobody passes on more than it was given."""
    firm.flow(LEE)
    delegate(crm, "lee", "kim", limit=5_000)
    delegate(crm, "kim", "fay")
    assert firm.approve("fay", firm.submit(firm.deal(amount=5_000))) == "approved"
    with pytest.raises(NotDecidableError):
        firm.approve("fay", firm.submit(firm.deal(name="Large", amount=5_001)))


@pytest.mark.row("M13")
def test_nobody_delegates_more_than_it_has(firm: Firm, crm: CRM) -> None:
    """Whose position has an approval limit delegates no more than that, and nobody delegates for others."""
    with crm.session(actor="admin") as session:
        lead = session.create(Position, name="Lead", limit=5_000)
        session.create(PositionHolder, position=lead, user=session.find(User, {"external_id": "lee"})[0])
    with pytest.raises(Refused, match="the limit is 5000"):
        delegate(crm, "lee", "kim")
    with pytest.raises(Refused, match="the limit is 5000"):
        delegate(crm, "lee", "kim", limit=5_001)
    with pytest.raises(Refused, match="Give the limit in EUR"):
        delegate(crm, "lee", "kim", limit="1 USD @ 9000")
    with pytest.raises(AccessDeniedError):
        delegate(crm, "lee", "kim", actor="kim", limit=5_000)
    delegate(crm, "lee", "kim", limit=5_000)
    delegate(crm, "fay", "kim", actor="admin")


@pytest.mark.row("M13")
def test_authority_does_not_come_back(firm: Firm, crm: CRM) -> None:
    """No circle is closed, at the same time; one after the other is none."""
    with crm.session(actor="lee") as session:
        today = session.today
    delegate(crm, "lee", "kim", until=today + DAY)
    delegate(crm, "kim", "fay")
    with pytest.raises(Refused, match="come back"):
        delegate(crm, "fay", "lee")
    with pytest.raises(Refused, match="Nobody delegates to itself"):
        delegate(crm, "fay", "fay")
    delegate(crm, "fay", "lee", since=today + 2 * DAY)


@pytest.mark.row("M13")
def test_a_delegate_does_not_approve_its_own(firm: Firm, crm: CRM) -> None:
    """Who submitted a request decides about it for nobody."""
    firm.flow(LEE)
    delegate(crm, "lee", "sam")
    request = firm.submit(firm.deal())
    with pytest.raises(NotDecidableError, match="Nobody approves what it has submitted"):
        firm.approve("sam", request)


@pytest.mark.row("M13")
def test_a_substitute_is_told(firm: Firm, crm: CRM) -> None:
    """Who stands in during a leave is told of what comes in; who merely may decide is not."""
    firm.flow(LEE)
    delegate(crm, "lee", "kim", substitute=True)
    delegate(crm, "lee", "fay")
    firm.submit(firm.deal())
    told = {}
    for name in ("lee", "kim", "fay"):
        with crm.session(actor=name) as session:
            told[name] = len(session.notices())
    assert told == {"lee": 1, "kim": 1, "fay": 0}


def test_a_delegation_is_about_what_is_there(firm: Firm, crm: CRM) -> None:
    """Records that nobody approves, days in the wrong order and users who can't act are refused."""
    with crm.session(actor="lee") as session:
        today = session.today
        assert session.count(Opportunity) == 0
    firm.deactivate("fay")
    for other, values, problem in (
        ("kim", {"entity": "product"}, "not approved"),
        ("kim", {"until": today - DAY}, "before the first"),
        ("fay", {}, "not active"),
    ):
        with pytest.raises(Refused, match=problem):
            delegate(crm, "lee", other, **values)


@pytest.mark.row("M13")
def test_nobody_approves_more_than_its_limit(firm: Firm, crm: CRM) -> None:
    """Whose position has a limit decides no larger amount, in whatever step it is asked: a superior who may does."""
    with crm.session(actor="admin") as session:
        known = {each.external_id: each for each in session.find(User)}
        for name, limit in (("mia", 5_000), ("lee", 5_000), ("eve", 40_000)):
            made = session.create(Position, name=name, limit=limit)
            session.create(PositionHolder, position=made, user=known[name])
    firm.flow({"approvers": "superior", "condition": "name == 'a'"}, {**LEE, "condition": "name == 'b'"})
    awaited = [
        [firm.awaited(firm.submit(firm.deal(name=name, amount=amount))) for amount in (5_000, 40_000, 40_001)]
        for name in ("a", "b")
    ]
    assert awaited == [[["mia"], ["eve"], ["admin"]], [["lee"], ["eve"], ["admin"]]]


@pytest.mark.row("M13")
def test_what_is_too_large_for_all_does_not_pass(firm: Firm, crm: CRM) -> None:
    """A flow lets pass what nobody is there for, and not what is too large for all who are there, at once or later."""
    with crm.session(actor="admin") as session:
        known = {each.external_id: each for each in session.find(User)}
        for name, limit in (("lee", None), ("eve", 5_000)):
            made = session.create(Position, name=name, limit=limit)
            session.create(PositionHolder, position=made, user=known[name])
    firm.flow(LEE, otherwise="pass", administrator=None)
    request = firm.submit(firm.deal())
    firm.deactivate("lee")
    assert firm.awaited(request) == ["lee"]
    with pytest.raises(NotSubmittableError, match="Nobody can decide"):
        firm.submit(firm.deal(name="Another"))
    assert firm.awaited(firm.submit(firm.deal(name="Small", amount=5_000))) == ["eve"]


@pytest.mark.row("M13")
def test_a_limit_takes_in_no_amount_that_is_still_to_be_said(firm: Firm, crm: CRM) -> None:
    """A delegation up to an amount is about no deal without one; of what has no amounts it goes without saying."""
    firm.flow(LEE)
    firm.flow(LEE, name="Customers", entity="customer")
    delegate(crm, "lee", "kim", limit=5_000)
    with crm.session(actor="sam") as session:
        acme = session.create(Customer, name="Acme")
    assert firm.approve("kim", firm.submit(acme)) == "approved"
    with pytest.raises(NotDecidableError, match="It awaits: Lee"):
        firm.approve("kim", firm.submit(firm.deal(amount=None)))
