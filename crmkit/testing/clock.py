"""A clock that stands still until it is told to go on."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from attrs import define

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
"""A Monday morning."""


@define
class FrozenClock:
    """A clock for `CRM(clock=...)`: it shows `now` until it is advanced."""

    now: datetime = START

    def __call__(self) -> datetime:
        """Return what the clock shows."""
        return self.now

    def advance(self, **units: float) -> datetime:
        """Go on by days, hours, minutes and so on (as for `timedelta`), and return the new time."""
        self.now += timedelta(**units)
        return self.now
