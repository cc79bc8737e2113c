"""Restoring a backup: the database as it was, on either kind of database, all of it or nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa
from sqlalchemy.schema import CreateSequence

from crmkit.core.backup.archive import opened
from crmkit.core.backup.contents import AT_ONCE, TYPES, value_of
from crmkit.core.backup.writing import EPOCH
from crmkit.core.lifecycle.opening import connecting
from crmkit.core.outbox.epochs import begin_epoch
from crmkit.core.storage.ids import sequence_of
from crmkit.core.storage.locks import hold
from crmkit.core.storage.plugin_ledger import differences, is_newer
from crmkit.core.storage.system.generations import current_generation
from crmkit.core.storage.tables import short
from crmkit.core.upgrade.applying import LOCK, apply_plan, check_references, without_cascades
from crmkit.core.upgrade.present import Present, is_ours
from crmkit.core.upgrade.steps import quoted
from crmkit.errors import BackupError, DatabaseTooNewError, UpgradeRefused
from crmkit.translation import _

if TYPE_CHECKING:
    from pathlib import Path

    from crmkit.app import CRM
    from crmkit.core.backup.archive import Archive
    from crmkit.core.backup.manifest import Manifest, TableEntry
    from crmkit.core.storage.tables import Tables

REPLACED = "replaced"
"""The topic under which the generation of what was replaced is kept, as the sum of all must rise."""


def restore(crm: CRM, path: Path, *, replace: bool = False) -> Manifest:
    """Restore a backup into an empty database, or in the place of what is there, and return its manifest.

    Everything is verified before anything is written. A backup of older plugins needs an upgrade afterwards.

    Raises:
        BackupError: if the archive can't be trusted, or the database isn't empty.
        DatabaseTooNewError: if it was made by newer plugins than these.
        ConnectionFailed: if the database can't be reached.
    """
    with opened(path) as archive:
        check_plugins(crm, archive.manifest)
        archive.verify()
        with connecting(crm.engine), crm.engine.connect() as connection, without_cascades(connection):
            with connection.begin():
                hold(connection, crm.tables, LOCK)
                generation = generation_of(connection, crm.tables)
                clear(crm, connection, archive, replace=replace)
                fill(crm, connection, archive)
                finish(crm, connection, archive, generation)
            with connection.begin():
                is_current = not differences(connection, crm.model, crm.tables)
        crm.forget()
        if is_current:
            apply_plan(crm)  # the indexes
        return archive.manifest


def check_plugins(crm: CRM, manifest: Manifest) -> None:
    """Refuse a backup of newer plugins than are installed."""
    installed = {each.name: each.manifest.version for each in crm.model.plugins}
    newer = [
        (name, version, installed[name])
        for name, (version, _state) in manifest.plugins.items()
        if name in installed and is_newer(version, installed[name])
    ]
    if newer:
        raise DatabaseTooNewError(plugins=tuple(newer))


def clear(crm: CRM, connection: sa.Connection, archive: Archive, *, replace: bool) -> None:
    """Make room: drop what is there if it is to be replaced, else refuse a database that isn't empty."""
    present = Present.of(connection, crm.tables).tables
    if not present:
        return
    if not replace:
        archive.refuse(_("the database holds a CRM already; restore into an empty one, or replace it"))
    if connection.dialect.name == "sqlite":  # SQLAlchemy can't read those of expressions
        for name in sorted(set().union(*Present.of(connection, crm.tables).indexes.values())):
            connection.exec_driver_sql(f"DROP INDEX {quoted(connection, name, crm.tables.schema)}")
    metadata = sa.MetaData()
    metadata.reflect(connection, schema=crm.tables.schema, only=list(present))
    ours = [table for table in metadata.sorted_tables if table.name in present]
    metadata.drop_all(connection, tables=ours, checkfirst=False)
    if connection.dialect.name == "postgresql":
        preparer = connection.dialect.identifier_preparer
        for name in sa.inspect(connection).get_sequence_names(schema=crm.tables.schema):
            if is_ours(name, crm.tables.prefix):
                sequence = preparer.format_sequence(sa.Sequence(name, schema=crm.tables.schema))
                connection.exec_driver_sql(f"DROP SEQUENCE {sequence}")


def made_table(crm: CRM, name: str, entry: TableEntry, metadata: sa.MetaData, *, with_keys: bool) -> sa.Table:
    """Return the table that a backup describes; columns that the Model knows are made as the Model has them."""
    known = {table.name: table for table in crm.tables.all}.get(f"{crm.tables.prefix}{name}")
    columns = []
    for column, sort in entry.columns.items():
        modelled = known.c.get(column) if known is not None else None
        if modelled is None:
            columns.append(sa.Column(column, TYPES[sort], nullable=column not in entry.key, autoincrement=False))
        else:
            columns.append(
                sa.Column(
                    column,
                    modelled.type,
                    nullable=modelled.nullable,
                    autoincrement=modelled.autoincrement,
                )
            )
    prefix = crm.tables.prefix
    keys = [
        sa.ForeignKeyConstraint(
            [column],
            [f"{crm.tables.schema + '.' if crm.tables.schema else ''}{prefix}{target}.id"],
            name=short(f"fk_{prefix}{name}_{column}"),
            ondelete=None if rule == "NO ACTION" else rule,
        )
        for column, target, rule in entry.references
        if with_keys
    ]
    primary = sa.PrimaryKeyConstraint(*entry.key)
    return sa.Table(f"{prefix}{name}", metadata, *columns, primary, *keys, schema=crm.tables.schema)


