"""Positions: duties and rights belong to a position, and to whoever holds it at present."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from crmkit import Customer, User
from crmkit.errors import AccessDeniedError, Refused
from crmkit_workflow.positions.entities import Position, PositionHolder
from crmkit_workflow.positions.holders import responsible

if TYPE_CHECKING:
    from crmkit import CRM
    from crmkit.testing.clock import FrozenClock

DAY = timedelta(days=1)


@pytest.fixture
def firm(crm: CRM) -> CRM:
    """A head of sales above a team lead, Ann as lead under Mia, and nobody in the other positions."""
    with crm.session(actor="admin") as session:
        head = session.create(Position, name="Head of sales", duty="Answers for sales.", roles=["viewer"], limit=50_000)
        lead = session.create(Position, name="Team lead", superior=head, limit=5_000)
        mia = session.create(User, name="Mia", external_id="mia")
        ann = session.create(User, name="Ann", external_id="ann", manager=mia)
        session.create(PositionHolder, position=lead, user=ann, since=session.today, until=session.today + 7 * DAY)
    return crm


@pytest.mark.row("M6")
def test_a_position_gives_its_rights_to_whoever_holds_it(firm: CRM, clock: FrozenClock) -> None:
    """A holder has the roles of the position from the first to the last day, and nobody else has."""
    with firm.session(actor="admin") as session:
        session.create(Customer, name="Acme")
        head, mia = session.find(Position, {"name": "Head of sales"})[0], session.find(User, {"name": "Mia"})[0]
        session.create(PositionHolder, position=head, user=mia, since=session.today + DAY, until=session.today + DAY)
    found = []
    for _day in range(3):
        with firm.session(actor="mia") as session:
            found.append(session.count(Customer))
        clock.advance(days=1)
    assert found == [0, 1, 0]


@pytest.mark.row("M6")
def test_a_vacant_position_falls_to_the_one_above(firm: CRM, clock: FrozenClock) -> None:
    """Who is responsible: the holders; else those of the superior position; else the superior of the last holder."""
    with firm.session(actor="admin") as session:
        head, lead = session.find(Position, order="id")
        ann, mia = session.find(User, "external_id in ('ann', 'mia')", order="name")
        assert responsible(session, lead.id, session.today).users == (ann.id,)
        found = responsible(session, lead.id, session.today + 8 * DAY)
        assert (found.users, found.position, found.is_vacant) == ((mia.id,), None, True)
        eve = session.create(User, name="Eve", external_id="eve")
        session.create(PositionHolder, position=head, user=eve)
        found = responsible(session, lead.id, session.today + 8 * DAY)
        assert (found.users, found.position, found.is_vacant) == ((eve.id,), head.id, True)
        session.update(ann, active=False)
        assert responsible(session, lead.id, session.today).users == (eve.id,)


@pytest.mark.row("M6")
def test_an_amount_beyond_the_limit_goes_up(firm: CRM) -> None:
    """A position whose approval limit is too small is passed over for the one above."""
    with firm.session(actor="admin") as session:
        head, lead = session.find(Position, order="id")
        eve = session.create(User, name="Eve", external_id="eve")
        session.create(PositionHolder, position=head, user=eve)
        (ann,) = session.find(User, {"external_id": "ann"})
        assert responsible(session, lead.id, session.today, amount=Decimal(5_000)).users == (ann.id,)
        assert responsible(session, lead.id, session.today, amount=Decimal(5_001)).users == (eve.id,)


@pytest.mark.row("M6")
def test_nobody_appoints_itself(firm: CRM) -> None:
    """Positions and their holders are written by who may change every user: they give rights."""
    with firm.session(actor="admin") as session:
        session.create(User, name="Max", external_id="max", roles=["manager"])
    with firm.session(actor="max") as session:
        head, me = session.find(Position, order="id")[0], session.find(User, {"external_id": "max"})[0]
        with pytest.raises(AccessDeniedError):
            session.create(PositionHolder, position=head, user=me)
        with pytest.raises(AccessDeniedError):
            session.create(Position, name="Owner", roles=["admin"])


def test_positions_form_a_tree(firm: CRM) -> None:
    """No position stands above itself, what stood below a deleted one moves up, and so does what comes back."""
    with firm.session(actor="admin") as session:
        head, lead = session.find(Position, order="id")
        seller = session.create(Position, name="Seller", superior=lead)
        with pytest.raises(Refused, match="above itself"):
            session.update(head, superior=seller)
        session.delete(seller)
        session.delete(lead)
        assert session.restore(Position, seller.id).superior == head.ref
        session.delete(session.get(Position, head.id))
        assert session.get(Position, seller.id).superior is None


def test_a_position_names_roles_that_there_are(firm: CRM) -> None:
    """A role that nobody declares, and a last day before the first, are refused."""
    with firm.session(actor="admin") as session:
        with pytest.raises(Refused, match="no role 'king'"):
            session.create(Position, name="King", roles=["king"])
        (held,) = session.find(PositionHolder)
        with pytest.raises(Refused, match="before the first"):
            session.update(held, until=session.today - DAY)


@pytest.mark.row("M6")
@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_who_is_still_to_come_held_nothing(firm: CRM) -> None:
    """The last holder, whose superior steps in, is somebody who has held the position, not who will hold it."""
    with firm.session(actor="admin") as session:
        (lead,) = session.find(Position, {"name": "Team lead"})
        mia, noa = session.find(User, {"name": "Mia"})[0], session.create(User, name="Noa", external_id="noa")
        kim = session.create(User, name="Kim", external_id="kim", manager=noa)
        session.create(PositionHolder, position=lead, user=kim, since=session.today + 20 * DAY)
        assert responsible(session, lead.id, session.today + 8 * DAY).users == (mia.id,)


@pytest.mark.row("M13")
@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_a_superior_steps_in_up_to_its_own_limit(firm: CRM) -> None:
    """Whoever steps in for a position approves no more than its own position allows."""
    with firm.session(actor="admin") as session:
        head, lead = session.find(Position, order="id")
        (mia,) = session.find(User, {"external_id": "mia"})
        boss = session.create(User, name="Boss", external_id="boss")
        session.update(mia, manager=boss)
        session.create(PositionHolder, position=head, user=mia)
        assert responsible(session, lead.id, session.today, amount=Decimal(50_000)).users == (mia.id,)
        assert responsible(session, lead.id, session.today, amount=Decimal(50_001)).users == (boss.id,)
