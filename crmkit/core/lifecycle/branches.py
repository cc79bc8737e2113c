"""Branches: the closures of the trees of teams and users follow every write of one, in its transaction."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crmkit.core.storage.closures import TREES, follow

if TYPE_CHECKING:
    from collections.abc import Iterable

    from crmkit.core.assemble.model import EntityModel
    from crmkit.core.declare.records import Record
    from crmkit.core.lifecycle.session import Session


def follow_trees(session: Session, entity: EntityModel, written: Iterable[tuple[Record | None, Record]]) -> None:
    """Bring the closure up to date for records that were written, each given as it was before and as it is now.

    A record without anything above it that is new needs no lock: nobody else can have seen it.
    """
    parent = TREES.get(entity.name)
    if parent is None:
        return
    changed = [(before, after) for before, after in written if is_moved(before, after, parent)]
    if not changed:
        return
    if any(before is not None or getattr(after, parent) is not None for before, after in changed):
        session.serialise(f"{entity.name}.{parent}")
    follow(session.unit.connection, session.tables, entity.name, [after.id for _, after in changed])


def is_moved(before: Record | None, after: Record, parent: str) -> bool:
    """Return whether a write has changed the place of a record in its tree, or whether it is there at all."""
    was = {} if before is None else dict(before.items())
    if parent not in was:
        return True  # the record is new, or the actor may not see the field
    return was[parent] != getattr(after, parent) or was["deleted_at"] != after.deleted_at
