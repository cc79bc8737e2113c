"""Statistics: what the database knows of its tables, by which it chooses the index that a page is read from.

PostgreSQL keeps them by itself. SQLite keeps them only when it is told to; without, a sorted page of a large table is
tens of times slower.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import sqlalchemy as sa

    from crmkit.core.storage.tables import Tables

ROWS_LOOKED_AT = 1000
"""How many rows of an index are looked at, so that large tables take no longer than small ones."""
FIRST_DUE, GROWTH = 10_000, 10


class Statistics:
    """Counts what a process has written and says when the tables have grown so much that a new look is worth it."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables
        self._written = 0
        self._due = FIRST_DUE
        self._lock = threading.Lock()

    def note(self, connection: sa.Connection, written: int) -> None:
        """Count the rows of a transaction that has committed, and look at the tables if it is time."""
        with self._lock:
            self._written += written
            is_due = self._written >= self._due
            while self._written >= self._due:
                self._due *= GROWTH
        if is_due:
            analyse(connection, self._tables)


def analyse(connection: sa.Connection, tables: Tables) -> None:
    """Look at what the tables hold, if the database doesn't do that by itself."""
    if connection.dialect.name == "sqlite":
        preparer = connection.dialect.identifier_preparer
        connection.exec_driver_sql(f"PRAGMA analysis_limit={ROWS_LOOKED_AT}")
        for table in tables.entities.values():
            connection.exec_driver_sql(f"ANALYZE {preparer.format_table(table)}")
