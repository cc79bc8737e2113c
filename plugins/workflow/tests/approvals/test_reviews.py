"""Reviews: new and changed records are there for others once somebody else has found them right."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from crmkit import SYSTEM, Contact, Customer, Grant, Opportunity, Role, User
from crmkit.errors import ConflictError, NotFoundError, Refused
from crmkit.testing.plugins import make_plugin
from crmkit_workflow.errors import NotReviewableError
from crmkit_workflow.handover.handing import deactivate
from crmkit_workflow.positions.entities import Position, PositionHolder
from crmkit_workflow.reviews.deciding import approve_review, reject_review, submit_for_review
from crmkit_workflow.reviews.entities import Review, ReviewRule

if TYPE_CHECKING:
    from typing import Any

    from crmkit import CRM
    from crmkit.testing.fixtures import CRMFactory

    Firm = Any  # see conftest.py, which can't be imported

NARROW = Role(name="narrow", grants=(Grant(entity="customer", read="own"), Grant(entity="user", read="all")))
SQLITE = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)


def rule(crm: CRM, **values: Any) -> None:
    """Have new customers of members reviewed by the superiors of their authors."""
    with crm.session(actor="admin") as session:
        session.create(ReviewRule, **{"name": "Customers", "entity": "customer", "roles": ["member"], **values})


def created(crm: CRM, **values: Any) -> Customer:
    """Have Sam create a customer."""
    with crm.session(actor="sam") as session:
        return session.create(Customer, **{"name": "Acme", **values})


def seeing(crm: CRM) -> list[str]:
    """Return which users see any customer."""
    found = []
    for name in ("admin", "eve", "fay", "mia", "sam"):
        with crm.session(actor=name) as session:
            if session.count(Customer):
                found.append(name)
    return found


@pytest.mark.row("B16")
def test_a_new_record_is_seen_by_others_once_it_is_approved(firm: Firm, crm: CRM) -> None:
    """Until then its author, its reviewer and administrators see it, and nobody reaches it by any way."""
    rule(crm)
    acme = created(crm)
    assert acme.review == "pending"
    assert seeing(crm) == ["admin", "mia", "sam"]
    with crm.session(actor="fay") as session:
        with pytest.raises(NotFoundError):
            session.get(Customer, acme.id)
        with pytest.raises(Refused, match="There is no customer"):
            session.create(Contact, name="Lea", customer=acme)
        assert session.count(Customer, search="acme") == session.count(Review) == 0
    with crm.session(actor="mia") as session:
        assert approve_review(session, session.get(Customer, acme.id)).review == "approved"
    assert seeing(crm) == ["admin", "eve", "fay", "mia", "sam"]


@pytest.mark.row("B16")
@SQLITE
def test_nobody_reviews_its_own(firm: Firm, crm: CRM) -> None:
    """The reviewer is never the author: where the author holds the position, the superior reviews."""
    with crm.session(actor="admin") as session:
        desk = session.create(Position, name="Data desk")
        session.create(PositionHolder, position=desk, user=firm.user("sam"))
    rule(crm, reviewers="position", position=desk)
    acme = created(crm)
    assert acme.reviewer == firm.user("mia").ref
    with crm.session(actor="sam") as session, pytest.raises(NotReviewableError, match="Nobody reviews what it has"):
        approve_review(session, session.get(Customer, acme.id))
    with crm.session(actor="admin") as session, pytest.raises(NotReviewableError, match="somebody else's"):
        approve_review(session, session.get(Customer, acme.id))
    with crm.session(actor="sam") as session, pytest.raises(Refused, match="may not change"):
        session.update(session.get(Customer, acme.id), review="approved")


@pytest.mark.row("B16")
@SQLITE
def test_a_draft_waits_for_its_author(firm: Firm, crm: CRM) -> None:
    """Where a rule says so, a new record is a draft until its author submits it."""
    rule(crm, at_once=False)
    acme = created(crm)
    assert (acme.review, seeing(crm)) == ("draft", ["admin", "mia", "sam"])
    with crm.session(actor="mia") as session, pytest.raises(NotReviewableError, match="Only its author or its owner"):
        submit_for_review(session, session.get(Customer, acme.id))
    with crm.session(actor="sam") as session:
        assert submit_for_review(session, acme).review == "pending"
        assert session.count(Review) == 1


@pytest.mark.row("B16")
def test_changes_are_reviewed(firm: Firm, crm: CRM) -> None:
    """Where a rule says so, a change of its fields is reviewed; others aren't."""
    rule(crm, changes=True, fields=["name", "city"], roles=None, rank=1)
    acme = created(crm)
    with crm.session(actor="mia") as session:
        approve_review(session, session.get(Customer, acme.id))
    with crm.session(actor="sam") as session:
        acme = session.update(session.get(Customer, acme.id), source="website")
        assert acme.review == "approved"
        acme = session.update(acme, city="Lyon")
        assert acme.review == "pending"
        assert session.count(Review, {"record": acme}) == 2
    assert seeing(crm) == ["admin", "mia", "sam"]


