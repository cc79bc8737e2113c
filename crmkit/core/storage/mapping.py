"""Mapped classes: a read-only view of an entity's table for hosts that use the ORM."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import event
from sqlalchemy.orm import registry

from crmkit.errors import ReadOnlyError

if TYPE_CHECKING:
    import sqlalchemy as sa


def mapped_class(table: sa.Table, name: str) -> type:
    """Return a class mapped to a table, whose instances can be read and related to, and never flushed.

    Raises:
        ReadOnlyError: when a session is to write one.
    """
    made = type(name, (), {"__doc__": f"A row of {table.name}, read-only."})
    registry(metadata=table.metadata).map_imperatively(made, table)
    for moment in ("before_insert", "before_update", "before_delete"):
        event.listen(made, moment, _refuse)
    return made


def _refuse(_mapper: object, _connection: object, _target: object) -> None:
    raise ReadOnlyError
