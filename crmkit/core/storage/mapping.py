"""Mapped classes: a read-only view of an entity's table for hosts that use the ORM."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import event
from sqlalchemy.orm import registry

from crmkit.errors import ReadOnlyError

if TYPE_CHECKING:
    from collections.abc import Iterable

    import sqlalchemy as sa


def mapped_class(table: sa.Table, name: str, secrets: Iterable[str] = ()) -> type:
    """Return a class mapped to a table but for secret columns; its instances can be read, related to, never flushed.

    Raises:
        ReadOnlyError: when a session is to write one.
    """
    made = type(name, (), {"__doc__": f"A row of {table.name}, read-only."})
    registry(metadata=table.metadata).map_imperatively(made, table, exclude_properties=list(secrets))
    for moment in ("before_insert", "before_update", "before_delete"):
        event.listen(made, moment, _refuse)
    return made


def _refuse(_mapper: object, _connection: object, _target: object) -> None:
    raise ReadOnlyError
