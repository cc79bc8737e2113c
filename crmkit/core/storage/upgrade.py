"""Upgrades: the schema made or grown to what the Model needs, and the ledger of what it was made for.

Upgrades only add. What a plugin left behind stays until it is purged.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import sqlalchemy as sa
from sqlalchemy.schema import CreateColumn, CreateIndex, CreateSequence

from crmkit.core.storage import closures
from crmkit.core.storage.ids import sequence_of
from crmkit.translation import _

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from crmkit.core.assemble.model import FieldModel, Model
    from crmkit.core.storage.tables import Tables

LOCK = 7_263_401_554
BATCH = 1000


def upgrade(connection: sa.Connection, model: Model, tables: Tables, now: datetime) -> list[str]:
    """Bring the database to what the Model needs and return what was done, a line each; nothing if nothing was due.

    Run it in a transaction. A second upgrade at the same time waits for the first.
    """
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql("SELECT pg_advisory_xact_lock(%s)", (LOCK,))
    present = set(sa.inspect(connection).get_table_names(schema=tables.schema))
    older = [table for table in tables.all if table.name in present]
    done = [*add_tables(connection, tables, present), *add_columns(connection, tables, older)]
    done += [*add_indexes(connection, tables, older), *keep_stage_kinds(connection, model, tables)]
    done += refresh_keys(connection, model, tables)
    if older and closures.verify(connection, tables):
        count = closures.rebuild(connection, tables)
        done.append(_("compute {count} rows of the closure of teams and users", count=count))
    return [*done, *record_plugins(connection, model, tables, now)]


def add_tables(connection: sa.Connection, tables: Tables, present: set[str]) -> Iterator[str]:
    """Create the missing tables, and on PostgreSQL the sequences of their ids."""
    missing = [table for table in tables.all if table.name not in present]
    tables.metadata.create_all(connection, tables=missing, checkfirst=False)
    if connection.dialect.name == "postgresql":
        known = set(sa.inspect(connection).get_sequence_names(schema=tables.schema))
        for table in tables.entities.values():
            if sequence_of(table).name not in known:
                connection.execute(CreateSequence(sequence_of(table)))
    for table in missing:
        yield _("create table {table}", table=table.name)


def add_columns(connection: sa.Connection, tables: Tables, older: list[sa.Table]) -> Iterator[str]:
    """Add the missing columns of tables that were there before."""
    found = sa.inspect(connection).get_multi_columns(schema=tables.schema, filter_names=[t.name for t in older])
    for table in older:
        present = {column["name"] for column in found[tables.schema, table.name]}
        missing = [column for column in table.columns if column.name not in present]
        for column in missing:
            connection.exec_driver_sql(add_column(connection, table, column))
            yield _("add column {table}.{column}", table=table.name, column=column.name)


def add_column(connection: sa.Connection, table: sa.Table, column: sa.Column[object]) -> str:
    """Return the statement that adds a column with its foreign key."""
    preparer = connection.dialect.identifier_preparer
    statement = f"ALTER TABLE {preparer.format_table(table)} ADD COLUMN {CreateColumn(column).compile(connection)}"
    for key in column.foreign_keys:
        target = preparer.format_table(key.column.table)
        statement += f" CONSTRAINT {preparer.quote(str(key.name))} REFERENCES {target} (id) ON DELETE {key.ondelete}"
    return statement


def refresh_keys(connection: sa.Connection, model: Model, tables: Tables) -> Iterator[str]:
    """Compute the search keys of old records anew where fields are searched in another way than before."""
    before: dict[str, Mapping[str, object]] = {}
    for _version, declared in facts_of(connection, tables).values():
        before.update(json.loads(declared)["fields"])
    for entity in model.entities.values():
        for field in entity.fields.values():
            old = before.get(f"{entity.name}.{field.name}")
            if field.key_column and old is not None and old["key"] != field_snapshot(field)["key"]:
                count = refresh_key(connection, tables[entity.name], field)
                yield _(
                    "compute {count} search keys of {entity}.{field}", count=count, entity=entity.name, field=field.name
                )


def refresh_key(connection: sa.Connection, table: sa.Table, field: FieldModel) -> int:
    """Compute the search keys of a field for all records, and return how many there are."""
    values = [table.c[name] for name in field.columns]
    update = table.update().where(table.c.id == sa.bindparam("record"))
    update = update.values({str(field.key_column): sa.bindparam("key")})
    last, count = 0, 0
    while True:
        query = sa.select(table.c.id, *values).where(
            table.c.id > last, sa.or_(*(value.is_not(None) for value in values))
        )
        rows = connection.execute(query.order_by(table.c.id).limit(BATCH)).all()
        if not rows:
            return count
        connection.execute(
            update, [{"record": row[0], "key": field.kind.key(field.kind.load(*row[1:]))} for row in rows]
        )
        last, count = rows[-1][0], count + len(rows)


def add_indexes(connection: sa.Connection, tables: Tables, older: list[sa.Table]) -> Iterator[str]:
    """Create the missing indexes of tables that were there before."""
    found = sa.inspect(connection).get_multi_indexes(schema=tables.schema, filter_names=[t.name for t in older])
    for table in older:
        present = {index["name"] for index in found.get((tables.schema, table.name), [])}
        for index in sorted(table.indexes, key=lambda each: str(each.name)):
            dialects = getattr(index, "_ddl_if", None)
            wanted = dialects is None or dialects.dialect == connection.dialect.name
            if wanted and index.name not in present:
                connection.execute(CreateIndex(index))
                present.add(str(index.name))
                yield _("create index {index}", index=index.name)


def keep_stage_kinds(connection: sa.Connection, model: Model, tables: Tables) -> Iterator[str]:
    """Give records the kind that their stage has now, where a pipeline's declaration changed it."""
    for pipeline in model.pipelines.values():
        table = tables[pipeline.entity]
        for each in pipeline.stages:
            changed = connection.execute(
                table.update()
                .where(
                    table.c.pipeline == pipeline.name,
                    table.c.stage == each.name,
                    table.c.stage_kind != each.stage.kind,
                )
                .values(stage_kind=each.stage.kind)
            ).rowcount
            if changed:
                yield _(
                    "{changed} records in {pipeline}.{name} are now {kind}",
                    changed=changed,
                    pipeline=pipeline.name,
                    name=each.name,
                    kind=each.stage.kind,
                )


