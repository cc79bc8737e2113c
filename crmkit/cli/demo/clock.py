"""The clock of the demonstration, which goes through a year in seconds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import define

if TYPE_CHECKING:
    from datetime import datetime


@define
class MovingClock:
    """A clock that shows what it was last set to (UTC)."""

    now: datetime

    def __call__(self) -> datetime:
        """Return the time."""
        return self.now
