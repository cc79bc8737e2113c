"""Schemas: what a database is made of, and all that is in it, hidden columns included; to compare before and after."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import sqlalchemy as sa

from crmkit.core.upgrade.rebuilding import references_of

if TYPE_CHECKING:
    from crmkit.app import CRM

Description = dict[str, object]


def schema_of(crm: CRM) -> Description:
    """Return the schema of a CRM's database: tables with columns, keys and indexes by name, and sequences.

    The order of columns is left out: a column that was added later stands at the end.
    """
    with crm.engine.connect() as connection:
        inspector, schema = sa.inspect(connection), crm.tables.schema
        names = [each for each in inspector.get_table_names(schema=schema) if is_ours(crm, each)]
        columns = inspector.get_multi_columns(schema=schema, filter_names=names)
        indexes = inspector.get_multi_indexes(schema=schema, filter_names=names)
        keys = inspector.get_multi_pk_constraint(schema=schema, filter_names=names)
        found: Description = {}
        for name in sorted(names):
            at = (schema, name)
            found[name] = {
                "columns": sorted((each["name"], str(each["type"]), each["nullable"]) for each in columns[at]),
                "key": keys[at]["constrained_columns"],
                "references": references(connection, inspector, name, schema),
                "indexes": sorted(
                    (str(each["name"]), each["unique"], str(each["column_names"])) for each in indexes.get(at, ())
                ),
            }
        if connection.dialect.name == "postgresql":
            found["sequences"] = sorted(inspector.get_sequence_names(schema=schema))
        return found


def is_ours(crm: CRM, name: str) -> bool:
    """Return whether a table is the CRM's, by its prefix."""
    return name.startswith(crm.tables.prefix)


def references(
    connection: sa.Connection, inspector: sa.Inspector, name: str, schema: str | None
) -> list[tuple[str, str, str]]:
    """Return the foreign keys of a table: the column, the table it refers to, and what is done on delete."""
    if connection.dialect.name == "sqlite":
        return references_of(connection, name)
    return sorted(
        (each["constrained_columns"][0], each["referred_table"], str(each["options"].get("ondelete")))
        for each in inspector.get_foreign_keys(name, schema=schema)
    )


def contents_of(crm: CRM, *, without: tuple[str, ...] = ()) -> dict[str, str]:
    """Return a checksum of the rows of every table, by its name, columns of disabled plugins included.

    Tables in `without`, named without the CRM's prefix, are left out.
    """
    skipped = {f"{crm.tables.prefix}{name}" for name in without}
    with crm.engine.connect() as connection:
        inspector = sa.inspect(connection)
        names = [each for each in inspector.get_table_names(schema=crm.tables.schema) if is_ours(crm, each)]
        columns = inspector.get_multi_columns(schema=crm.tables.schema, filter_names=names)
        found = {}
        for name in sorted({*names} - skipped):
            listed = sorted(each["name"] for each in columns[crm.tables.schema, name])
            table = sa.table(name, *map(sa.column, listed), schema=crm.tables.schema)
            rows = sorted(repr(tuple(row)) for row in connection.execute(sa.select(*table.columns)))
            found[name] = hashlib.sha256("\n".join([str(listed), *rows]).encode()).hexdigest()
        return found
