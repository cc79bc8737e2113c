"""Owners: whose a record is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crmkit import Ref

if TYPE_CHECKING:
    from crmkit import EntityModel, Record


def owner_of(entity: EntityModel, record: Record) -> Ref[object] | None:
    """Return the user who owns a record; None if nobody does, or its entity knows no owners."""
    found = getattr(record, entity.owner) if entity.owner else None
    return found if isinstance(found, Ref) else None
