"""The times at which a rule makes an event recur, on the clock of its zone.

dateutil expands rules; three things about it are seen to here. It steps through all time from the beginning of a rule,
so it is begun close to what is asked for. It looks for the next time until the year 9999, so it is begun so late that
this is near: after 400 years the Gregorian calendar repeats itself, weekdays included. And it takes the week in which a
rule begins for a short one, so it is begun with a whole period. What comes before the beginning is left out again.
"""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta
from itertools import islice, takewhile
from typing import TYPE_CHECKING

from dateutil import rrule

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from crmkit_activities.events.rules import Rule

CYCLE = 400
FOLLOWED_YEARS = 100
"""So many years, at least, are looked through for the next time."""
LATEST_BEGINNING = 9_999 - FOLLOWED_YEARS
FREQUENCIES = {
    "YEARLY": rrule.YEARLY,
    "MONTHLY": rrule.MONTHLY,
    "WEEKLY": rrule.WEEKLY,
    "DAILY": rrule.DAILY,
    "HOURLY": rrule.HOURLY,
}
STEPS = {"WEEKLY": timedelta(weeks=1), "DAILY": timedelta(days=1), "HOURLY": timedelta(hours=1)}
DAYS = ("BYMONTHDAY", "BYYEARDAY", "BYWEEKNO")
EARLIEST, LATEST = 1600, 9_000
"""The years in which an event may begin."""


def walls(rule: Rule, start: datetime, since: datetime, last: datetime | None = None) -> Iterator[datetime]:
    """Yield the times on the clock of a rule that began at `start`, from `since` to `last`, in order.

    The beginning is the first of them, also if the rule would leave it out, and counts for its `COUNT`.
    """
    if rule.count is None:
        found = raw(rule, start, since)
        if since <= start:
            found = with_first(start, found)
    else:
        found = (each for each in islice(with_first(start, raw(rule, start, start)), rule.count) if each >= since)
    yield from found if last is None else takewhile(lambda each: each <= last, found)


def with_first(start: datetime, found: Iterator[datetime]) -> Iterator[datetime]:
    """Yield the beginning, and what follows."""
    yield start
    yield from (each for each in found if each > start)


def raw(rule: Rule, start: datetime, since: datetime) -> Iterator[datetime]:
    """Yield what the rule gives from `since` on, and not before `start`."""
    begin = beginning(rule, start, since)
    shift = (LATEST_BEGINNING - begin.year) // CYCLE * CYCLE
    with suppress(ValueError, OverflowError):  # what gives nothing, and what is past the year 9999
        for each in as_dateutil(rule, start, begin.replace(year=begin.year + shift)):
            back = each.replace(year=each.year - shift)
            if back >= start and back >= since:
                yield back


def beginning(rule: Rule, start: datetime, since: datetime) -> datetime:
    """Return the beginning of a period of the rule that is early enough, and not much earlier."""
    step = STEPS.get(rule.frequency)
    if step is None:
        return start.replace(day=1)
    begin = start
    if rule.frequency == "WEEKLY":
        begin -= timedelta(days=(start.weekday() - rule.week_start) % 7)
    stride = step * rule.interval
    return begin + stride * max((since - begin) // stride - 1, 0)


def as_dateutil(rule: Rule, start: datetime, begin: datetime) -> rrule.rrule:
    """Return dateutil's rule, with what follows from the beginning said by name.

    Raises:
        ValueError: if it knows at once that the rule gives nothing, as with hours that are never come to.
    """
    numbers = {name.lower(): values for name, values in rule.numbers.items()}
    weekdays = [rrule.weekday(day, nth or None) for nth, day in rule.weekdays]
    numbers.setdefault("byminute", (start.minute,))
    numbers.setdefault("bysecond", (start.second,))
    if rule.frequency != "HOURLY":
        numbers.setdefault("byhour", (start.hour,))
    names_days = weekdays or any(name in rule.numbers for name in DAYS)
    if not weekdays and (rule.frequency == "WEEKLY" or "BYWEEKNO" in rule.numbers):
        weekdays = [rrule.weekday(start.weekday())]
    if rule.frequency in {"YEARLY", "MONTHLY"} and not names_days:
        numbers["bymonthday"] = (start.day,)
        if rule.frequency == "YEARLY":
            numbers.setdefault("bymonth", (start.month,))
    return rrule.rrule(
        FREQUENCIES[rule.frequency],
        dtstart=begin,
        interval=rule.interval,
        wkst=rule.week_start,
        byweekday=weekdays or None,
        **numbers,
    )
