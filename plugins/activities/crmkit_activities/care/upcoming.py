"""Upcoming: the records whose date is celebrated soon, in the order of the days."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from attrs import frozen

from crmkit_activities.care.anniversaries import filter_for, within
from crmkit_activities.care.dates import leap_day_of

if TYPE_CHECKING:
    from crmkit import Record, Ref, Session


@frozen(kw_only=True)
class Upcoming:
    """A record whose date is celebrated soon.

    Attributes:
        day: the day on which it is.
        years: how many years it is then: a person's age.
    """

    record: Record
    day: date
    years: int


def upcoming(
    session: Session,
    entity: type[Record],
    field: str,
    *,
    days: int = 7,
    start: date | None = None,
    owner: Record | Ref[object] | int | None = None,
    owned_by: str = "owner",
    where: str = "",
) -> list[Upcoming]:
    """Return the records whose date in a field is celebrated within so many days, from today on or from another day.

    In one statement, whatever year end lies between. With `owner`, those only that belong to this user; `where` is a
    further filter.

    Raises:
        FilterError: if there is no such field, or the actor doesn't see it.
    """
    first, leap_day = start or session.today, leap_day_of(session)
    tests = [filter_for(field, first, days, leap_day), *([f"({where})"] if where else [])]
    given = {}
    if owner is not None:
        tests.append(f"{owned_by} == given.owner")
        given["owner"] = owner
    found = []
    for record in session.find(entity, " and ".join(tests), given=given):
        value = getattr(record, field)
        each = within(value, first, days, leap_day) if isinstance(value, date) else None
        if each is not None:
            found.append(Upcoming(record=record, day=each.day, years=each.years))
    return sorted(found, key=lambda each: (each.day, each.record.id))
