"""Compacting: what was deleted or overwritten is taken out of the files of the database, too."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crmkit.core.storage.engine import DEFERRED

if TYPE_CHECKING:
    import sqlalchemy as sa

    from crmkit.core.storage.tables import Tables


def compact(engine: sa.Engine, tables: Tables) -> None:
    """Rewrite the file of a SQLite database, or free the dead rows of the tables in PostgreSQL. It may take a while."""
    with engine.connect() as opened:
        if opened.dialect.name == "sqlite":
            connection = opened.execution_options(**{DEFERRED: True})
            connection.exec_driver_sql("VACUUM")
            connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
            return
        connection = opened.execution_options(isolation_level="AUTOCOMMIT")
        prepare = connection.dialect.identifier_preparer
        for table in tables.all:
            connection.exec_driver_sql(f"VACUUM {prepare.format_table(table)}")
