"""A pool of databases for tests: made once for a set of plugins, then copied or emptied instead of made again."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import sqlalchemy as sa
from attrs import define, field

from crmkit.core.storage.ids import sequence_of
from crmkit.testing.databases import create_schema, drop_schema

if TYPE_CHECKING:
    from pathlib import Path

    from crmkit.app import CRM

Key = tuple[object, ...]
ADMIN = 1
"""The id of the administrator, the one record of a database that has just been made; ids go on behind it."""


@define(eq=False)
class DatabasePool:
    """Databases that have their tables and the administrator `admin`, by the plugins they were made for.

    Attributes:
        folder: where SQLite files are kept, to be copied.
        server: the PostgreSQL that was used, if any.
        worker: keeps the schemas of processes that share a PostgreSQL apart.
    """

    folder: Path
    worker: str
    files: dict[Key, Path] = field(factory=dict)
    schemas: dict[Key, list[str]] = field(factory=dict)
    made: int = 0
    server: str | None = None

    def file(self, key: Key, target: Path) -> bool:
        """Copy the SQLite file for some plugins, if there is one, and say so."""
        if key in self.files:
            shutil.copyfile(self.files[key], target)
        return key in self.files

    def keep_file(self, key: Key, crm: CRM, source: Path) -> None:
        """Keep a SQLite file, just made, to be copied."""
        with crm.engine.connect() as connection:
            connection.exec_driver_sql("COMMIT")
            connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        self.files[key] = self.folder / f"template{len(self.files)}.db"
        shutil.copyfile(source, self.files[key])

    def schema(self, key: Key) -> str | None:
        """Take a prepared schema out of the pool, if there is one."""
        free = self.schemas.get(key)
        return free.pop() if free else None

    def new_schema(self, server: str) -> str:
        """Make an empty schema on a PostgreSQL."""
        self.server = server
        name = f"t_{self.worker}_{self.made}"
        self.made += 1
        drop_schema(server, name)
        create_schema(server, name)
        return name

    def give_back(self, key: Key, crm: CRM, schema: str, server: str) -> None:
        """Empty a schema but for the administrator, to be used again; drop it if that one was changed."""
        with crm.engine.begin() as connection:
            connection.exec_driver_sql("SET LOCAL session_replication_role = replica")
            if empty(connection, crm):
                self.schemas.setdefault(key, []).append(schema)
                return
        drop_schema(server, schema)

    def close(self) -> None:
        """Drop the schemas."""
        for schema in (each for schemas in self.schemas.values() for each in schemas):
            drop_schema(str(self.server), schema)


def empty(connection: sa.Connection, crm: CRM) -> bool:
    """Delete everything but the administrator and the ledgers; return whether that one is as it was made."""
    system, users = crm.tables.system, crm.tables["user"]
    versions = connection.execute(sa.select(users.c.version).where(users.c.id == ADMIN)).scalars().all()
    if versions != [1]:
        return False
    for table in crm.tables.all:
        kept: sa.ColumnElement[bool] = sa.false()
        if table is users:
            kept = table.c.id == ADMIN
        elif table in {system.change, system.event}:
            kept = (table.c.entity == "user") & (table.c.record_id == ADMIN)
        elif table is system.closure:
            kept = (table.c.tree == "user") & (table.c.ancestor == ADMIN) & (table.c.descendant == ADMIN)
        if table not in {system.plugin, system.duplicate_rule}:
            connection.execute(table.delete().where(~kept))
    if connection.execute(sa.select(system.closure.c.depth)).scalars().all() != [0]:
        return False
    for name, table in crm.tables.entities.items():
        sequence = connection.dialect.identifier_preparer.format_sequence(sequence_of(table))
        connection.exec_driver_sql("SELECT setval(%s, 1, %s)", (sequence, name == "user"))
    return True
