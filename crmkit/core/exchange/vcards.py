"""Contacts as vCards: which column of a card holds which field."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crmkit.core.declare.values import Address

if TYPE_CHECKING:
    from collections.abc import Sequence

PATHS = (
    "name",
    "customer.name",
    "org_unit.name",
    "title",
    "email",
    "other_email",
    "phone",
    "mobile",
    "address",
    "birthday",
    "description",
    "tags",
)
"""What is read of a contact for its card."""

COLUMNS = (
    "name",
    "organisation",
    "department",
    "title",
    "email",
    "emails",
    "phone",
    "mobile",
    "street",
    "postal_code",
    "city",
    "region",
    "country",
    "birthday",
    "note",
    "categories",
)

MAPPED: dict[str, object] = {
    "name": "name",
    "organisation": {"field": "customer", "lookup": "name", "missing": "create"},
    "title": "title",
    "email": "email",
    "phone": "phone",
    "mobile": "mobile",
    "street": "address.street",
    "postal_code": "address.postcode",
    "city": "address.city",
    "region": "address.region",
    "country": "address.country",
    "birthday": "birthday",
    "note": "description",
    "categories": {"field": "tags", "split": "\n"},
}
"""How cards are imported without a mapping of one's own; a customer that isn't there is created."""


def card(values: Sequence[object]) -> list[str | None]:
    """Return the cells of a contact's card from the values of `PATHS`."""
    name, customer, unit, title, email, other, phone, mobile, address, birthday, note, tags = values
    place = address if isinstance(address, Address) else Address()
    further = None if other is None else "\n".join(str(each) for each in (email, other) if each)
    categories = "\n".join(tags) if isinstance(tags, tuple) else None
    cells = [name, customer, unit, title, email, further, phone, mobile]
    cells += [place.street, place.postcode, place.city, place.region, place.country]
    return [None if cell is None else str(cell) for cell in (*cells, birthday, note, categories)]
