"""The main line: customers, contacts, opportunities and orders, fully usable without any plugin."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from crmkit import (
    Assignment,
    Contact,
    Customer,
    ExchangeRate,
    Money,
    Opportunity,
    Order,
    OrderLine,
    Product,
    Team,
    User,
)
from crmkit.errors import Refused

if TYPE_CHECKING:
    from crmkit import Record, Session
    from crmkit.testing.clock import FrozenClock

MAIN_LINE = (Customer, Contact, Opportunity, Order)


@pytest.mark.row("A16")
def test_the_main_line_works_without_plugins(session: Session) -> None:
    """From customer to order, records are made, read, changed, moved, deleted, restored and traced."""
    acme = session.create(Customer, name="Acme")
    ann = session.create(Contact, name="Ann", customer=acme)
    deal = session.create(Opportunity, name="Deal", customer=acme, contact=ann, amount="48000 EUR")
    deal = session.move(session.move(deal, "proposal"), "won")
    order = session.create(Order, customer=acme, opportunity=deal, amount=deal.amount)
    line = session.create(OrderLine, order=order, description="Seats", quantity=200, price=240)
    session.link(deal, "became", order)
    assert [link.source for link in session.trace(order)] == [deal.ref]
    assert [entry.action for entry in session.history(deal)] == ["move", "move", "create"]
    session.delete(order)
    assert session.count(OrderLine) == 0
    order = session.restore(Order, order.id)
    assert session.related(order, OrderLine)[0].description == line.description


@pytest.mark.row("A14")
@pytest.mark.parametrize("entity", MAIN_LINE)
def test_every_main_line_entity_has_type_level_stage_and_times(session: Session, entity: type[Record]) -> None:
    """Type and level are choices out of the Model, the stage is one of a declared pipeline, times are kept."""
    model = session.model.entity(entity)
    assert {"type", "level", "stage", "stage_kind", "stage_since", "created_at", "updated_at"} <= set(model.fields)
    assert {model.fields[name].kind.name for name in ("type", "level")} == {"choice"}
    assert session.model.pipelines_of(model.name)


@pytest.mark.row("A14")
def test_users_play_parts_in_records(session: Session) -> None:
    """Beside its owner, a record of the main line has users in roles, each once."""
    acme = session.create(Customer, name="Acme")
    lead = session.create(User, name="Lea", external_id="lea")
    session.create(Assignment, record=acme, user=lead, role="technical_lead")
    with pytest.raises(Refused, match="this part already"):
        session.create(Assignment, record=acme, user=lead, role="technical_lead")
    with pytest.raises(Refused, match="may be"):
        session.create(Assignment, record=session.create(Product, name="Chair"), user=lead)


@pytest.mark.row("B1")
def test_a_customer_keeps_what_is_known_of_it(session: Session) -> None:
    """All basic facts are kept in proper form; the city comes from the address if it isn't given."""
    acme = session.create(
        Customer,
        name=" Acme ",
        number="K-1",
        level="A",
        source="Cold call",
        industry="technology",
        employees="2822",
        annual_revenue="1100.04",
        phone="+33 1 40 20 50 50",
        email="Ann@Acme.EXAMPLE",
        website="acme.example",
        address={"street": "1 Main St", "postcode": "75001", "city": "Paris"},
        tags="key, vip",
    )
    assert (acme.name, acme.level, acme.source, acme.employees) == ("Acme", "a", "cold_call", 2822)
    assert (acme.annual_revenue, acme.phone) == (Money("1100.04", "EUR"), "+33140205050")
    assert (acme.email, acme.website, acme.city) == ("Ann@acme.example", "https://acme.example", "Paris")
    assert acme.tags == ("key", "vip")
    assert session.get(Customer, acme.id) == acme
    with pytest.raises(Refused) as refused:
        session.create(Customer, name="Other", number="ｋ-１", employees=-1, email="x", level="z")
    assert {each.path for each in refused.value.refusals} == {"employees", "email", "level"}
    with pytest.raises(Refused, match="number"):
        session.create(Customer, name="Other", number="ｋ-１")


def test_foreign_money_is_priced_by_the_rate_of_the_day(session: Session, clock: FrozenClock) -> None:
    """An amount takes the latest rate that is valid when it is written, and keeps it when the rate changes."""
    with pytest.raises(Refused, match="exchange rate of USD"):
        session.create(Opportunity, name="Deal", amount="100 USD")
    session.create(ExchangeRate, currency="USD", rate="0.90", valid_from="2026-01-01")
    session.create(ExchangeRate, currency="USD", rate="0.80", valid_from="2027-01-01")
    deal = session.create(Opportunity, name="Deal", amount="100 USD")
    assert session.rows(Opportunity, ["amount.base"]) == ((Decimal(90),),)
    clock.advance(days=400)
    later = session.create(Opportunity, name="Later", amount="100 USD")
    assert later.amount is not None
    assert later.amount.base == 80
    kept = session.get(Opportunity, deal.id).amount
    assert kept is not None
    assert kept.base == 90
    deal = session.update(deal, description="Unchanged amount")
    assert deal.amount is not None
    assert deal.amount.rate == Decimal("0.90")


def test_an_opportunity_knows_when_it_was_opened_and_closed(session: Session, clock: FrozenClock) -> None:
    """Opening and closing are noted in the home time zone; reopening takes the closing day off again."""
    deal = session.create(Opportunity, name="Deal")
    assert deal.opened_on == date(2026, 3, 2)
    clock.advance(days=3)
    deal = session.move(deal, "lost")
    assert deal.closed_on == date(2026, 3, 5)
    deal = session.move(deal, "proposal")
    assert deal.closed_on is None
    with pytest.raises(Refused, match="before it was opened"):
        session.move(deal, "won", closed_on="2026-03-01")


def test_roles_of_users_must_be_declared(session: Session) -> None:
    """A user can't have a role that nobody declares, so that a misspelt role doesn't lock anybody out silently."""
    with pytest.raises(Refused, match="There is no role 'amdin'"):
        session.create(User, name="Ann", external_id="ann", roles=["amdin"])


def test_a_team_with_members_stays(session: Session) -> None:
    """A team is deleted only when nobody active is in it."""
    team = session.create(Team, name="North")
    ann = session.create(User, name="Ann", external_id="ann", team=team)
    with pytest.raises(Refused, match="active members"):
        session.delete(team)
    session.update(ann, active=False)
    session.delete(team)
    assert session.count(Team) == 0