@pytest.mark.row("B17")
def test_what_is_not_right_goes_back_with_reasons(firm: Firm, crm: CRM) -> None:
    """A rejection says why, field by field, and tells the author; submitted again, what was said before is kept."""
    rule(crm)
    acme = created(crm, city="Pariss")
    with crm.session(actor="mia") as session:
        read = session.get(Customer, acme.id)
        with pytest.raises(NotReviewableError, match="Say why"):
            reject_review(session, read, reason=" ")
        with pytest.raises(NotReviewableError, match="no field town"):
            reject_review(session, read, reason="Wrong", comments={"town": "?"})
        assert reject_review(session, read, reason="A typo.", comments={"city": "Paris?"}).review == "rejected"
    assert seeing(crm) == ["admin", "mia", "sam"]
    with crm.session(actor="sam") as session:
        assert "Customer 1 was sent back: A typo." in [each.text for each in session.notices()]
        mended = session.update(session.get(Customer, acme.id), city="Paris")
        submit_for_review(session, mended)
    with crm.session(actor="mia") as session:
        approve_review(session, session.get(Customer, acme.id))
        rows = session.rows(Review, ["round", "state", "reason", "comments"], order="round")
    assert list(rows) == [(1, "rejected", "A typo.", {"city": "Paris?"}), (2, "approved", None, None)]


@pytest.mark.row("B16")
def test_what_was_read_is_reviewed(firm: Firm, crm: CRM) -> None:
    """A record that was changed since the reviewer read it is a conflict."""
    rule(crm)
    acme = created(crm)
    with crm.session(actor="mia") as session:
        read = session.get(Customer, acme.id)
    with crm.session(actor="sam") as session:
        session.update(acme, city="Lyon")
    with crm.session(actor="mia") as session, pytest.raises(ConflictError):
        approve_review(session, read)


@SQLITE
def test_many_are_submitted_as_one(firm: Firm, crm: CRM) -> None:
    """Records of one batch are reviewed each, and their reviewer is told once; whoever leaves is stood in for."""
    rule(crm)
    with crm.session(actor="sam") as session:
        session.create_many(Customer, [{"name": f"Customer {number}"} for number in range(3)])
    with crm.session(actor="mia") as session:
        assert session.count(Review) == 3
        assert [each.text for each in session.notices()] == ["Customer: 3 records await your review."]
    firm.deactivate("mia")
    assert seeing_after(crm) == {"eve": 3}
    with crm.session(actor="eve") as session:
        assert [each.text for each in session.notices()] == ["Customer: 3 records await your review."]


def seeing_after(crm: CRM) -> dict[str, int]:
    """Return how many customers await whose review."""
    with crm.session(actor=SYSTEM) as session:
        rows = session.aggregate(Customer, by=["reviewer.external_id"], measures={"n": "count()"})
    return {str(name): int(str(count)) for name, count in rows}


@pytest.mark.row("B16")
def test_where_nobody_stands_above_an_administrator_reviews(firm: Firm, crm: CRM) -> None:
    """When the reviewer leaves and has no superior, an administrator gets the review, is told, and decides."""
    with crm.session(actor="admin") as session:
        desk = session.create(Position, name="Data desk", roles=["admin"])
        session.create(PositionHolder, position=desk, user=firm.user("kim"))
        session.update(firm.user("mia"), manager=None)
    rule(crm)
    acme = created(crm)
    with crm.session(actor="admin") as session:
        session.update(session.find(User, {"external_id": "mia"})[0], active=False)
        assert [each.text for each in session.cautions] == ["What awaited the review of this user awaits yours now."]
    firm.deactivate("admin")
    assert seeing_after(crm) == {"kim": 1}
    with crm.session(actor="kim") as session:
        assert [each.text for each in session.notices()] == ["Customer 1 awaits your review."]
        assert approve_review(session, session.get(Customer, acme.id)).review == "approved"


