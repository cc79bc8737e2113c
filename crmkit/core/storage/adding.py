"""Adding rows that may be there already."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy.dialects import postgresql, sqlite

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import sqlalchemy as sa


def add_new(connection: sa.Connection, table: sa.Table, rows: Sequence[Mapping[str, object]]) -> int:
    """Insert rows, in their order, but for those that a unique index knows already; return the number of new ones."""
    if not rows:
        return 0
    made = postgresql.insert(table) if connection.dialect.name == "postgresql" else sqlite.insert(table)
    return len(connection.execute(made.on_conflict_do_nothing().returning(*table.primary_key), list(rows)).all())
