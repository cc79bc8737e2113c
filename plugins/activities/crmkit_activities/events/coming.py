"""What is on a calendar that wasn't there before."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from crmkit import Change


def comes(change: Change) -> bool:
    """Return whether a record is new, or was brought back."""
    return change.before is None or (change.before.deleted_at is not None and change.after.deleted_at is None)
