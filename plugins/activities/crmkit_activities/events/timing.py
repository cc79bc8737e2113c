"""The times of an event as its fields say them, and as a recurrence."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from crmkit.core.declare.conventions import Conventions
from crmkit.core.declare.kinds import DurationKind
from crmkit.core.declare.kinds.times import zone
from crmkit.errors import InvalidValue
from crmkit.translation import _
from crmkit_activities.events.expansion import EARLIEST, LATEST
from crmkit_activities.events.recurrence import Extra, Recurrence
from crmkit_activities.events.rules import parse_rule

if TYPE_CHECKING:
    from collections.abc import Iterable

    from crmkit import Record
    from crmkit_activities.events.rules import Rule

DAY = timedelta(days=1)
MOST_RULES, MOST_DATES = 5, 1_000


def read_wall(text: str) -> datetime:
    """Return the time on the clock that a text such as `2026-03-29T02:30` says; a day is its midnight.

    Raises:
        InvalidValue: if it says none, or one that is too far away.
    """
    try:
        found = datetime.fromisoformat(text.strip())
    except ValueError:
        raise InvalidValue(_("{text!r} is no time on the clock; write it like 2026-03-29T02:30.", text=text)) from None
    if found.tzinfo is not None or found.microsecond or not EARLIEST < found.year < LATEST:
        raise InvalidValue(_("{text!r} is no time on the clock; write it like 2026-03-29T02:30.", text=text))
    return found


def write_wall(wall: datetime, *, all_day: bool) -> str:
    """Return a time on the clock as a text: `2026-03-29T02:30:00`, or the day."""
    return wall.date().isoformat() if all_day else wall.isoformat()


def lines(text: object) -> list[str]:
    """Return the lines of a text that say something."""
    return [each.strip() for each in str(text or "").splitlines() if each.strip()]


def read_rules(text: object) -> tuple[Rule, ...]:
    """Return the rules of a text, a line each.

    Raises:
        InvalidValue: if one is none, or there are too many.
    """
    found = lines(text)
    if len(found) > MOST_RULES:
        raise InvalidValue(_("An event has at most {most} rules.", most=MOST_RULES))
    return tuple(map(parse_rule, found))


def read_extra(text: str) -> Extra:
    """Return an added time, with a length of its own behind a slash.

    Raises:
        InvalidValue: if it is none.
    """
    wall, slash, length = text.partition("/")
    lasts = DurationKind().parse(length, Conventions()) if slash else None
    return Extra(wall=read_wall(wall), length=lasts)


def write_extra(extra: Extra, *, all_day: bool) -> str:
    """Return an added time as a text."""
    wall = write_wall(extra.wall, all_day=all_day)
    return wall if extra.length is None else f"{wall}/{DurationKind().to_text(extra.length)}"


def read_extras(text: object) -> tuple[Extra, ...]:
    """Return the added times of a text, a line each, in order.

    Raises:
        InvalidValue: if one is none, or there are too many.
    """
    return tuple(sorted(map(read_extra, few_lines(text)), key=lambda each: each.wall))


def read_exceptions(text: object) -> frozenset[datetime]:
    """Return the excepted times of a text, a line each.

    Raises:
        InvalidValue: if one is none, or there are too many.
    """
    return frozenset(map(read_wall, few_lines(text)))


def few_lines(text: object) -> list[str]:
    """Return the lines of a text of dates.

    Raises:
        InvalidValue: if there are too many.
    """
    found = lines(text)
    if len(found) > MOST_DATES:
        raise InvalidValue(_("An event has at most {most} dates here.", most=MOST_DATES))
    return found


def recurrence_of(event: Record, home: str, exceptions: Iterable[datetime] = ()) -> Recurrence:
    """Return when an event takes place, as its record says it, but for further exceptions."""
    assert isinstance(event.length, timedelta)
    return Recurrence(
        start=read_wall(str(event.wall_start)),
        length=event.length,
        zone=zone(str(event.time_zone or home)),
        all_day=bool(event.all_day),
        rules=read_rules(event.recurrence),
        extras=read_extras(event.extra_dates),
        exceptions=read_exceptions(event.except_dates).union(exceptions),
    )
