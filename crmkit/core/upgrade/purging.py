"""Purging: all that a plugin left in the database, taken from its snapshot, so that its code isn't needed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

from crmkit.core.assemble.plugins import requirement_name
from crmkit.core.declare.kinds import AnyRefKind
from crmkit.core.declare.outbox import HANDLER, JOB, consumer_name
from crmkit.core.lifecycle.renames import RENAME
from crmkit.core.storage.file_contents import forget_uses
from crmkit.core.upgrade.rebuilding import drop_columns
from crmkit.core.upgrade.renaming import ENTITY_COLUMNS
from crmkit.core.upgrade.steps import Step, nothing, quoted
from crmkit.translation import _, ngettext

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from crmkit.core.storage.plugin_ledger import Fact
    from crmkit.core.storage.tables import Tables
    from crmkit.core.upgrade.present import Situation

    Mover = Callable[[str, str, str], Callable[[sa.Connection], None]]

KEPT = frozenset({"change"})
"""The change log is append-only: what was done stays known; only what it says of purged records goes."""


def purge(here: Situation, fact: Fact, move: Mover, *, only_left: bool) -> Iterator[Step]:
    """Yield what removes a plugin's data for good: records in its stages, its entities, its fields, its name.

    `move` returns what moves the records of a stage to another one, through the lifecycle. With `only_left`, what the
    plugin still declares stays, and only what it has left behind goes.
    """
    known = fact.snapshot
    if not only_left:
        yield from stages(here, fact, move)
    entities = dict(known.left["entities"]) | ({} if only_left else dict(known.entities))
    fields = dict(known.left["fields"]) | ({} if only_left else dict(known.fields))
    yield from dropped_fields(here, fact, fields, set(entities))
    yield from dropped_entities(here, fact, entities)
    if not only_left:
        yield Step(
            sort="drop",
            text=_("forget plugin {name}", name=fact.name),
            plugin=fact.name,
            does=forgetting(here.tables, fact.name),
        )


def stages(here: Situation, fact: Fact, move: Mover) -> Iterator[Step]:
    """Yield what becomes of the records in a plugin's stages, as each stage says; `refuse` is noted as a problem."""
    own = {**fact.snapshot.left["entities"], **fact.snapshot.entities}
    for path, stage in fact.snapshot.stages.items():
        if stage["entity"] in own or stage["entity"] not in here.tables.entities:
            continue
        pipeline, _dot, name = path.partition(".")
        table = here.tables[stage["entity"]]
        inside = sa.and_(table.c.pipeline == pipeline, table.c.stage == name)
        count = here.connection.execute(sa.select(sa.func.count()).select_from(table).where(inside)).scalar_one()
        if not count:
            continue
        if stage["on_remove"] == "refuse":
            here.problems.append(
                ngettext(
                    "{count} record is in the stage {path}, which must be empty before its plugin is purged. "
                    "Move it first.",
                    "{count} records are in the stage {path}, which must be empty before its plugin is purged. "
                    "Move them first.",
                    count,
                    path=path,
                )
            )
        elif stage["on_remove"].startswith("map:"):
            target = stage["on_remove"].removeprefix("map:")
            text = ngettext(
                "move {count} record from {path} to {target}",
                "move {count} records from {path} to {target}",
                count,
                path=path,
                target=target,
            )
            does = move(pipeline, name, target)
            yield Step(sort="change", text=text, plugin=fact.name, rows=count, does=does)
        else:
            text = ngettext(
                "keep {count} record in {path}, which it may only leave",
                "keep {count} records in {path}, which they may only leave",
                count,
                path=path,
            )
            yield Step(sort="hide", text=text, plugin=fact.name, rows=count, does=nothing)


def dropped_fields(
    here: Situation, fact: Fact, fields: Mapping[str, Mapping[str, object]], own: set[str]
) -> Iterator[Step]:
    """Yield what drops the columns of fields that a plugin added to entities of others.

    Those of a promoted custom field, which the plugin had declared later, stay: they are the definition's again.
    """
    promoted = {f"{each.entity}.{each.name}" for each in here.definitions if each.promoted}
    for path, field in fields.items():
        if path.partition(".")[0] in own or path in promoted:
            continue
        table = str(field["table"])
        wanted = [*field["columns"], field["key"]]  # type: ignore[misc]
        columns = [str(each) for each in wanted if each in here.present.tables.get(table, ())]
        if columns:
            rows = here.count(table, *columns)
            text = ngettext(
                "drop field {path} with {count} value", "drop field {path} with {count} values", rows, path=path
            )
            does = dropping(here.tables, path, table, columns)
            yield Step(sort="drop", text=text, plugin=fact.name, rows=rows, does=does)


def dropping(tables: Tables, path: str, table: str, columns: Sequence[str]) -> Callable[[sa.Connection], None]:
    """Return what drops the columns of a field, and the contents of files that nothing else has."""
    entity, _dot, name = path.partition(".")
    use = tables.system.file_use

    def run(connection: sa.Connection) -> None:
        drop_columns(connection, table, tables.schema, columns)
        forget_uses(connection, tables, sa.and_(use.c.entity == entity, use.c.field == name))

    return run


