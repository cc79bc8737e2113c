from __future__ import annotations

import copy
import pickle
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from crmkit.core.declare.values import Address, Money
from crmkit.core.reading.page import Page
from crmkit.errors import FilterError, InvalidValue

if TYPE_CHECKING:
    import sqlalchemy as sa

    from tests.core.reading.conftest import Library


def test_rows_hold_the_values_of_paths(library: Library, connection: sa.Connection) -> None:
    """A row has the value of each path: a field, a field of another record, a part of a field."""
    library.add(connection, "user", id=1, name="Ann", external_id="ann")
    library.add(connection, "customer", id=1, name="Acme", owner=1)
    library.add(
        connection,
        "specimen",
        id=1,
        price="100 USD @ 0.5",
        address={"city": "Paris"},
        customer=1,
        moment="2025-12-31T23:30Z",
        tags=["a", "b"],
        stage="fruit",
        stage_kind="won",
    )
    paths = [
        "price",
        "price.currency",
        "price.amount",
        "price.base",
        "price.rate",
        "address",
        "address.city",
        "address.street",
    ]
    paths += ["customer", "customer.owner.name", "moment", "moment.year", "moment.quarter", "moment.date", "tags"]
    paths += ["stage.kind", "stage.name", "parent.name", "parent.price"]
    (row,) = library.reader(connection).rows(library.entity("specimen"), paths)
    assert row == (
        Money(Decimal(100), "USD"),
        "USD",
        Decimal(100),
        Decimal(50),
        Decimal("0.5"),
        Address(city="Paris"),
        "Paris",
        None,
        1,
        "Ann",
        datetime(2025, 12, 31, 23, 30, tzinfo=UTC),
        2026,
        1,
        date(2026, 1, 1),
        ("a", "b"),
        "won",
        "fruit",
        None,
        None,
    )


def test_a_record_comes_with_what_it_refers_to(library: Library, connection: sa.Connection) -> None:
    """`get` returns a record with the included ones by their paths; what isn't there is left out."""
    library.add(connection, "user", id=1, name="Ann", external_id="ann")
    library.add(connection, "customer", id=1, name="Acme", owner=1)
    library.add(connection, "specimen", id=5, name="x", customer=1)
    reader, entity = library.reader(connection), library.entity("specimen")
    found = reader.get(entity, 5, include=["customer", "customer.owner", "parent"])
    assert found is not None
    assert found[0].id == 5
    assert {path: record.name for path, record in found[1].items()} == {"customer": "Acme", "customer.owner": "Ann"}
    assert reader.get(entity, 6) is None
    assert reader.get(entity, 10**30) is None
    with pytest.raises(FilterError, match="not a reference"):
        reader.get(entity, 5, include=["name"])
    with pytest.raises(FilterError, match="not a reference"):
        reader.get(entity, 5, include=["about"])


def test_deleted_records_are_found_only_when_asked_for(library: Library, connection: sa.Connection) -> None:
    """A deleted record is in no list, count or aggregate; by its id it is found if asked for."""
    library.add(connection, "specimen", id=1, deleted_at="2026-01-01T00:00Z")
    library.add(connection, "specimen", id=2)
    reader, entity = library.reader(connection), library.entity("specimen")
    assert [record.id for record in reader.find(entity)] == [2]
    assert reader.count(entity) == 1
    assert reader.aggregate(entity, measures={"n": "count()"}) == [(1,)]
    assert reader.get(entity, 1) is None
    assert list(reader.by_id(entity, [2, 1])) == [2]
    assert list(reader.by_id(entity, [2, 1], deleted=True)) == [2, 1]
    assert [record.id for record in reader.find(entity, deleted=True)] == [1, 2]


def test_many_ids_are_fetched_in_their_order(library: Library, connection: sa.Connection) -> None:
    """`by_id` takes any number of ids and returns those that exist, in the given order."""
    for number in range(1, 6):
        library.add(connection, "specimen", id=number)
    found = library.reader(connection).by_id(library.entity("specimen"), [5, *range(6, 1_500), 3, 5, -1, 2**70])
    assert list(found) == [5, 3]


def test_iteration_goes_through_everything_in_batches(library: Library, connection: sa.Connection) -> None:
    """`iterate` yields all records, or rows, by id, a batch at a time, and is checked before the first one."""
    for number in range(1, 8):
        library.add(connection, "specimen", id=number, small=number % 2)
    reader, entity = library.reader(connection), library.entity("specimen")
    assert [record.id for record in reader.iterate(entity, batch=3)] == [1, 2, 3, 4, 5, 6, 7]  # type: ignore[union-attr]
    assert list(reader.iterate(entity, ["id", "small"], "small == 1", batch=2)) == [(1, 1), (3, 1), (5, 1), (7, 1)]
    with pytest.raises(FilterError):
        reader.iterate(entity, where="smal == 1")
    with pytest.raises(FilterError):
        reader.iterate(entity, ["smal"])


def test_a_wrong_field_is_refused(library: Library, connection: sa.Connection) -> None:
    """Rows of an unknown field, of none, or over too many references are refused."""
    reader, entity = library.reader(connection), library.entity("specimen")
    with pytest.raises(FilterError, match="Did you mean 'name'"):
        reader.rows(entity, ["nmae"])
    with pytest.raises(FilterError, match="at least one field"):
        reader.rows(entity, [])
    with pytest.raises(FilterError, match="at most 5"):
        reader.rows(entity, ["parent.parent.parent.parent.parent.parent.name"])
    hops = ["parent", "customer", "owner", "parent.parent", "parent.customer", "parent.owner", "customer.owner"]
    hops += [f"parent.parent.{name}" for name in ("parent", "customer", "owner", "customer.owner", "customer.parent")]
    hops += [f"parent.parent.parent.{name}" for name in ("parent", "customer", "owner", "customer.owner")]
    hops += [f"customer.{name}" for name in ("parent", "parent.owner", "parent.parent", "owner.team", "owner.manager")]
    hops += [f"owner.{name}" for name in ("team", "manager", "team.parent", "manager.team", "manager.manager")]
    hops += [f"parent.owner.{name}" for name in ("team", "manager", "team.parent", "manager.team", "manager.manager")]
    with pytest.raises(InvalidValue, match="more than 30 references"):
        reader.rows(entity, [f"{hop}.id" for hop in hops])


def test_a_page_is_a_tuple() -> None:
    """A page is equal to the tuple of its items, and survives being copied."""
    page: Page[int] = Page([1, 2], next="abc")
    copies: list[Page[int]] = [copy.copy(page), pickle.loads(pickle.dumps(page))]  # noqa: S301  (our own bytes)
    assert [(each, each.next) for each in copies] == [((1, 2), "abc")] * 2
    assert page == (1, 2)
