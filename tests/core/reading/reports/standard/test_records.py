from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from crmkit import Contact, Customer, Opportunity
from crmkit.errors import AccessDeniedError, FilterError, UnknownNameError

if TYPE_CHECKING:
    from crmkit import CRM, User
    from crmkit.core.lifecycle.session import Session

pytestmark = pytest.mark.row("I9")


def test_records_are_shown_with_typed_cells(session: Session) -> None:
    """A column is of its field's kind; an amount is in the base currency, a reference shows a title."""
    acme = session.create(Customer, name="Acme")
    given = {"amount": "10 USD @ 0.9", "expected_close": date(2026, 4, 1), "probability": "12.5"}
    session.create_many(Opportunity, [{"name": "a", "customer": acme, "tags": "x,y", **given}])
    fields = "name, customer, customer.name, amount, amount.currency, probability, expected_close, tags"
    table = session.report("records", entity="opportunity", fields=fields)
    assert table.rows == (("a", "Acme", "Acme", Decimal(9), "USD", Decimal("12.5"), date(2026, 4, 1), "x, y"),)
    assert [each.kind for each in table.columns] == [
        "text",
        "text",
        "text",
        "money",
        "text",
        "percent",
        "date",
        "text",
    ]
    assert (table.columns[3].currency, table.columns[2].label) == ("EUR", "Customer: Name")


def test_records_are_filtered_sorted_and_limited(session: Session) -> None:
    """Filter and order are those of every list, and what is left out is told."""
    for number in range(5):
        session.create(Customer, name=f"c{number}")
    table = session.report("records", entity="customer", fields="name", where="name != 'c4'", order="-name", limit=2)
    assert table.rows == (("c3",), ("c2",))
    assert table.notes == ("Shown: 2 of 4. Raise the limit to see more.",)


@pytest.mark.parametrize(
    "entity", ["customer", "contact", "opportunity", "order_line", "user", "product", "assignment"]
)
def test_every_entity_has_fields_to_begin_with(session: Session, entity: str) -> None:
    """Without fields the first ones are shown, the id and the title in front."""
    table = session.report("records", entity=entity)
    assert table.columns[0].name == "id"
    assert 3 <= len(table.columns) <= 8


def test_unknown_fields_and_entities_are_named(session: Session) -> None:
    """A field or entity that isn't there is an error with the nearest one."""
    with pytest.raises(FilterError, match="'name'"):
        session.report("records", entity="customer", fields="nam")
    with pytest.raises(UnknownNameError, match="'contact'"):
        session.report("records", entity="contac")


def test_records_out_of_reach_are_not_shown(crm: CRM, sellers: dict[str, User]) -> None:
    """What the viewer may not read isn't there, and an entity that it may not read at all is refused."""
    with crm.session(actor="admin") as session:
        session.create(Opportunity, name="hers", owner=sellers["ann"])
        session.create(Opportunity, name="his", owner=sellers["cem"])
        session.create(Contact, name="Bob")
    with crm.session(actor="ann") as session:
        assert session.report("records", entity="opportunity", fields="name").rows == (("hers",),)
        with pytest.raises(AccessDeniedError):
            session.report("records", entity="contact")
