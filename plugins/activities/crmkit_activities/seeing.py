"""What an actor sees of a text that may be hidden."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crmkit.errors import FieldHidden

if TYPE_CHECKING:
    from crmkit import Record


def seen(record: Record, name: str) -> str | None:
    """Return a text of a record, None if it is hidden."""
    try:
        value = getattr(record, name)
    except FieldHidden:
        return None
    return None if value is None else str(value)
