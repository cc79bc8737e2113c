"""Locks: names that one transaction at a time holds, of all that work on the same tables (PostgreSQL).

SQLite has one writer at a time, which is lock enough.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import sqlalchemy as sa

    from crmkit.core.storage.tables import Tables

KEY = "hashtextextended(concat_ws(' ', 'crmkit', coalesce(%s, current_schema()), %s::text, %s::text), 0)"
HOLD = f"SELECT pg_advisory_xact_lock({KEY})"
TRY = f"SELECT pg_try_advisory_xact_lock({KEY})"


def hold(connection: sa.Connection, tables: Tables, name: str) -> None:
    """Wait until no other transaction holds the name, and hold it to the end of this one.

    The same name in another schema, or for tables of another prefix, is another lock: CRMs and tenants that share a
    database don't wait for each other.
    """
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(HOLD, (tables.schema, tables.prefix, name))


def try_to_hold(connection: sa.Connection, tables: Tables, name: str) -> bool:
    """Hold the name to the end of this transaction if no other one does; return whether it is held."""
    if connection.dialect.name != "postgresql":
        return True
    return bool(connection.exec_driver_sql(TRY, (tables.schema, tables.prefix, name)).scalar_one())
