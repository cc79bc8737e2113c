"""Restrictions: records that don't meet one aren't there, whatever roles and shares say."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from crmkit import (
    SYSTEM,
    Contact,
    Customer,
    Opportunity,
    OrgUnit,
    Restriction,
    User,
    boolean,
    choice,
    extend,
)
from crmkit.errors import DeclarationError, FilterError, NotFoundError, Refused
from crmkit.testing.plugins import make_plugin

if TYPE_CHECKING:
    from crmkit import CRM
    from crmkit.testing.fixtures import CRMFactory


@extend(Customer)
class Release:
    """Whether a customer is released, and how."""

    released: bool | None = boolean()
    grade: str | None = choice("one", "two")


RELEASE = Restriction(
    name="release",
    entity="customer",
    where="released or owner == me() or grade in ('two',)",
    help="It is not released.",
    except_for=("auditor",),
)


@pytest.fixture
def firm(make_crm: CRMFactory) -> CRM:
    """Ann owns a customer that is not released, Bob may otherwise read everything, and Ada audits."""
    crm = make_crm([make_plugin("releasing", Release, RELEASE)])
    with crm.session(actor="admin") as session:
        ann = session.create(User, name="Ann", external_id="ann", roles=["member"])
        session.create(User, name="Bob", external_id="bob", roles=["manager"])
        session.create(User, name="Ada", external_id="ada", roles=["auditor"])
        hidden, _open = session.create_many(
            Customer, [{"name": "Hidden", "owner": ann}, {"name": "Open", "owner": ann, "released": True}]
        )
    with crm.session(actor=SYSTEM) as session:
        session.create(OrgUnit, name="Board", customer=hidden)
        session.create(Opportunity, name="Deal", customer=hidden, amount=10)
    return crm


def test_what_does_not_meet_a_restriction_is_not_there(firm: CRM) -> None:
    """It is not read, counted, searched, reached by a path, referred to or changed; nor are its parts."""
    with firm.session(actor="ann") as session:
        hidden = session.find(Customer, {"name": "Hidden"})[0]
    with firm.session(actor="bob") as session:
        assert [each.name for each in session.find(Customer)] == ["Open"]
        assert session.count(Customer) == session.count(Customer, search="open") == 1
        assert session.count(Customer, search="hidden") == session.count(OrgUnit) == 0
        assert session.rows(Opportunity, ["customer.name"]) == ((None,),)
        assert session.aggregate(Opportunity, by=["customer.name"], measures={"n": "count()"}) == [(None, 1)]
        with pytest.raises(NotFoundError):
            session.get(Customer, hidden.id)
        with pytest.raises(NotFoundError):
            session.update(hidden, city="Lyon")
        with pytest.raises(Refused, match="There is no customer"):
            session.create(Contact, name="Lea", customer=hidden)
        with pytest.raises(NotFoundError):
            session.history(hidden)


def test_no_share_opens_it(firm: CRM) -> None:
    """A share doesn't open what a restriction closes; meeting the restriction does, at once."""
    with firm.session(actor="ann") as session:
        hidden = session.find(Customer, {"name": "Hidden"})[0]
        session.share(hidden, session.find(User, {"name": "Bob"})[0])
    with firm.session(actor="bob") as session:
        assert session.count(Customer) == 1
    with firm.session(actor="ann") as session:
        session.update(hidden, grade="two")
    with firm.session(actor="bob") as session:
        assert session.count(Customer) == 2


def test_it_does_not_bind_everybody(firm: CRM) -> None:
    """The system, guards, and the roles that are named see everything."""
    for actor in ("ada", SYSTEM):
        with firm.session(actor=actor) as session:
            assert session.count(Customer) == 2


def test_who_creates_what_it_may_not_see_has_created_it(firm: CRM) -> None:
    """A record that its creator doesn't see is there, and can't be referred to by it."""
    with firm.session(actor="admin") as session:
        ann = session.find(User, {"external_id": "ann"})[0]
        made = session.create(Customer, name="Given away", owner=ann)
        assert session.count(Customer, {"name": "Given away"}) == 0
        with pytest.raises(Refused, match="There is no customer"):
            session.create(Contact, name="Lea", customer=made)
    with firm.session(actor="ann") as session:
        assert session.count(Customer, {"name": "Given away"}) == 1


def test_it_is_explained(firm: CRM) -> None:
    """Explaining what a user may do says what keeps the record away."""
    with firm.session(actor="admin") as session:
        session.update(session.find(User, {"external_id": "ann"})[0], roles=["admin"])
    with firm.session(actor="ann") as session:
        hidden = session.find(Customer, {"name": "Hidden"})[0]
        found = session.explain(hidden, session.find(User, {"external_id": "bob"})[0])
    assert {each.reasons for each in found.actions} == {("It is not released.",)}


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("where", "problem"),
    [
        ("owner.active", "own fields"),
        ("created_at < now()", "nothing else"),
        ("created_at.year == 2026", "own fields"),
        ("contains(name, 'x')", "nothing else"),
        ("nmae is None", "nmae"),
    ],
)
def test_a_restriction_that_can_not_be_kept_is_refused(make_crm: CRMFactory, where: str, problem: str) -> None:
    """A restriction asks for the entity's own fields and for the actor, as it is part of statements that are kept."""
    wrong = Restriction(name="wrong", entity="customer", where=where)
    with pytest.raises((DeclarationError, FilterError), match=problem):
        make_crm([make_plugin("wrong", wrong)])
