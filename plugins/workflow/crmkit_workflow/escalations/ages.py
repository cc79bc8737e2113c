"""Ages: from when the age of a record counts, and which levels it has reached. Pure functions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from attrs import frozen

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable
    from datetime import datetime, timedelta

AgeFrom = Literal["created", "untouched", "changed"]


@frozen(kw_only=True)
class Facts:
    """What counts of a record."""

    created_at: datetime
    updated_at: datetime


@frozen(kw_only=True)
class Last:
    """The latest escalation of a record: from when the age counted, and when the record was last changed behind it."""

    since: datetime
    touched_at: datetime


@frozen(kw_only=True)
class Level:
    """A level and the age at which it is reached."""

    id: int
    after: timedelta


def age_since(age_from: AgeFrom, facts: Facts, last: Last | None) -> datetime | None:
    """Return from when the age of a record counts; None if it counts no more.

    What an escalation itself has done to the record is no change: as long as nobody else has touched it since, the age
    goes on as it was.
    """
    if age_from == "created":
        return facts.created_at
    if last is not None and last.touched_at == facts.updated_at:
        return last.since
    if age_from == "changed":
        return facts.updated_at
    return facts.created_at if facts.updated_at == facts.created_at else None


def reached(levels: Iterable[Level], done: Collection[int], age: timedelta) -> list[Level]:
    """Return the levels that a record has reached by its age and that were not done yet, the lowest first."""
    due = [each for each in levels if each.after <= age and each.id not in done]
    return sorted(due, key=lambda each: each.after)