def dropped_entities(here: Situation, fact: Fact, entities: Mapping[str, str]) -> Iterator[Step]:
    """Yield what drops a plugin's own entities, with what the system's tables say of their records."""
    there = {name: table for name, table in entities.items() if table in here.present.tables}
    inspector = sa.inspect(here.connection)
    for table in here.present.tables:
        targets = {key["referred_table"] for key in inspector.get_foreign_keys(table, schema=here.tables.schema)}
        if table not in there.values() and targets & set(there.values()):
            here.problems.append(
                _(
                    "{table} refers to {target}. Purge the plugin that it belongs to first.",
                    table=table,
                    target=", ".join(sorted(targets & set(there.values()))),
                )
            )
    counted = {name: here.count(table) for name, table in there.items()}
    for position, (name, rows) in enumerate(counted.items()):
        text = ngettext(
            "drop entity {name} with {count} record", "drop entity {name} with {count} records", rows, name=name
        )
        does = removing(here.tables, there) if position == 0 else nothing
        yield Step(sort="drop", text=text, plugin=fact.name, rows=rows, does=does)


def removing(tables: Tables, entities: Mapping[str, str]) -> Callable[[sa.Connection], None]:
    """Return what drops the tables of entities and what the system's tables say of their records."""

    def run(connection: sa.Connection) -> None:
        present = set(sa.inspect(connection).get_table_names(schema=tables.schema))
        if tables.system.file_use.name in present:
            forget_uses(connection, tables, tables.system.file_use.c.entity.in_(list(entities)))
        for table in tables.system.all:
            if table.name in present:
                forget_records(connection, tables, table, list(entities))
        forget_references(connection, tables, set(entities), present)
        for name, dropped in entities.items():
            if connection.dialect.name == "postgresql":
                connection.exec_driver_sql(f"DROP TABLE {quoted(connection, dropped, tables.schema)} CASCADE")
                sequence = quoted(connection, f"{dropped}_seq"[:63], tables.schema)
                connection.exec_driver_sql(f"DROP SEQUENCE IF EXISTS {sequence}")
            else:
                connection.exec_driver_sql(f"DROP TABLE {quoted(connection, dropped)}")
                sequences = tables.system.sequence
                connection.execute(sequences.delete().where(sequences.c.entity == name))

    return run


def forget_records(connection: sa.Connection, tables: Tables, table: sa.Table, entities: Sequence[str]) -> None:
    """Delete the rows of a system's table that are about records of some entities; empty those of the change log.

    The salts of sealed changes go with their values, so that the chain of seals still holds. What the log tells of
    renames stays: it is about no record, and the chain needs it.
    """
    for name, column in ENTITY_COLUMNS:
        if table.name == f"{tables.prefix}{name}":
            about: sa.ColumnElement[bool] = table.c[column].in_(entities)
            if name in KEPT:
                about = sa.and_(about, table.c.action != RENAME)
                sealed, ids = tables.system.sealed_change, sa.select(table.c.id).where(about)
                connection.execute(sealed.update().where(sealed.c.change_id.in_(ids)).values(salt=None))
                connection.execute(table.update().where(about).values(old=None, new=None))
            else:
                connection.execute(table.delete().where(about))


def forget_references(connection: sa.Connection, tables: Tables, gone: set[str], present: set[str]) -> None:
    """Empty the references to records of any entity that point at purged ones; what must have one goes with them.

    Ids begin anew when a plugin is installed again: what is left would point at other records then.
    """
    for entity in tables.model.entities.values():
        table = tables[entity.name]
        if entity.name in gone or table.name not in present:
            continue
        for field in entity.fields.values():
            if not isinstance(field.kind, AnyRefKind):
                continue
            about, number = (table.c[each] for each in field.columns)
            pointing = about.in_(gone)
            if field.declared.required:
                connection.execute(table.delete().where(pointing))
            else:
                connection.execute(table.update().where(pointing).values({about: None, number: None}))


def forgetting(tables: Tables, plugin: str) -> Callable[[sa.Connection], None]:
    """Return what takes a plugin out of the ledger."""

    def run(connection: sa.Connection) -> None:
        for table, column in ((tables.system.plugin, "name"), (tables.system.upgrade_step, "plugin")):
            connection.execute(table.delete().where(table.c[column] == plugin))
        for table, column in ((tables.system.work, "consumer"), (tables.system.consumer, "name")):
            for kind in (HANDLER, JOB):
                own = table.c[column].startswith(consumer_name(kind, plugin, ""), autoescape=True)
                connection.execute(table.delete().where(own))

    return run


def requirers(facts: Mapping[str, Fact], purged: set[str]) -> Iterator[str]:
    """Yield why plugins can't be purged: others that stay require them."""
    for fact in facts.values():
        needed = {requirement_name(each) for each in fact.snapshot.requires}
        for name in sorted(needed & purged) if fact.name not in purged else ():
            yield _("The plugin {other} requires {name}. Purge both, or neither.", other=fact.name, name=name)
