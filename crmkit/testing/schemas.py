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
        inspector = sa.inspect(connection)
        names = [each for each in inspector.get_table_names(schema=crm.tables.schema) if is_ours(crm, each)]
        found: Description = {name: table_of(connection, name, crm.tables.schema) for name in sorted(names)}
        if connection.dialect.name == "postgresql":
            found["sequences"] = sorted(inspector.get_sequence_names(schema=crm.tables.schema))
        return found


def is_ours(crm: CRM, name: str) -> bool:
    """Return whether a table is the CRM's, by its prefix."""
    return name.startswith(crm.tables.prefix)


def table_of(connection: sa.Connection, name: str, schema: str | None) -> Description:
    """Return what a table is made of."""
    inspector = sa.inspect(connection)
    columns = inspector.get_columns(name, schema=schema)
    indexes = inspector.get_indexes(name, schema=schema)
    if connection.dialect.name == "sqlite":
        references = references_of(connection, name)
    else:
        keys = inspector.get_foreign_keys(name, schema=schema)
        references = sorted(
            (each["constrained_columns"][0], each["referred_table"], str(each["options"].get("ondelete")))
            for each in keys
        )
    return {
        "columns": sorted((each["name"], str(each["type"]), each["nullable"]) for each in columns),
        "key": inspector.get_pk_constraint(name, schema=schema)["constrained_columns"],
        "references": references,
        "indexes": sorted((str(each["name"]), each["unique"], str(each["column_names"])) for each in indexes),
    }


def contents_of(crm: CRM, *, without: tuple[str, ...] = ()) -> dict[str, str]:
    """Return a checksum of the rows of every table, by its name, columns of disabled plugins included.

    Tables in `without`, named without the CRM's prefix, are left out.
    """
    skipped = {f"{crm.tables.prefix}{name}" for name in without}
    with crm.engine.connect() as connection:
        inspector = sa.inspect(connection)
        names = [each for each in inspector.get_table_names(schema=crm.tables.schema) if is_ours(crm, each)]
        found = {}
        for name in sorted({*names} - skipped):
            table = sa.Table(name, sa.MetaData(), autoload_with=connection, schema=crm.tables.schema, resolve_fks=False)
            columns = sorted(table.columns, key=lambda each: each.name)
            rows = sorted(repr(tuple(row)) for row in connection.execute(sa.select(*columns)))
            found[name] = hashlib.sha256("\n".join([str([each.name for each in columns]), *rows]).encode()).hexdigest()
        return found
