"""Rebuilding: dropping columns, on SQLite by making the table anew where the database can't do it itself.

Foreign keys are off while an upgrade runs on SQLite, and are checked before it commits: with them on, dropping the old
table would delete or empty the rows that refer to it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa
from sqlalchemy.schema import CreateTable

from crmkit.core.storage.tables import short
from crmkit.core.upgrade.steps import quoted

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

MAKING = "crmkit_making"


def drop_columns(connection: sa.Connection, name: str, schema: str | None, columns: Sequence[str]) -> None:
    """Drop columns of a table, with the indexes on them; nothing else of it or of other tables changes."""
    if connection.dialect.name == "postgresql":
        for column in columns:
            connection.exec_driver_sql(
                f"ALTER TABLE {quoted(connection, name, schema)} DROP COLUMN {quoted(connection, column)}"
            )
        return
    dropped = set(columns)
    for index, names in indexes_of(connection, name).items():
        if dropped & set(names):
            connection.exec_driver_sql(f"DROP INDEX {quoted(connection, index)}")
    keys = {column for column, _table, _on_delete in references_of(connection, name)}
    if dropped & keys:
        rebuild(connection, name, dropped)
        return
    for column in columns:
        connection.exec_driver_sql(f"ALTER TABLE {quoted(connection, name)} DROP COLUMN {quoted(connection, column)}")


def indexes_of(connection: sa.Connection, name: str) -> dict[str, list[str]]:
    """Return the columns of the indexes of a SQLite table that were made by themselves, by name."""
    listed = connection.exec_driver_sql(f"PRAGMA index_list({quoted(connection, name)})").all()
    return {
        row[1]: [each[2] for each in connection.exec_driver_sql(f"PRAGMA index_info({quoted(connection, row[1])})")]
        for row in listed
        if row[3] == "c"
    }


def references_of(connection: sa.Connection, name: str) -> list[tuple[str, str, str]]:
    """Return the foreign keys of a SQLite table: the column, the table it refers to, and what is done on delete.

    Read from the database itself: SQLAlchemy reads them off the statement, and loses the latter of a later column.
    """
    listed = connection.exec_driver_sql(f"PRAGMA foreign_key_list({quoted(connection, name)})").all()
    return sorted((row[3], row[2], row[6]) for row in listed)


def rebuild(connection: sa.Connection, name: str, without: Iterable[str]) -> None:
    """Make a SQLite table anew without some columns, as sqlite.org/lang_altertable.html (section 7) describes it."""
    dropped = set(without)
    sql = sa.text("SELECT sql FROM sqlite_master WHERE type = 'index' AND tbl_name = :name AND sql IS NOT NULL")
    indexes = connection.execute(sql, {"name": name}).scalars().all()
    inspector = sa.inspect(connection)
    key = inspector.get_pk_constraint(name)["constrained_columns"]
    kept = [
        sa.Column(each["name"], each["type"], primary_key=each["name"] in key, nullable=each["nullable"])
        for each in inspector.get_columns(name)
        if each["name"] not in dropped
    ]
    references = [each for each in references_of(connection, name) if each[0] not in dropped]
    metadata = sa.MetaData()
    for target in {table for _column, table, _on_delete in references}:
        sa.Table(target, metadata, sa.Column("id", sa.Integer, primary_key=True))
    made = sa.Table(
        MAKING,
        metadata,
        *kept,
        *(
            sa.ForeignKeyConstraint([column], [f"{table}.id"], name=short(f"fk_{name}_{column}"), ondelete=on_delete)
            for column, table, on_delete in references
        ),
    )
    connection.execute(CreateTable(made))
    copied = sa.table(name, *(sa.column(each.name) for each in kept))
    connection.execute(made.insert().from_select([each.name for each in kept], sa.select(copied)))
    connection.exec_driver_sql(f"DROP TABLE {quoted(connection, name)}")
    connection.exec_driver_sql(f"ALTER TABLE {MAKING} RENAME TO {quoted(connection, name)}")
    for each in indexes:
        connection.exec_driver_sql(each)
