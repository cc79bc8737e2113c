"""Growing: the tables, columns and indexes that the Model needs and the database has not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa
from sqlalchemy.schema import CreateColumn, CreateIndex, CreateSequence

from crmkit.core.storage.ids import first_id, sequence_of
from crmkit.core.upgrade.steps import Step, execute, nothing
from crmkit.translation import _

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from crmkit.core.storage.tables import Tables
    from crmkit.core.upgrade.present import Situation


def missing_tables(here: Situation) -> Iterator[Step]:
    """Yield what creates the missing tables, and on PostgreSQL the sequences of their ids.

    The ids of an entity that was here before and was purged go on behind those of which the change log still tells.
    """
    missing = [table for table in here.tables.all if table.name not in here.present.tables]

    def create(connected: sa.Connection) -> None:
        here.tables.metadata.create_all(connected, tables=missing, checkfirst=False)
        for name, table in here.tables.entities.items() if here.is_sqlite else ():
            first = first_id(connected, here.tables, name) if table in missing else 1
            if first > 1:
                connected.execute(here.tables.system.sequence.insert().values(entity=name, next=first))

    for position, table in enumerate(missing):
        # All at once with the first, as tables may refer to each other in a circle.
        does = create if position == 0 else nothing
        yield Step(sort="add", text=_("create table {table}", table=table.name), does=does)
    if not here.is_sqlite:
        for name, table in here.tables.entities.items():
            sequence = sequence_of(table)
            if sequence.name not in here.present.sequences:
                made = creation(here.tables, name)
                yield Step(sort="add", text=_("create sequence {name}", name=sequence.name), does=made)


def creation(tables: Tables, entity: str) -> Callable[[sa.Connection], None]:
    """Return what creates the sequence of an entity's ids."""

    def create(connected: sa.Connection) -> None:
        sequence = sequence_of(tables[entity])
        sequence.start = first_id(connected, tables, entity)
        connected.execute(CreateSequence(sequence))

    return create


def missing_columns(here: Situation, tables: Iterable[sa.Table]) -> Iterator[Step]:
    """Yield what adds the missing columns to those of some tables that are there."""
    for table in tables:
        known = here.present.tables.get(table.name)
        for column in table.columns if known is not None else ():
            if known is not None and column.name not in known:
                text = _("add column {table}.{column}", table=table.name, column=column.name)
                yield Step(sort="add", text=text, does=execute(add_column(here.connection, table, column)))
                known.append(column.name)


def add_column(connection: sa.Connection, table: sa.Table, column: sa.Column[object]) -> str:
    """Return the statement that adds a column with its foreign key."""
    preparer = connection.dialect.identifier_preparer
    statement = f"ALTER TABLE {preparer.format_table(table)} ADD COLUMN {CreateColumn(column).compile(connection)}"
    for key in column.foreign_keys:
        target = preparer.format_table(key.column.table)
        statement += f" CONSTRAINT {preparer.quote(str(key.name))} REFERENCES {target} (id) ON DELETE {key.ondelete}"
    return statement


def missing_indexes(here: Situation) -> Iterator[Step]:
    """Yield what creates the missing indexes of tables that are there."""
    for table in here.tables.all:
        known = here.present.indexes.get(table.name) if table.name in here.present.tables else None
        for index in sorted(table.indexes, key=lambda each: str(each.name)) if known is not None else ():
            dialects = getattr(index, "_ddl_if", None)
            wanted = dialects is None or dialects.dialect == here.connection.dialect.name
            if known is not None and wanted and index.name not in known:
                yield Step(sort="add", text=_("create index {index}", index=index.name), does=index_creation(index))
                known.add(str(index.name))


def shared_values(here: Situation) -> Iterator[str]:
    """Yield the unique indexes that can't be made, as records share a value by now."""
    for table in here.tables.all:
        for index in table.indexes if table.name in here.older else ():
            columns = list(index.columns)
            known = {each.name for each in columns} <= here.older[table.name]
            if index.unique and known and index.name not in here.present.indexes.get(table.name, ()):
                condition = index.dialect_options[here.connection.dialect.name]["where"]
                query = sa.select(sa.func.count()).select_from(table).group_by(*columns)
                if condition is not None:
                    query = query.where(condition)
                query = query.where(*(each.is_not(None) for each in columns)).having(sa.func.count() > 1)
                groups = here.connection.execute(query).scalars().all()
                if groups:
                    names = ", ".join(each.name for each in columns)
                    yield _(
                        "{count} records of {table} share what is to be unique ({columns}). Change them first.",
                        count=sum(groups),
                        table=table.name,
                        columns=names,
                    )


def index_creation(index: sa.Index) -> Callable[[sa.Connection], None]:
    """Return what creates an index."""

    def create(connected: sa.Connection) -> None:
        connected.execute(CreateIndex(index))

    return create


def surplus_indexes(here: Situation) -> Iterator[Step]:
    """Yield what drops indexes that plugins brought to tables and that the Model has no longer.

    An index of a disabled plugin costs time with every write, and a unique one would refuse values that nobody sees.
    """
    wanted = {table.name: {str(index.name) for index in table.indexes} for table in here.tables.all}
    brought = {
        (table, name)
        for fact in here.facts.values()
        for table, names in fact.snapshot.indexes.items()
        for name in names
    }
    for table, name in sorted(brought):
        if name in here.present.indexes.get(table, ()) and name not in wanted.get(table, ()):
            statement = f"DROP INDEX {here.quoted(name)}"
            yield Step(sort="change", text=_("drop index {index}", index=name), does=execute(statement))
            here.present.drop_index(table, name)
