"""The register of tenants, in the database of the CRM that has them: which there are, in what state, and where."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import sqlalchemy as sa
from attrs import define, field, frozen

from crmkit.core.lifecycle.opening import connecting
from crmkit.core.storage.engine import DEFERRED
from crmkit.core.storage.system.tenants import tenant_table

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

CREATING, ACTIVE, SUSPENDED, DROPPING = "creating", "active", "suspended", "dropping"


@frozen(kw_only=True)
class Entry:
    """A tenant as the register knows it.

    Attributes:
        number: what tells it from one of the same name that was dropped.
        location: its schema (PostgreSQL), or its file as seen from the folder of the CRM's own (SQLite).
        created_at: when its creation began, UTC.
    """

    number: int
    name: str
    state: str
    location: str
    created_at: datetime


@define(eq=False)
class Register:
    """Reads and changes the register; each change is a transaction of its own."""

    engine: sa.Engine
    table: sa.Table
    is_there: bool = field(default=False, init=False)

    @classmethod
    def of(cls, engine: sa.Engine, prefix: str, schema: str | None) -> Register:
        """Return the register of the CRM with these tables."""
        return cls(engine, tenant_table(prefix, schema))

    def all(self) -> list[Entry]:
        """Return all tenants by name."""
        with self._reading() as connection:
            if not self._is_there(connection):
                return []
            return [entry_of(row) for row in connection.execute(sa.select(self.table).order_by(self.table.c.name))]

    def find(self, name: str, connection: sa.Connection | None = None) -> Entry | None:
        """Return a tenant, None if there is none of this name; on the given connection if it leads here."""
        if connection is None or connection.dialect.name == "sqlite":
            with self._reading() as opened:
                return self.read(name, opened) if self._is_there(opened) else None
        return self.read(name, connection)

    def read(self, name: str, connection: sa.Connection) -> Entry | None:
        """Return a tenant, None if there is none of this name, on a connection that leads here; the table must be."""
        row = connection.execute(sa.select(self.table).where(self.table.c.name == name)).first()
        return None if row is None else entry_of(row)

    def make(self, connection: sa.Connection) -> None:
        """Make the table if it isn't there."""
        self.table.create(connection, checkfirst=True)

    def add(self, connection: sa.Connection, name: str, location: str, now: datetime) -> None:
        """Note a tenant that is about to be created."""
        row = {"name": name, "state": CREATING, "location": location, "created_at": now}
        connection.execute(self.table.insert().values(row))

    def change(self, entry: Entry, state: str, *, only: tuple[str, ...]) -> bool:
        """Give a tenant another state, if it is in one of these; return whether it was."""
        with self.writing() as connection:
            inside = sa.and_(self.table.c.id == entry.number, self.table.c.state.in_(only))
            return bool(connection.execute(self.table.update().where(inside).values(state=state)).rowcount)

    def remove(self, connection: sa.Connection, entry: Entry) -> None:
        """Strike a tenant out."""
        connection.execute(self.table.delete().where(self.table.c.id == entry.number))

    @contextmanager
    def writing(self) -> Iterator[sa.Connection]:
        """Open a transaction.

        Raises:
            ConnectionFailed: if the database can't be reached.
        """
        with connecting(self.engine), self.engine.begin() as connection:
            yield connection

    @contextmanager
    def _reading(self) -> Iterator[sa.Connection]:
        with connecting(self.engine), self.engine.connect().execution_options(**{DEFERRED: True}) as connection:
            yield connection

    def _is_there(self, connection: sa.Connection) -> bool:
        if not self.is_there:
            self.is_there = sa.inspect(connection).has_table(self.table.name, schema=self.table.schema)
        return self.is_there


def entry_of(row: sa.Row[*tuple[object, ...]]) -> Entry:
    """Return a row of the register."""
    return Entry(number=row.id, name=row.name, state=row.state, location=row.location, created_at=row.created_at)
