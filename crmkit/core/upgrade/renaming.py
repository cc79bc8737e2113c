"""Renaming: fields, entities and stages that have another name in a new version of their plugin."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

from crmkit.core.declare.kinds import AnyRefKind, FileKind
from crmkit.core.declare.upgrades import Renamed
from crmkit.core.lifecycle.renames import note_rename
from crmkit.core.storage.ids import sequence_of
from crmkit.core.storage.plugin_ledger import columns_of
from crmkit.core.upgrade.steps import Step, execute, quoted
from crmkit.translation import _

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from crmkit.core.storage.plugin_ledger import Fact
    from crmkit.core.upgrade.present import Situation

ENTITY_COLUMNS = (
    ("change", "entity"),
    ("event", "entity"),
    ("stage_history", "entity"),
    ("link", "source_entity"),
    ("link", "target_entity"),
    ("import_row", "entity"),
    ("file_use", "entity"),
    ("dismissal", "entity"),
    ("duplicate_key", "entity"),
    ("duplicate_rule", "entity"),
    ("merge", "entity"),
    ("redirect", "entity"),
    ("share", "entity"),
    ("work", "entity"),
)
"""The columns of the system's tables that hold the name of an entity."""


def renames(here: Situation) -> Iterator[Step]:
    """Yield what renames tables, columns and stages, for those renames that the database has not seen yet."""
    for what, steps in (("entity", entity_steps), ("field", field_steps), ("stage", stage_steps)):
        for rename, plugin in here.model.of(Renamed):
            if rename.what == what and plugin in here.facts:
                yield from steps(here, here.facts[plugin], rename)


def entity_steps(here: Situation, fact: Fact, rename: Renamed) -> Iterator[Step]:
    """Yield what gives an entity another name: its table, its ids, and whatever names it."""
    old = {**fact.snapshot.left["entities"], **fact.snapshot.entities}.get(rename.old)
    if old is None or old not in here.present.tables or rename.new not in here.model.entities:
        return
    new = here.tables[rename.new].name
    if new not in here.present.tables:
        statements = [f"ALTER TABLE {here.quoted(old)} RENAME TO {quoted(here.connection, new)}"]
        if not here.is_sqlite:
            sequence, wanted = f"{old}_seq"[:63], sequence_of(here.tables[rename.new]).name
            name = here.quoted(sequence)
            statements.append(f"ALTER SEQUENCE {name} RENAME TO {quoted(here.connection, wanted)}")
            here.present.sequences = here.present.sequences - {sequence} | {wanted}
        # Their names hold the table's, so they are made anew.
        statements += [f"DROP INDEX {here.quoted(name)}" for name in sorted(here.present.indexes.get(old, ()))]
        here.present.rename_table(old, new)
        here.present.indexes[new] = set()
        text = _("rename entity {old} to {new}", old=rename.old, new=rename.new)
        yield Step(sort="change", text=text, plugin=fact.name, does=execute(*statements))
        text = _("rename {old} to {new} wherever it is named", old=rename.old, new=rename.new)
        yield Step(sort="change", text=text, plugin=fact.name, does=renaming_rows(here, rename))


def renaming_rows(here: Situation, rename: Renamed) -> Callable[[sa.Connection], None]:
    """Return what gives an entity another name in the system's tables and in references to any entity."""
    model, tables = here.model, here.tables

    def run(connection: sa.Connection) -> None:
        named = [
            getattr(table.c, column)
            for table in tables.system.all
            for name, column in ENTITY_COLUMNS
            if table.name == f"{tables.prefix}{name}"
        ]
        named += [
            tables[entity.name].c[each.columns[0]]
            for entity in model.entities.values()
            for each in entity.fields.values()
            if isinstance(each.kind, AnyRefKind)
        ]
        known = set(sa.inspect(connection).get_table_names(schema=tables.schema))
        if tables.system.sealed_change.name in known:
            note_rename(connection, tables, rename.old, rename.new, here.now)
        for column in named:
            if column.table.name in known:
                update = column.table.update().where(column == rename.old).values({column.name: rename.new})
                connection.execute(update)
        if connection.dialect.name == "sqlite":
            sequence = tables.system.sequence
            connection.execute(sequence.update().where(sequence.c.entity == rename.old).values(entity=rename.new))

    return run


def field_steps(here: Situation, fact: Fact, rename: Renamed) -> Iterator[Step]:
    """Yield what gives a field another name: its columns, in the order of its parts, and its search key."""
    old = {**fact.snapshot.left["fields"], **fact.snapshot.fields}.get(rename.old)
    entity, _dot, name = rename.new.partition(".")
    if old is None or entity not in here.model.entities or name not in here.model.entities[entity].fields:
        return
    declared, table = here.model.entities[entity].fields[name], here.tables[entity].name
    before = [*old["columns"], *([old["key"]] if old["key"] else [])]
    statements = []
    for column, wanted in zip(before, columns_of(declared), strict=False):
        if column in here.present.tables.get(table, ()) and wanted not in here.present.tables[table]:
            owner = here.quoted(table)
            names = f"{quoted(here.connection, column)} TO {quoted(here.connection, wanted)}"
            statements.append(f"ALTER TABLE {owner} RENAME COLUMN {names}")
            here.present.rename_column(table, column, wanted)
    if statements:
        text = _("rename field {old} to {new}", old=rename.old, new=rename.new)
        yield Step(sort="change", text=text, plugin=fact.name, does=execute(*statements))
    use = here.tables.system.file_use
    if isinstance(declared.kind, FileKind) and use.name in here.present.tables:
        yield Step(
            sort="change",
            text=_("rename field {old} to {new} where its files are noted", old=rename.old, new=rename.new),
            plugin=fact.name,
            does=renaming_uses(use, entity, rename.old.partition(".")[2], name),
        )


def renaming_uses(use: sa.Table, entity: str, old: str, new: str) -> Callable[[sa.Connection], None]:
    """Return what gives a field of files another name where it is noted which files records have."""

    def run(connection: sa.Connection) -> None:
        connection.execute(use.update().where(use.c.entity == entity, use.c.field == old).values(field=new))

    return run


def stage_steps(here: Situation, fact: Fact, rename: Renamed) -> Iterator[Step]:
    """Yield what gives a stage another name, in the records and in their history."""
    old = fact.snapshot.stages.get(rename.old)
    pipeline, _dot, name = rename.new.partition(".")
    if old is None or pipeline not in here.model.pipelines or name not in here.model.pipelines[pipeline].positions:
        return
    table = here.tables[here.model.pipelines[pipeline].entity]
    if table.name not in here.present.tables:
        return
    former, _dot, source = rename.old.partition(".")
    count = here.connection.execute(
        sa.select(sa.func.count()).select_from(table).where(table.c.pipeline == former, table.c.stage == source)
    ).scalar_one()

    def run(connected: sa.Connection) -> None:
        records = table.update().where(table.c.pipeline == former, table.c.stage == source)
        connected.execute(records.values(pipeline=pipeline, stage=name))
        history = here.tables.system.stage_history
        of_pipeline = history.c.pipeline == former
        for column in (history.c.source, history.c.target):
            connected.execute(history.update().where(of_pipeline, column == source).values({column.name: name}))

    text = _("rename stage {old} to {new}", old=rename.old, new=rename.new)
    yield Step(sort="change", text=text, plugin=fact.name, rows=count, does=run)
