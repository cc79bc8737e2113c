from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import pytest

from crmkit import Contact, Customer, Opportunity, Product
from crmkit.errors import AccessDeniedError, NotFoundError

if TYPE_CHECKING:
    from crmkit import CRM, Session, User

FILTERS = {
    "customer.name == 'Acme'": True,
    "contact.name == 'Eve'": True,
    "product.name == 'Saw'": True,
    "description == '200 seats'": True,
    "opened_on == date('2026-01-05')": True,
    "expected_close < date('2026-04-01')": True,
    "stage == 'proposal' and stage.kind == 'open'": True,
    "amount == 900 and amount.currency == 'USD'": True,
    "probability == 25": True,
    "type == 'renewal' and level == 'high' and source == 'website'": True,
    "owner == me()": True,
    "competitor == 'Globex'": True,
    "lost_reason is None and lost_stage is None": True,
    "amount > 900": False,
}


@pytest.mark.row("E1")
@pytest.mark.parametrize(("where", "is_found"), FILTERS.items())
def test_everything_about_an_opportunity_can_be_asked_for(session: Session, where: str, *, is_found: bool) -> None:
    """Customer, description, contact, dates, stage, amount with currency and expected close are stored and filter."""
    acme = session.create(Customer, name="Acme")
    session.create_many(
        Opportunity,
        [
            {
                "name": "a",
                "customer": acme,
                "contact": session.create(Contact, name="Eve", customer=acme),
                "product": session.create(Product, name="Saw"),
                "description": "200 seats",
                "opened_on": date(2026, 1, 5),
                "expected_close": date(2026, 3, 31),
                "stage": "proposal",
                "amount": "1000 USD @ 0.9",
                "type": "renewal",
                "level": "high",
                "source": "website",
                "competitor": "Globex",
            }
        ],
    )
    assert session.count(Opportunity, where) == is_found


@pytest.mark.row("E1")
@pytest.mark.parametrize("field", ["customer.name", "opened_on", "expected_close", "amount", "stage", "probability"])
def test_opportunities_are_sorted_by_any_of_it(session: Session, field: str) -> None:
    """What can be filtered by can be sorted by, both ways."""
    for number, stage in ((1, "negotiation"), (2, "proposal")):
        session.create(
            Opportunity,
            name=str(number),
            customer=session.create(Customer, name=f"c{number}"),
            opened_on=date(2026, 1, number),
            expected_close=date(2026, 3, number),
            amount=number,
            stage=stage,
            probability=number,
        )
    up, down = (
        [each.name for each in session.find(Opportunity, order=order)] for order in (f"{field}, id", f"-{field}, -id")
    )
    assert up == down[::-1]
    assert set(up) == {"1", "2"}


@pytest.mark.row("M10")
def test_representatives_work_on_their_own(crm: CRM, sellers: dict[str, User]) -> None:
    """A representative sees and changes the own customers and deals, and no others, and deletes none."""
    with crm.session(actor="ann") as session:
        acme = session.create(Customer, name="Acme")
        deal = session.create(Opportunity, name="hers", customer=acme)
        assert deal.owner == sellers["ann"].id
        with pytest.raises(AccessDeniedError):
            session.delete(deal)
        with pytest.raises(AccessDeniedError):
            session.create(Opportunity, name="his", owner=sellers["bob"])
    with crm.session(actor="bob") as session, pytest.raises(NotFoundError):
        session.get(Opportunity, deal.id)


@pytest.mark.row("M10")
def test_managers_work_on_their_teams(crm: CRM, sellers: dict[str, User]) -> None:
    """A manager sees, changes and hands on what belongs to the team; once it is another team's, it is out of reach."""
    with crm.session(actor="ann") as session:
        deal, other = session.create(Opportunity, name="hers"), session.create(Opportunity, name="given away")
    with crm.session(actor="mia") as session:
        deal = session.update(session.get(Opportunity, deal.id), owner=sellers["bob"])
        session.transfer(session.get(Opportunity, other.id), sellers["cem"])
        with pytest.raises(NotFoundError):
            session.get(Opportunity, other.id)
        session.delete(deal)
