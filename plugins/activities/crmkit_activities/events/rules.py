"""Rules by which an event recurs: RFC 5545's RRULE, as far as calendars use it, read strictly.

Left out are rules of minutes and seconds, which no calendar is for, and calendars beside the Gregorian (RFC 7529).
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time
from typing import TYPE_CHECKING, Literal, cast, get_args

from attrs import field, frozen

from crmkit.errors import InvalidValue
from crmkit.translation import _

if TYPE_CHECKING:
    from collections.abc import Callable
    from zoneinfo import ZoneInfo

Frequency = Literal["YEARLY", "MONTHLY", "WEEKLY", "DAILY", "HOURLY"]
FREQUENCIES: tuple[Frequency, ...] = get_args(Frequency)
WEEKDAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
DAY = re.compile(r"([+-]?\d{1,2})?(MO|TU|WE|TH|FR|SA|SU)\Z")
NUMBER = re.compile(r"[+-]?\d{1,5}\Z")
MOST_OCCURRENCES, LONGEST_INTERVAL, LONGEST_TEXT, MOST_VALUES = 10_000, 10_000, 1_000, 400
LISTS = {
    "BYMONTH": (1, 12, False),
    "BYWEEKNO": (1, 53, True),
    "BYYEARDAY": (1, 366, True),
    "BYMONTHDAY": (1, 31, True),
    "BYHOUR": (0, 23, False),
    "BYMINUTE": (0, 59, False),
    "BYSECOND": (0, 59, False),
    "BYSETPOS": (1, 366, True),
}
"""The parts that are lists of numbers: the lowest, the highest, and whether they may count from the end."""
UNFIT = {
    "BYWEEKNO": ("MONTHLY", "WEEKLY", "DAILY", "HOURLY"),
    "BYYEARDAY": ("MONTHLY", "WEEKLY", "DAILY"),
    "BYMONTHDAY": ("WEEKLY",),
}
"""The frequencies with which a part may not be used (RFC 5545, 3.3.10)."""


@frozen(kw_only=True)
class Rule:
    """A rule: `FREQ=MONTHLY;BYDAY=-1FR` as values.

    Attributes:
        until: the last moment (UTC), the last time on the clock (without zone), or the last day; None if endless.
        weekdays: pairs of an ordinal, 0 for every one, and a day, 0 for Monday.
        numbers: the other lists, by their names in RFC 5545, without those that are empty.
        week_start: the day with which weeks begin, 0 for Monday.
    """

    frequency: Frequency
    interval: int = 1
    count: int | None = None
    until: date | datetime | None = None
    weekdays: tuple[tuple[int, int], ...] = ()
    numbers: dict[str, tuple[int, ...]] = field(factory=dict)
    week_start: int = 0

    @property
    def is_endless(self) -> bool:
        """Whether it goes on for ever."""
        return self.count is None and self.until is None

    def __str__(self) -> str:
        parts = [f"FREQ={self.frequency}"]
        if self.interval != 1:
            parts.append(f"INTERVAL={self.interval}")
        if self.count is not None:
            parts.append(f"COUNT={self.count}")
        if self.until is not None:
            parts.append(f"UNTIL={written(self.until)}")
        parts += [f"{name}={','.join(map(str, values))}" for name, values in self.numbers.items()]
        if self.weekdays:
            parts.append("BYDAY=" + ",".join(f"{nth or ''}{WEEKDAYS[day]}" for nth, day in self.weekdays))
        if self.week_start:
            parts.append(f"WKST={WEEKDAYS[self.week_start]}")
        return ";".join(parts)


def written(until: date | datetime) -> str:
    """Return a day or moment as RFC 5545 writes it."""
    if not isinstance(until, datetime):
        return until.strftime("%Y%m%d")
    return until.strftime("%Y%m%dT%H%M%S") + ("Z" if until.tzinfo else "")


def parse_rule(text: str) -> Rule:
    """Return the rule that a text says, such as `FREQ=WEEKLY;BYDAY=MO,WE;UNTIL=20261231`.

    Raises:
        InvalidValue: if it is none, or none that an event may have; it says what is wrong.
    """
    if len(text) > LONGEST_TEXT:
        raise InvalidValue(_("The rule is longer than {longest} characters.", longest=LONGEST_TEXT))
    parts: dict[str, str] = {}
    for each in text.strip().upper().removeprefix("RRULE:").strip(";").split(";"):
        name, equals, value = each.partition("=")
        if not equals or name in parts:
            raise InvalidValue(_("{part!r} is no part of a rule such as FREQ=WEEKLY;BYDAY=MO.", part=each))
        parts[name] = value
    found = {name: READERS[name](name, value) for name, value in parts.items() if name in READERS}
    unknown = [name for name in parts if name not in READERS and name not in LISTS]
    if unknown:
        raise InvalidValue(_("A rule has no {part}.", part=unknown[0]))
    if "FREQ" not in found:
        raise InvalidValue(_("A rule begins with how often, such as FREQ=WEEKLY."))
    return checked(
        Rule(
            frequency=cast("Frequency", found["FREQ"]),
            interval=cast("int", found.get("INTERVAL", 1)),
            count=cast("int | None", found.get("COUNT")),
            until=cast("date | None", found.get("UNTIL")),
            weekdays=cast("tuple[tuple[int, int], ...]", found.get("BYDAY", ())),
            numbers={name: read_numbers(name, parts[name]) for name in LISTS if name in parts},
            week_start=cast("int", found.get("WKST", 0)),
        )
    )


def checked(rule: Rule) -> Rule:
    """Return a rule whose parts go together.

    Raises:
        InvalidValue: if they don't.
    """
    if rule.count is not None and rule.until is not None:
        raise InvalidValue(_("A rule ends by COUNT or by UNTIL, not by both."))
    for name, frequencies in UNFIT.items():
        if name in rule.numbers and rule.frequency in frequencies:
            raise InvalidValue(_("{part} does not go with FREQ={often}.", part=name, often=rule.frequency))
    counted = any(nth for nth, _day in rule.weekdays)
    if counted and (rule.frequency not in {"YEARLY", "MONTHLY"} or "BYWEEKNO" in rule.numbers):
        raise InvalidValue(_("Counted weekdays such as 2MO go with months and years only."))
    others = rule.weekdays or rule.numbers.keys() - {"BYSETPOS"}
    if "BYSETPOS" in rule.numbers and (not others or rule.frequency == "HOURLY"):
        raise InvalidValue(_("BYSETPOS chooses among the days that other parts of a rule name."))
    return rule


def read_frequency(_name: str, value: str) -> str:
    """Return how often."""
    if value in FREQUENCIES:
        return value
    text = _("An event can't recur {often!r}; it may be: {names}.", often=value, names=", ".join(FREQUENCIES))
    raise InvalidValue(text)


def read_number(name: str, value: str) -> int:
    """Return a number of times or periods."""
    most = MOST_OCCURRENCES if name == "COUNT" else LONGEST_INTERVAL
    if not NUMBER.match(value) or not 1 <= int(value) <= most:
        raise InvalidValue(_("{part} is a number from 1 to {most}.", part=name, most=most))
    return int(value)


def read_numbers(name: str, value: str) -> tuple[int, ...]:
    """Return a list of numbers, in order, each once."""
    low, high, is_signed = LISTS[name]
    given = value.split(",")
    for each in given:
        number = int(each) if NUMBER.match(each) else None
        if number is None or not low <= (abs(number) if is_signed else number) <= high or len(given) > MOST_VALUES:
            text = _(
                "{part} takes numbers from {low} to {high}, not {value!r}.", part=name, low=low, high=high, value=each
            )
            raise InvalidValue(text)
    return tuple(sorted({int(each) for each in given}))


def read_weekdays(_name: str, value: str) -> tuple[tuple[int, int], ...]:
    """Return weekdays with their ordinals."""
    found = []
    for each in value.split(","):
        match = DAY.match(each)
        nth = int(match[1] or 0) if match else 0
        if match is None or abs(nth) > 53 or (match[1] and not nth):  # noqa: PLR2004  (weeks of a year)
            raise InvalidValue(_("{value!r} is no weekday; write MO, or 2MO, or -1FR.", value=each))
        found.append((nth, WEEKDAYS.index(match[2])))
    return tuple(dict.fromkeys(found))


def read_week_start(_name: str, value: str) -> int:
    """Return the first day of the week."""
    if value not in WEEKDAYS:
        raise InvalidValue(_("{value!r} is no weekday; write MO.", value=value))
    return WEEKDAYS.index(value)


def read_until(_name: str, value: str) -> date | datetime:
    """Return the last day or moment."""
    for form in ("%Y%m%dT%H%M%SZ", "%Y%m%dT%H%M%S", "%Y%m%d", "%Y-%m-%d"):
        try:
            found = datetime.strptime(value, form)  # noqa: DTZ007  (a time on the clock has no zone)
        except ValueError:
            continue
        if "T" not in form:
            return found.date()
        return found.replace(tzinfo=UTC) if form.endswith("Z") else found
    raise InvalidValue(_("UNTIL is a day or moment such as 20261231 or 20261231T090000Z, not {value!r}.", value=value))


READERS: dict[str, Callable[[str, str], object]] = {
    "FREQ": read_frequency,
    "INTERVAL": read_number,
    "COUNT": read_number,
    "UNTIL": read_until,
    "BYDAY": read_weekdays,
    "WKST": read_week_start,
}


def until_wall(rule: Rule, zone: ZoneInfo) -> datetime | None:
    """Return the last time on the clocks of a zone that a rule's `until` lets through; None if it has none.

    Where the clocks show that time for the second time, it is as much later as they were put back: times before that
    are among those that they showed before.
    """
    until = rule.until
    if not isinstance(until, datetime):
        return None if until is None else datetime.combine(until, time.max)
    if until.tzinfo is None:
        return until
    shown = until.astimezone(zone)
    put_back = shown.replace(fold=0).astimezone(UTC)
    return shown.replace(tzinfo=None, fold=0) + (until - put_back)
