"""Turns: when somebody is to be contacted next by a plan. All of it follows from contacts and activities alone."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from attrs import frozen

from crmkit.core.lifecycle.homezone import day_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from crmkit import Record


@frozen
class Made:
    """An activity that was made by a plan for somebody: which one, and the day on which it was closed."""

    key: str
    closed_on: date | None


@frozen
class Turn:
    """The next time that somebody is to be contacted.

    Attributes:
        key: which one it is: after which contact, and the how manieth since then.
    """

    key: str
    due: date


def base_of(person: Record, time_zone: str) -> date:
    """Return the day from which is counted: that of the last contact, else that on which the person came."""
    last = getattr(person, "last_contacted_at", None)
    return day_of(last if isinstance(last, datetime) else person.created_at, time_zone)


def next_turn(plan: Record, person: Record, made: Iterable[Made], time_zone: str) -> Turn | None:
    """Return when somebody is to be contacted next; None while an activity of the plan is open.

    It is `every_days` after the last contact. An activity that was closed without one, as nobody was reached, counts
    as an attempt: the next one is that long after it.
    """
    base = base_of(person, time_zone)
    listed = list(made)
    if any(each.closed_on is None for each in listed):
        return None
    since = [each for each in listed if each.key.startswith(prefix(plan, person, base))]
    start = max([base, *(each.closed_on for each in since if each.closed_on is not None)])
    every = int(str(plan.every_days))
    return Turn(next_key(plan, person, base, (each.key for each in since)), start + timedelta(days=every))


def next_key(plan: Record, person: Record, base: date, keys: Iterable[str]) -> str:
    """Return the key of the turn that comes after those with some keys: it has a number that none of them has."""
    begins = prefix(plan, person, base)
    numbers = (int(key.removeprefix(begins)) for key in keys if key.startswith(begins))
    return f"{begins}{max(numbers, default=0) + 1}"


def prefix(plan: Record, person: Record, base: date) -> str:
    """Return what the keys of all turns after one contact begin with."""
    return f"{plan.id} {person.ref} {base.isoformat()} "
