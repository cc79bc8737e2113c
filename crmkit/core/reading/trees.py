"""Trees: walking up from a record in one statement."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

if TYPE_CHECKING:
    from crmkit.core.assemble.model import FieldModel

DEEPEST = 1000


def ancestors(connection: sa.Connection, table: sa.Table, parent: FieldModel, start: int) -> list[int]:
    """Return the ids above a record, nearest first, at most 1,000 levels up."""
    column = table.c[parent.columns[0]]
    walk = (
        sa.select(column.label("id"), sa.literal(1).label("level"))
        .where(table.c.id == start)
        .cte("walk", recursive=True)
    )
    step = sa.select(column, walk.c.level + 1).where(table.c.id == walk.c.id, walk.c.level < DEEPEST)
    walk = walk.union_all(step)
    query = sa.select(walk.c.id).where(walk.c.id.is_not(None)).order_by(walk.c.level)
    return list(dict.fromkeys(connection.execute(query).scalars()))