def record_plugins(connection: sa.Connection, model: Model, tables: Tables, now: datetime) -> Iterator[str]:
    """Write into the ledger which plugins the database is now made for."""
    ledger = tables.system.plugin
    facts = facts_of(connection, tables)
    wishes = wishes_of(model)
    for name, (version, declared) in wishes.items():
        row = {"version": version, "state": "enabled", "declared": declared, "at": now}
        if name not in facts:
            connection.execute(ledger.insert().values(name=name, **row))
            yield _("enable plugin {name} {version}", name=name, version=version)
        elif facts[name] != ("enabled", declared):
            connection.execute(ledger.update().where(ledger.c.name == name).values(row))
            yield _("update plugin {name} {version}", name=name, version=version)
    for name in facts.keys() - wishes.keys():
        if facts[name][0] == "enabled":
            connection.execute(ledger.update().where(ledger.c.name == name).values(state="disabled", at=now))
            yield _("disable plugin {name} (its data is kept)", name=name)


def differences(connection: sa.Connection, model: Model, tables: Tables) -> list[str]:
    """Return how the database differs from what the Model needs, a line each."""
    if not sa.inspect(connection).has_table(tables.system.plugin.name, schema=tables.schema):
        return [_("it has no tables of crmkit yet")]
    facts, wishes = facts_of(connection, tables), wishes_of(model)
    found = [_("plugin {name!r} is new", name=name) for name in wishes.keys() - facts.keys()]
    for name in wishes.keys() & facts.keys():
        state, declared = facts[name]
        if state != "enabled":
            found.append(_("plugin {name!r} was disabled", name=name))
        elif declared != wishes[name][1]:
            found.append(_("plugin {name!r} declares other things than before", name=name))
    found += [
        _("plugin {name!r} is gone", name=name) for name in facts.keys() - wishes.keys() if facts[name][0] == "enabled"
    ]
    return sorted(found)


def facts_of(connection: sa.Connection, tables: Tables) -> dict[str, tuple[str, str]]:
    """Return state and snapshot of the plugins that the database was made for."""
    ledger = tables.system.plugin
    rows = connection.execute(sa.select(ledger.c.name, ledger.c.state, ledger.c.declared))
    return {row.name: (row.state, row.declared) for row in rows}


def wishes_of(model: Model) -> dict[str, tuple[str, str]]:
    """Return version and snapshot of the plugins that are assembled."""
    return {
        plugin.name: (plugin.manifest.version, json.dumps(snapshot(model, plugin.name), sort_keys=True))
        for plugin in model.plugins
    }


def snapshot(model: Model, plugin: str) -> Mapping[str, object]:
    """Return what a plugin keeps in the database: its entities, fields and stages, as plain data."""
    entities = [entity.name for entity in model.entities.values() if entity.provider == plugin]
    fields = {
        f"{entity.name}.{field.name}": field_snapshot(field)
        for entity in model.entities.values()
        for field in entity.fields.values()
        if field.provider == plugin and not field.is_system
    }
    stages = {
        f"{pipeline.name}.{each.name}": {"kind": each.stage.kind, "on_remove": each.on_remove}
        for pipeline in model.pipelines.values()
        for each in pipeline.stages
        if each.provider == plugin
    }
    return {"entities": sorted(entities), "fields": fields, "stages": stages}


def field_snapshot(field: FieldModel) -> Mapping[str, object]:
    """Return what must stay the same for a field's data to keep its meaning."""
    return {
        "kind": field.kind.name,
        "columns": list(field.columns),
        "target": field.target,
        "key": [field.key_column, getattr(field.kind, "pinyin", False)],
        "unique": field.declared.unique,
    }
