"""Exporting what a plugin keeps, as it stands in the tables, by its snapshot: its code isn't needed."""

from __future__ import annotations

import json
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING

import sqlalchemy as sa

from crmkit.core.storage.file_contents import chunks_of
from crmkit.core.storage.plugin_ledger import facts_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence
    from pathlib import Path

    from crmkit.core.storage.plugin_ledger import Fact
    from crmkit.core.storage.tables import Tables


def export_plugins(connection: sa.Connection, tables: Tables, plugins: Iterable[str], folder: Path) -> None:
    """Write what plugins keep into a folder for each: JSON lines, a file for each entity, and what the ledger says.

    An entity of its own comes whole; of an entity of others, its fields with the ids of the records that have a value.
    """
    facts = facts_of(connection, tables)
    for name in plugins:
        target = folder / name
        target.mkdir(parents=True, exist_ok=True)
        (target / "plugin.json").write_text(described(facts[name]), encoding="utf-8")
        secrets = secret_columns(facts[name])
        for table, columns in kept_columns(facts[name]).items():
            if sa.inspect(connection).has_table(table, schema=tables.schema):
                there = reflected(connection, tables.schema, table, secrets.get(table, ()))
                write_rows(connection, there, columns, target / f"{table}.jsonl")
        write_files(connection, tables, facts[name], target / "files")


def described(fact: Fact) -> str:
    """Return what the ledger says of a plugin, as JSON."""
    told = {"name": fact.name, "version": fact.version, "declared": json.loads(fact.declared)}
    return json.dumps(told, indent=2, ensure_ascii=False) + "\n"


def kept_columns(fact: Fact) -> dict[str, list[str]]:
    """Return the columns that a plugin keeps by table; none named means all of a table of its own."""
    known = fact.snapshot
    own = {**known.left["entities"], **known.entities}
    found: dict[str, list[str]] = {table: [] for table in own.values()}
    for path, field in {**known.left["fields"], **known.fields}.items():
        if path.partition(".")[0] not in own:
            found.setdefault(str(field["table"]), []).extend(field["columns"])
    return found


def secret_columns(fact: Fact) -> dict[str, list[str]]:
    """Return the columns of a plugin's secrets by table: they leave through no door."""
    found: dict[str, list[str]] = {}
    for field in {**fact.snapshot.left["fields"], **fact.snapshot.fields}.values():
        if field.get("secret"):
            found.setdefault(str(field["table"]), []).extend(field["columns"])
    return found


def reflected(connection: sa.Connection, schema: str | None, name: str, secrets: Collection[str]) -> sa.Table:
    """Return a table as it is in the database, without its secrets."""
    columns = [each["name"] for each in sa.inspect(connection).get_columns(name, schema=schema)]
    shown = [each for each in columns if each not in secrets]
    metadata = sa.MetaData()
    return sa.Table(name, metadata, autoload_with=connection, schema=schema, resolve_fks=False, include_columns=shown)


def write_files(connection: sa.Connection, tables: Tables, fact: Fact, folder: Path) -> None:
    """Write the contents of the files that a plugin's fields hold, each into a file that is named by its SHA-256."""
    for field in {**fact.snapshot.left["fields"], **fact.snapshot.fields}.values():
        digest = str(field["columns"][-1])
        if field["kind"] != "file" or not sa.inspect(connection).has_table(str(field["table"]), schema=tables.schema):
            continue
        table = sa.table(str(field["table"]), sa.column(digest), schema=tables.schema)
        query = sa.select(table.c[digest]).where(table.c[digest].is_not(None)).distinct()
        for found in connection.execute(query).scalars().all():
            folder.mkdir(exist_ok=True)
            with (folder / found).open("wb") as file:
                file.writelines(chunks_of(connection, tables, found))


def write_rows(connection: sa.Connection, table: sa.Table, columns: Sequence[str], path: Path) -> None:
    """Write the rows of a table, or id and columns of those that have a value."""
    there = [table.c[each] for each in columns if each in table.c]
    query = sa.select(table.c.id, *there) if columns else sa.select(table)
    if columns:
        query = query.where(sa.or_(sa.false(), *(each.is_not(None) for each in there)))
    with path.open("w", encoding="utf-8", newline="\n") as file:
        for row in connection.execute(query.order_by(table.c.id)).mappings():
            file.write(json.dumps(dict(row), ensure_ascii=False, default=plain) + "\n")


def plain(value: object) -> object:
    """Return a value of a column as JSON."""
    if isinstance(value, (datetime, date)):
        return value.isoformat()
    return str(value) if isinstance(value, Decimal) else repr(value)
