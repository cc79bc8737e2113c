"""Values are kept exactly, and sort alike on both databases."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from crmkit import (
    Address,
    Customer,
    Location,
    Money,
    Opportunity,
    datetime,
    decimal,
    duration,
    extend,
    json,
    location,
    money,
    text,
)
from crmkit.testing.plugins import make_plugin

if TYPE_CHECKING:
    from crmkit import CRM
    from crmkit.testing.fixtures import CRMFactory


@extend(Customer)
class Exact:
    """A field of every kind whose exactness is at stake."""

    small: Decimal | None = decimal(scale=10)
    big: Decimal | None = decimal(scale=0)
    worth: Money | None = money()
    at: dt.datetime | None = datetime()
    lasting: dt.timedelta | None = duration()
    data: object | None = json()
    place: Location | None = location()
    spelt: str | None = text()


@pytest.fixture
def exact(make_crm: CRMFactory) -> CRM:
    """A CRM with the fields."""
    return make_crm([make_plugin("exactness", Exact)])


VALUES: dict[str, list[Any]] = {
    "small": [Decimal("-0.0000000001"), Decimal("0.1"), Decimal("922337203.6854775807")],
    "big": [Decimal(-(2**63) + 1), Decimal(2**63 - 1), Decimal(10**18)],
    "worth": ["0.01 EUR", "-922337203685477.58 EUR", "922337203685477.58 EUR"],
    "at": [
        dt.datetime(1, 1, 2, tzinfo=dt.UTC),
        dt.datetime(9999, 12, 30, 23, 59, 59, 999999, tzinfo=dt.UTC),
        dt.datetime(2026, 3, 29, 2, 30, tzinfo=dt.UTC),
        dt.datetime(2026, 7, 1, 12, tzinfo=dt.timezone(dt.timedelta(hours=5, minutes=45))),
    ],
    "lasting": [dt.timedelta(microseconds=-1), dt.timedelta(days=10**8), dt.timedelta(0)],
    "data": [{"a": [1, None, True, {"ß": "\u202e"}]}, [], 0, False, 1.5, [0.1]],
    "place": [Location("-90", "180"), Location("0.0000001", "-0.0000001")],
    "founded_in": [1, 9999],
    "employees": [0, 2**63 - 1],
    "address": [Address(street="1 rue d'X\u00e9", country="FR")],
    "tags": [("a", "ß"), ("\u202etag",)],
}


@pytest.mark.parametrize("field", VALUES)
def test_what_is_written_is_what_is_read(exact: CRM, field: str) -> None:
    """Each value comes back from another transaction exactly, also at the edges of its kind."""
    for value in VALUES[field]:
        with exact.session(actor="admin") as session:
            made = session.create(Customer, name="Acme", **{field: value})
            changed = session.update(made, **{field: None})
            changed = session.update(changed, **{field: value})
        with exact.session(actor="admin") as session:
            found = session.get(Customer, made.id)
        assert getattr(found, field) == getattr(made, field) == getattr(changed, field)
        assert type(getattr(found, field)) is type(getattr(made, field))
        assert repr(getattr(found, field)) == repr(getattr(made, field))


def test_a_value_beyond_its_column_is_refused_before(exact: CRM) -> None:
    """What no column can hold is a refusal, never an error of the database."""
    from crmkit.errors import Refused

    beyond: dict[str, Any] = {
        "small": Decimal("922337203.6854775808"),
        "big": 2**63,
        "worth": "922337203685477.59 EUR",
        "lasting": dt.timedelta.max,
        "data": {"a": "\ud800"},
        "place": "90.00000001,0",
    }
    with exact.session(actor="admin") as session:
        for field, value in beyond.items():
            with pytest.raises(Refused) as caught:
                session.create(Customer, name="Acme", **{field: value})
            assert [each.path for each in caught.value.refusals] == [field]


def test_both_databases_sort_alike(exact: CRM) -> None:
    """Text sorts by code point, numbers by value, and nothing comes first."""
    words = ["b", "B", "a", "Z", "ä", "ß", "ss", "é", "中", "😀", "1", "10", "2", "-", None]
    numbers = [Decimal("1.5"), Decimal(-2), Decimal("1.05"), None, Decimal(0)]
    with exact.session(actor="admin") as session:
        session.create_many(Customer, [{"name": "W", "spelt": word} for word in words])
        session.create_many(Customer, [{"name": "N", "small": number} for number in numbers])
        found = [row[0] for row in session.rows(Customer, ["spelt"], {"name": "W"}, order="spelt")]
        assert found == [None, *sorted(word for word in words if word)]
        counted = [row[0] for row in session.rows(Customer, ["small"], {"name": "N"}, order="-small")]
        assert counted == [*sorted((number for number in numbers if number is not None), reverse=True), None]


def test_sums_of_money_are_exact(exact: CRM) -> None:
    """A thousand times ten cents is a hundred euros."""
    with exact.session(actor="admin") as session:
        session.create_many(Opportunity, [{"name": "Deal", "amount": "0.10"}] * 1000)
        ((total,),) = session.aggregate(Opportunity, measures={"total": "sum(amount)"})
    assert total == 100
