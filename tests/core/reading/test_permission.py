"""Nothing that an actor may not see is read, filtered, sorted, grouped, searched or inferred."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import sqlalchemy as sa

from crmkit.errors import FieldHidden, FilterError

if TYPE_CHECKING:
    from collections.abc import Callable

    from crmkit.core.assemble.model import EntityModel
    from crmkit.core.reading.reader import Reader
    from tests.core.reading.conftest import Library

    Read = Callable[[Reader, EntityModel], object]


def own(entity: EntityModel, table: sa.FromClause) -> sa.ColumnElement[bool] | None:
    """Return the condition that lets an actor reach its own records only."""
    if entity.name == "customer":
        return table.c.owner_id == 1
    return table.c.owner_id == 1 if entity.name == "specimen" else None


READS: list[Read] = [
    lambda reader, entity: [record.id for record in reader.find(entity)],
    lambda reader, entity: reader.rows(entity, ["id", "name", "customer.name", "parent.name"], order="customer.name"),
    lambda reader, entity: reader.find(entity, order="-parent.name", limit=10),
    lambda reader, entity: reader.count(entity),
    lambda reader, entity: reader.count(entity, "customer.city == 'secret' or parent.name == 'secret'"),
    lambda reader, entity: reader.count(entity, "not customer.city == 'x'"),
    lambda reader, entity: reader.count(entity, search="secret"),
    lambda reader, entity: reader.get(entity, 2),
    lambda reader, entity: reader.get(entity, 1, include=["customer", "parent"]),
    lambda reader, entity: reader.by_id(entity, [1, 2], deleted=True),
    lambda reader, entity: list(reader.iterate(entity)),
    lambda reader, entity: reader.aggregate(
        entity, by=["customer.city"], measures={"n": "count()", "m": "max(parent.name)"}
    ),
    lambda reader, entity: reader.aggregate(entity, measures={"n": "count(customer.city == 'secret')"}),
]


@pytest.mark.parametrize("read", READS)
def test_records_out_of_reach_leave_no_trace(library: Library, connection: sa.Connection, read: Read) -> None:
    """Every read gives the same whether the records out of reach say one thing or another."""
    answers = []
    for city in ("secret", "other"):
        nested = connection.begin_nested()
        library.add(connection, "user", id=1, name="Ann", external_id="ann")
        library.add(connection, "user", id=2, name="Bob", external_id="bob")
        library.add(connection, "customer", id=1, name=city, city=city, owner=2)
        library.add(connection, "specimen", id=2, name=city, owner=2)
        library.add(connection, "specimen", id=1, name="mine", owner=1, customer=1, parent=2)
        answers.append(read(library.reader(connection, reach=own), library.entity("specimen")))
        nested.rollback()
    assert answers[0] == answers[1]


HIDDEN: list[Read] = [
    lambda reader, entity: reader.find(entity, "price > 1"),
    lambda reader, entity: reader.find(entity, "parent.price is None"),
    lambda reader, entity: reader.find(entity, {"price": 1}),
    lambda reader, entity: reader.find(entity, order="price"),
    lambda reader, entity: reader.find(entity, order="-parent.price.base"),
    lambda reader, entity: reader.rows(entity, ["price.currency"]),
    lambda reader, entity: reader.iterate(entity, ["price"]),
    lambda reader, entity: reader.aggregate(entity, by=["price"], measures={}),
    lambda reader, entity: reader.aggregate(entity, measures={"m": "sum(price)"}),
    lambda reader, entity: reader.aggregate(entity, measures={"m": "count(price > 1)"}),
    lambda reader, entity: reader.aggregate(entity, measures={"m": "weighted(price)"}),
    lambda reader, entity: reader.rows(entity, ["customer.name"]),
    lambda reader, entity: reader.get(entity, 1, include=["customer"]),
]


@pytest.mark.parametrize("read", HIDDEN)
def test_a_hidden_field_is_an_unknown_one(library: Library, connection: sa.Connection, read: Read) -> None:
    """A field that the actor may not see can't be named anywhere, and no error tells that it exists."""
    reader = library.reader(connection, visible=lambda _, field: field.name not in {"price", "customer"})
    with pytest.raises(FilterError, match="has no field") as caught:
        read(reader, library.entity("specimen"))
    assert "Did you mean 'price'" not in caught.value.problem


def test_a_hidden_field_of_a_record_is_unset(library: Library, connection: sa.Connection) -> None:
    """Reading a hidden field of a record raises FieldHidden; it is never None."""
    library.add(connection, "specimen", id=1, name="x", price="5 EUR")
    reader = library.reader(connection, visible=lambda _, field: field.name != "price")
    (found,) = reader.find(library.entity("specimen"))
    assert found.name == "x"
    with pytest.raises(FieldHidden):
        found.price  # noqa: B018


def test_plans_are_shared_only_by_equal_access(library: Library, connection: sa.Connection) -> None:
    """A statement that was prepared for one actor is not used for another one."""
    for number in (1, 2):
        library.add(connection, "user", id=number, name=str(number), external_id=str(number))
        library.add(connection, "specimen", id=number, owner=number)
    entity = library.entity("specimen")

    def found(user: int) -> list[int]:
        def reach(_entity: EntityModel, table: sa.FromClause) -> sa.ColumnElement[bool]:
            return table.c.owner_id == user if "owner_id" in table.c else sa.true()

        reader = library.reader(connection, reach=reach, access_key=("own", user))
        return [record.id for record in reader.find(entity, "id > 0", limit=5)]

    assert [found(1), found(2), found(1)] == [[1], [2], [1]]


PAYLOADS = [
    "x' or 1=1 --",
    "1; drop table crm_customer",
    "') union select 1 --",
    "%00",
    "$1",
    ":id",
    "\\'",
    'a"b',
    "{{7*7}}",
]


@pytest.mark.parametrize("payload", PAYLOADS)
def test_no_given_text_reaches_the_sql(library: Library, connection: sa.Connection, payload: str) -> None:
    """Texts from outside are bound as parameters or refused; the SQL holds names of the model only."""
    statements: list[str] = []
    sa.event.listen(connection, "before_cursor_execute", lambda *event: statements.append(event[2]))
    reader, entity = library.reader(connection), library.entity("specimen")
    reader.find(
        entity, f"name == {payload!r} or contains(name, {payload!r}) or {payload[:9]!r} in tags", search=payload
    )
    reader.find(entity, {"name": payload}, limit=3)
    reader.aggregate(entity, by=["name"], measures={payload: "count(name == given.x)"}, given={"x": payload})
    attempts: list[Callable[[], object]] = [
        lambda: reader.find(entity, payload),
        lambda: reader.find(entity, order=payload),
        lambda: reader.rows(entity, [payload]),
        lambda: reader.find(entity, {payload: 1}),
        lambda: reader.aggregate(entity, by=[payload], measures={"n": "count()"}),
        lambda: reader.aggregate(entity, measures={"n": payload}),
        lambda: reader.get(entity, 1, include=[payload]),
    ]
    for attempt in attempts:
        with pytest.raises(FilterError):
            attempt()
    assert len(statements) == 3
    assert not [text for text in statements if payload in text]
