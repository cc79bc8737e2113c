"""A profile shows all that is around a record, in few statements, and nothing that its reader may not see."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import pytest
import sqlalchemy as sa

from crmkit import (
    Category,
    ChannelIdentity,
    Contact,
    Customer,
    Figure,
    Grant,
    Money,
    Opportunity,
    Order,
    OrderLine,
    Product,
    ProfileSection,
    Role,
    User,
)
from crmkit.errors import ClashError, DeclarationError, FilterError, NotFoundError
from crmkit.testing.plugins import make_plugin

if TYPE_CHECKING:
    from crmkit import CRM, Session
    from crmkit.testing.fixtures import CRMFactory

ORDERS_OF_PRODUCTS = ProfileSection(
    name="sold",
    of="product",
    entity="order_line",
    through="product",
    fields=("order.customer.name", "quantity"),
    figures=(Figure(name="quantity", measure="sum(quantity)"),),
)


def business(session: Session, orders: int = 3) -> Customer:
    """Return a customer with orders of two lines each, contacts, an opportunity, and whatever else a profile shows."""
    key = next(iter(session.find(Category)), None) or session.create(Category, name="Key")
    acme = session.create(Customer, name="Acme", level="a", tags=["vip"], category=key)
    pump = session.create(Product, name=f"Pump {acme.id}")
    made = session.create_many(
        Order,
        [
            {
                "number": f"{acme.id}-{each}",
                "customer": acme,
                "amount": 100 + each,
                "ordered_on": f"20{each % 90 + 10}-05-04",
            }
            for each in range(orders)
        ],
    )
    lines = [{"order": order, "product": pump, "position": place, "price": 50} for order in made for place in (1, 2)]
    session.create_many(OrderLine, lines)
    bea = session.create(Contact, name="Bea", customer=acme, is_primary=True)
    session.create(Contact, name="Al", customer=acme)
    session.create(ChannelIdentity, person=acme, channel="email", address="Info@Acme.example")
    session.create(Opportunity, name="Deal", customer=acme, contact=bea, amount="500 EUR")
    session.move(session.create(Opportunity, name="Old", customer=acme, amount=900), "won")
    session.set_external_id(acme, "erp", str(acme.id))
    return acme


def statements(session: Session, customer: Customer) -> list[str]:
    """Return the statements that a profile takes."""
    connection, seen = session.unit.connection, list[str]()

    def note(*given: object) -> None:
        seen.append(str(given[2]))

    sa.event.listen(connection, "before_cursor_execute", note)
    session.profile(customer)
    sa.event.remove(connection, "before_cursor_execute", note)
    return seen


@pytest.mark.row("B2")
def test_a_profile_shows_all_that_is_around_a_customer(session: Session) -> None:
    """One call gives fields, category, contacts, opportunities, purchases with lines and sums, channels, happenings."""
    acme = business(session)
    found = session.profile(acme)
    assert (found.record, found.record.tags, found.record.level) == (acme, ("vip",), "a")
    assert found.related["category"].path == "Key"
    assert [row["name"] for row in found["contacts"].rows] == ["Bea", "Al"]
    assert [row["name"] for row in found["open_opportunities"].rows] == ["Deal"]
    assert found["open_opportunities"].figures["amount"] == Money(500, "EUR")
    purchases = found["purchases"]
    assert [row["ordered_on"] for row in purchases.rows] == [date(2012, 5, 4), date(2011, 5, 4), date(2010, 5, 4)]
    assert purchases.figures == {
        "count": 3,
        "lifetime_value": Money(303, "EUR"),
        "first_purchase": date(2010, 5, 4),
        "last_purchase": date(2012, 5, 4),
    }
    for row in purchases.rows:
        assert [line["price"] for line in row.nested["lines"].rows] == [Money(50, "EUR")] * 2
    assert [row["address"] for row in found["channels"].rows] == ["info@acme.example"]
    assert [row["value"] for row in found["external_ids"].rows] == [str(acme.id)]
    assert {entry.record.entity for entry in found.timeline} >= {"opportunity", "contact", "order"}


@pytest.mark.row("B2")
def test_a_profile_takes_as_many_statements_for_a_thousand_orders_as_for_one(session: Session) -> None:
    """No statement is repeated for each record of a section."""
    few, many = business(session, orders=1), business(session, orders=1000)
    session.profile(few)  # so that what is prepared once is prepared
    found = session.profile(many)
    assert found["purchases"].figures["count"] == 1000
    assert found["purchases"].is_cut
    assert len(found["purchases"].rows) == 20
    taken = statements(session, few)
    assert len(taken) == len(statements(session, many))
    sections = session.model.profile_sections["customer"].values()
    of_sections = sum(1 + bool(each.figures) + len(each.nested) for each in sections)
    of_timeline = 2 + len({entry.record.entity for entry in session.profile(few).timeline})
    assert len(taken) <= 1 + of_sections + of_timeline


def test_void_orders_are_no_purchases_in_the_figures(session: Session) -> None:
    """A cancelled order is listed, but adds nothing to the lifetime value."""
    acme = business(session)
    session.move(session.find(Order, {"customer": acme}, order="-ordered_on")[0], "cancelled")
    purchases = session.profile(acme)["purchases"]
    assert len(purchases.rows) == 3
    assert purchases.figures["lifetime_value"] == Money(201, "EUR")
    assert purchases.figures["last_purchase"] == date(2011, 5, 4)


def test_contacts_and_opportunities_have_profiles_and_every_record_a_timeline(session: Session) -> None:
    """What refers to a contact stands in its profile; an entity without sections has record and timeline."""
    business(session)
    (bea,) = session.find(Contact, {"name": "Bea"})
    found = session.profile(bea.ref)
    assert [row["name"] for row in found["open_opportunities"].rows] == ["Deal"]
    assert found.related["customer"].name == "Acme"
    product = session.profile(session.find(Product)[0])
    assert not product.parts
    assert product.timeline[0].action == "create"


def test_the_profile_of_a_merged_record_is_the_survivors(session: Session) -> None:
    """Who still holds the old record gets the profile of the one that it lives on in."""
    acme, double = session.create(Customer, name="Acme"), session.create(Customer, name="ACME Inc.")
    session.create(Contact, name="Bea", customer=double)
    session.merge(acme, double)
    found = session.profile(double)
    assert found.record.id == acme.id
    assert [row["name"] for row in found["contacts"].rows] == ["Bea"]


@pytest.mark.row("B2")
def test_a_profile_shows_only_what_its_reader_may_see(make_crm: CRMFactory) -> None:
    """Hidden fields are neither shown, nor summed, nor sorted by; records out of reach are not counted."""
    seller = Role(
        name="seller",
        grants=(
            Grant(entity="customer", read="all", hides=("level",)),
            Grant(entity="order", read="own"),
            Grant(entity="contact", read="all", hides=("phone", "is_primary")),
            Grant(entity="opportunity", read="all", hides=("amount",)),
        ),
    )
    crm = make_crm([make_plugin("selling", seller)])
    with crm.session(actor="admin") as session:
        sue = session.create(User, name="Sue", external_id="sue", roles=["seller"])
        acme = business(session)
        session.create(Order, number="mine", customer=acme, amount=7, owner=sue)
    with crm.session(actor="sue") as session:
        found = session.profile(acme)
        assert "level" not in dict(found.record.items())
        assert found["purchases"].figures["lifetime_value"] == Money(7, "EUR")
        assert [row["number"] for row in found["purchases"].rows] == ["mine"]
        assert set(found["contacts"].rows[0].values) == {"name", "title", "stage", "mobile", "email"}
        assert [row["name"] for row in found["contacts"].rows] == ["Al", "Bea"]  # not by what is hidden
        assert found["open_opportunities"].figures == {"count": 1}
        assert "owner" not in found.related
        assert {entry.record.entity for entry in found.timeline} <= {
            *("customer", "contact", "opportunity", "order", "external_id", "channel_identity")
        }


def test_sections_whose_records_or_ways_are_hidden_are_left_out(make_crm: CRMFactory) -> None:
    """Nothing is told of what may not be read, not even that there is none."""
    role = Role(
        name="clerk",
        grants=(Grant(entity="customer", read="all"), Grant(entity="contact", read="all", hides=("customer",))),
    )
    crm = make_crm([make_plugin("office", role)])
    with crm.session(actor="admin") as session:
        session.create(User, name="Cal", external_id="cal", roles=["clerk"])
        session.create(User, name="Nil", external_id="nil")
        acme = business(session)
    with crm.session(actor="cal") as session:
        assert set(session.profile(acme).parts) == {
            *("further_contacts", "subsidiaries", "channels", "external_ids", "assignments")
        }
    with crm.session(actor="nil") as session, pytest.raises(NotFoundError):
        session.profile(acme)


def test_a_plugin_adds_sections(make_crm: CRMFactory) -> None:
    """A section of any entity is declared, and equal ones of two plugins are one."""
    crm = make_crm([make_plugin("one", ORDERS_OF_PRODUCTS), make_plugin("two", ORDERS_OF_PRODUCTS)])
    with crm.session(actor="admin") as session:
        business(session)
        sold = session.profile(session.find(Product)[0])["sold"]
        assert sold.figures == {"quantity": 6}
        assert {row["order.customer.name"] for row in sold.rows} == {"Acme"}


def test_sections_that_cannot_be_are_refused_when_plugins_are_loaded(make_crm: CRMFactory) -> None:
    """Unknown names are named with the nearest known one, and two plugins' sections of one name clash."""

    def made(**changed: object) -> ProfileSection:
        given = {"name": "sold", "of": "product", "entity": "order_line", "through": "product", "fields": ("quantity",)}
        return ProfileSection(**(given | changed))  # type: ignore[arg-type]

    wrong: dict[str, object] = {"of": "prodct", "through": "prodct.x", "fields": ("quantty",), "nested": ("x",)}
    for name, value in wrong.items():
        with pytest.raises(DeclarationError, match=r"profile section 'sold' of \w+"):
            make_crm([make_plugin("one", made(**{name: value}))], upgrade=False)
    with pytest.raises(DeclarationError, match="at least one"):
        make_crm([make_plugin("one", made(limit=0))], upgrade=False)
    with pytest.raises(ClashError, match=r"one.*two"):
        make_crm([make_plugin("one", made()), make_plugin("two", made(limit=5))], upgrade=False)


def test_a_section_with_a_wrong_path_says_so(make_crm: CRMFactory) -> None:
    """A wrong declaration is never taken for something hidden."""
    wrong = ProfileSection(name="w", of="product", entity="order_line", through="product", fields=("order.nmber",))
    crm: CRM = make_crm([make_plugin("one", wrong)])
    with crm.session(actor="admin") as session:
        product = session.create(Product, name="Pump")
        with pytest.raises(FilterError, match="nmber"):
            session.profile(product)
