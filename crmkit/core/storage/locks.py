"""Locks: names that one transaction at a time holds, of all that work on the same tables (PostgreSQL).

SQLite has one writer at a time, which is lock enough.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import sqlalchemy as sa

KEY = "hashtextextended(concat_ws(' ', 'crmkit', coalesce(%s, current_schema()), %s::text, %s::text), 0)"
HOLD = f"SELECT pg_advisory_xact_lock({KEY})"
SHARE = f"SELECT pg_advisory_xact_lock_shared({KEY})"
TRY = f"SELECT pg_try_advisory_xact_lock({KEY})"


class Located(Protocol):
    """What says which tables are meant: a schema, the connection's own if None, and the prefix of their names."""

    @property
    def schema(self) -> str | None:
        """The schema."""

    @property
    def prefix(self) -> str:
        """The prefix."""


def hold(connection: sa.Connection, tables: Located, name: str) -> None:
    """Wait until no other transaction holds the name, and hold it to the end of this one.

    The same name in another schema, or for tables of another prefix, is another lock: CRMs and tenants that share a
    database don't wait for each other.
    """
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(HOLD, (tables.schema, tables.prefix, name))


def share(connection: sa.Connection, tables: Located, name: str) -> None:
    """Wait until no other transaction holds the name alone, and keep it from doing so to the end of this one."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(SHARE, (tables.schema, tables.prefix, name))


def try_to_hold(connection: sa.Connection, tables: Located, name: str) -> bool:
    """Hold the name to the end of this transaction if no other one does; return whether it is held."""
    if connection.dialect.name != "postgresql":
        return True
    return bool(connection.exec_driver_sql(TRY, (tables.schema, tables.prefix, name)).scalar_one())
