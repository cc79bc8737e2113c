"""Timing: how much business time the running intervals of a clock hold, and when it reaches an amount.

Pure functions: they read nothing, and the same values give the same answer.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Protocol

from attrs import frozen

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime
    from decimal import Decimal

NO_TIME = timedelta(0)
WHOLE = 100


class Hours(Protocol):
    """What counts business time: `BusinessHours`."""

    def add(self, start: datetime, duration: timedelta) -> datetime:
        """Return the first moment at which so much open time has passed."""

    def between(self, start: datetime, end: datetime) -> timedelta:
        """Return how much open time passes."""


@frozen(kw_only=True)
class Interval:
    """A stretch in which a clock ran, from a moment up to another (UTC); it runs still if there is no end."""

    since: datetime
    until: datetime | None = None


@frozen(kw_only=True)
class Times:
    """What follows from a clock's intervals and its target; moments that won't come as things are, are None."""

    elapsed: timedelta
    warning_at: datetime | None
    due_at: datetime | None


def elapsed(running: Iterable[Interval], now: datetime, hours: Hours) -> timedelta:
    """Return the business time of the intervals up to a moment."""
    return sum((hours.between(each.since, min(each.until or now, now)) for each in running), NO_TIME)


def reached(running: Iterable[Interval], amount: timedelta, hours: Hours) -> datetime | None:
    """Return the moment at which the intervals hold so much business time; None if they end before."""
    left = amount
    for each in running:
        if each.until is None:
            return hours.add(each.since, left)
        passed = hours.between(each.since, each.until)
        if passed >= left:
            return hours.add(each.since, left)
        left -= passed
    return None


def times(
    running: Iterable[Interval], target: timedelta, warning_share: Decimal | None, hours: Hours, *, now: datetime
) -> Times:
    """Return what follows from the running intervals, the oldest first."""
    stretches = tuple(running)
    warning = None if warning_share is None else target * int(warning_share * WHOLE) // (WHOLE * WHOLE)
    return Times(
        elapsed=elapsed(stretches, now, hours),
        warning_at=None if warning is None else reached(stretches, warning, hours),
        due_at=reached(stretches, target, hours),
    )


def next_alert(found: Times, *, is_running: bool, warned: bool, breached: bool) -> datetime | None:
    """Return when somebody is to be told next: of a breach, or, while the clock runs, of one that is near."""
    if breached:
        return None
    warning = found.warning_at if is_running and not warned else None
    return min(filter(None, (warning, found.due_at)), default=None)