@SQLITE
def test_rules_speak_of_what_is_there(firm: Firm, crm: CRM) -> None:
    """Entities, fields and roles of a rule are checked; authors without a superior are told; members make no rules."""
    for wrong, problem in (
        ({"entity": "order"}, "not reviewed"),
        ({"fields": ["colour"]}, "no 'colour'"),
        ({"roles": ["king"]}, "no 'king'"),
        ({"reviewers": "position"}, "Name the position"),
    ):
        with pytest.raises(Refused, match=problem):
            rule(crm, **wrong)
    with crm.session(actor="sam") as session, pytest.raises(Refused, match="may change all of them"):
        session.create(ReviewRule, name="Mine", entity="customer")
    rule(crm)
    with crm.session(actor="eve") as session, pytest.raises(Refused, match="Nobody can review this"):
        session.create(Customer, name="Acme")


@pytest.mark.row("B16")
def test_a_reviewer_sees_what_awaits_it(make_crm: CRMFactory) -> None:
    """A record is opened to a reviewer who doesn't see it, as long as it awaits this one's review."""
    crm = make_crm(["workflow", make_plugin("narrow", NARROW)])
    with crm.session(actor="admin") as session:
        eve = session.create(User, name="Eve", external_id="eve", roles=["narrow"])
        mia = session.create(User, name="Mia", external_id="mia", roles=["narrow"], manager=eve)
        session.create(User, name="Sam", external_id="sam", roles=["member"], manager=mia)
    rule(crm)
    acme, other = created(crm), created(crm, name="Other")
    with crm.session(actor="mia") as session:
        assert session.count(Review) == session.count(Customer) == 2
        assert reject_review(session, session.get(Customer, acme.id), reason="A typo.").review == "rejected"
        assert session.count(Customer) == 1
    with crm.session(actor="sam") as session:
        submit_for_review(session, session.get(Customer, acme.id))
    with crm.session(actor="mia") as session:
        assert approve_review(session, session.get(Customer, acme.id)).review == "approved"
        assert [each.id for each in session.find(Customer)] == [other.id]
    with crm.session(actor="admin") as session:
        session.update(mia, active=False)
        assert [str(each.to) for each in session.shares(session.get(Customer, other.id))] == [str(eve.ref)]
    with crm.session(actor="eve") as session:
        approve_review(session, session.find(Customer)[0])
        assert session.count(Customer) == session.count(Review) == 0


@pytest.mark.row("B16")
@SQLITE
def test_changes_by_a_move_are_reviewed(firm: Firm, crm: CRM) -> None:
    """What a move changes beside the stage is reviewed as if it was updated; the stage itself isn't."""
    rule(crm, entity="opportunity", name="Deals", changes=True)
    deal = firm.deal()
    with crm.session(actor="mia") as session:
        approve_review(session, session.get(Opportunity, deal.id))
    with crm.session(actor="sam") as session:
        deal = session.move(session.get(Opportunity, deal.id), "proposal")
        assert deal.review == "approved"
        deal = session.move(deal, "won", amount=99_000)
        assert (deal.review, session.count(Review)) == ("pending", 2)
    with crm.session(actor="fay") as session:
        assert session.count(Opportunity) == 0


@pytest.mark.row("B17")
def test_the_owner_submits_what_was_sent_back(firm: Firm, crm: CRM) -> None:
    """When the author has left, whoever owns the record mends and submits it, and reviews it no more than an author."""
    rule(crm)
    acme = created(crm)
    with crm.session(actor="mia") as session:
        reject_review(session, session.get(Customer, acme.id), reason="A typo.")
    mia, eve = firm.user("mia"), firm.user("eve")
    with crm.session(actor="admin") as session:
        deactivate(session, firm.user("sam"), default=mia.ref)
    with crm.session(actor="fay") as session, pytest.raises(NotFoundError):
        submit_for_review(session, acme)
    with crm.session(actor="mia") as session:
        mended = session.update(session.get(Customer, acme.id), city="Paris")
        found = submit_for_review(session, mended)
        assert (found.review, found.review_author, found.reviewer) == ("pending", mia.ref, eve.ref)