def fill(crm: CRM, connection: sa.Connection, archive: Archive) -> None:
    """Make the tables and write their rows."""
    metadata = sa.MetaData()
    is_sqlite = connection.dialect.name == "sqlite"
    made = {
        name: made_table(crm, name, entry, metadata, with_keys=is_sqlite)
        for name, entry in archive.manifest.tables.items()
    }
    metadata.create_all(connection, checkfirst=False)
    for name, entry in archive.manifest.tables.items():
        sorts = list(entry.columns.items())
        batch: list[dict[str, object]] = []
        for number, row in enumerate(archive.lines(name), start=1):
            try:
                batch.append({key: value_of(sort, value) for (key, sort), value in zip(sorts, row, strict=True)})
            except ValueError:
                archive.refuse(_("line {line} of the table {name} can't be read", line=number, name=name))
            if len(batch) == AT_ONCE:
                connection.execute(made[name].insert(), batch)
                batch = []
        if batch:
            connection.execute(made[name].insert(), batch)
    if not is_sqlite:
        add_keys(crm, connection, archive)


def add_keys(crm: CRM, connection: sa.Connection, archive: Archive) -> None:
    """Add the foreign keys, now that all rows are there (PostgreSQL)."""
    with_keys = sa.MetaData()
    for name, entry in archive.manifest.tables.items():
        made_table(crm, name, entry, with_keys, with_keys=True)
    for table in with_keys.tables.values():
        for key in table.foreign_key_constraints:
            connection.execute(sa.schema.AddConstraint(key))


def generation_of(connection: sa.Connection, tables: Tables) -> int:
    """Return the generation of what is there before a restore, 0 if there is nothing."""
    generation = tables.system.generation
    if generation.name not in Present.of(connection, tables).tables:
        return 0
    return int(connection.execute(sa.select(current_generation(generation))).scalar_one())


def finish(crm: CRM, connection: sa.Connection, archive: Archive, generation: int) -> None:
    """Make what a backup leaves out, let ids go on where they were, and count the restore.

    What is there then has a higher generation than what was there before, so that every process notices.
    """
    system, manifest = crm.tables.system, archive.manifest
    left_out = [each for each in crm.tables.all if each.name.removeprefix(crm.tables.prefix) not in manifest.tables]
    left_out = [each for each in left_out if each in {system.sequence, system.command, system.generation}]
    crm.tables.metadata.create_all(connection, tables=left_out, checkfirst=False)
    numbers = {EPOCH: manifest.epoch + 1, REPLACED: generation}
    rows = [{"topic": topic, "number": number} for topic, number in numbers.items()]
    connection.execute(system.generation.insert(), rows)
    if "work" in manifest.tables:
        connection.execute(system.work.update().values(fence=None, leased_until=None))
        begin_epoch(connection, crm.tables)
    if connection.dialect.name == "sqlite":
        if manifest.sequences:
            rows = [{"entity": entity, "next": number} for entity, number in manifest.sequences.items()]
            connection.execute(system.sequence.insert(), rows)
        try:
            check_references(connection)
        except UpgradeRefused as error:
            raise BackupError(path=archive.path, problem=error.problems[0]) from error
        return
    set_sequences(crm, connection, manifest)


def set_sequences(crm: CRM, connection: sa.Connection, manifest: Manifest) -> None:
    """Make the sequences of ids, and have them and those of the system's tables go on behind what is there."""
    preparer = connection.dialect.identifier_preparer
    for entity, table in crm.tables.entities.items():
        if table.name.removeprefix(crm.tables.prefix) in manifest.tables:
            sequence = sequence_of(table)
            connection.execute(CreateSequence(sequence))
            if entity in manifest.sequences:
                name = preparer.format_sequence(sequence)
                connection.exec_driver_sql("SELECT setval(%s, %s, false)", (name, manifest.sequences[entity]))
    for table in crm.tables.system.all:
        column = table.autoincrement_column
        if column is not None and table.name.removeprefix(crm.tables.prefix) in manifest.tables:
            highest = connection.execute(sa.select(sa.func.max(column))).scalar()
            if highest:
                owner = preparer.format_table(table)
                query = "SELECT setval(pg_get_serial_sequence(%s, %s), %s)"
                connection.exec_driver_sql(query, (owner, column.name, highest))
