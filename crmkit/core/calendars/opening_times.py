"""Opening times as people write them: `Mo-Fr 09:00-12:00,13:00-17:00; Sa 10:00-14:00`, the form of OpenStreetMap.

What is read of it: days of the week (two letters or more, in English), ranges and lists of them, times, `off` and
`24/7`. Source: https://wiki.openstreetmap.org/wiki/Key:opening_hours
"""

from __future__ import annotations

import re
from itertools import groupby
from typing import TYPE_CHECKING

from attrs import frozen

from crmkit.errors import InvalidValue
from crmkit.translation import _

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

DAYS = ("Mo", "Tu", "We", "Th", "Fr", "Sa", "Su")
NAMES = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
ALWAYS, CLOSED = "24/7", "off"
HOUR, DAY = 60, 24 * 60
DAY_RULE = re.compile(r"(?P<days>[A-Za-z][A-Za-z ,-]*?)\s+(?P<times>off|[\d:,\s-]+)\Z", re.IGNORECASE)
TIMES = re.compile(r"(\d{1,2}):([0-5]\d)\s*-\s*(\d{1,2}):([0-5]\d)\Z")
MOST_SPANS = 24


@frozen(order=True)
class Span:
    """An opening of a day, in minutes of the wall clock since that day's midnight.

    `end` is beyond a day's 1440 minutes if it is open across midnight; no span is longer than a day.
    """

    start: int
    end: int

    def __attrs_post_init__(self) -> None:
        if not 0 <= self.start < DAY or not self.start < self.end <= self.start + DAY:
            raise InvalidValue(_("{span} is no opening of a day.", span=str(self)))

    def __str__(self) -> str:
        end = self.end if self.end <= DAY else self.end - DAY
        return f"{self.start // HOUR:02}:{self.start % HOUR:02}-{end // HOUR:02}:{end % HOUR:02}"


Spans = tuple[Span, ...]
Week = tuple[Spans, Spans, Spans, Spans, Spans, Spans, Spans]
"""The spans that begin on each day, Monday first."""


def read_week(text: str) -> Week:
    """Return the opening times of a week; what is said later of a day takes the place of what was said before.

    Raises:
        InvalidValue: if the text has another form, or says that it is never open.
    """
    if text.strip() == ALWAYS:
        return ((Span(0, DAY),),) * 7
    days: list[Spans] = [()] * 7
    for rule in filter(None, map(str.strip, text.split(";"))):
        found = DAY_RULE.match(rule)
        if not found:
            raise InvalidValue(_("{text!r} are no opening times; write them like {form}.", text=rule, form=FORM))
        spans = read_day(found["times"])
        for day in read_days(found["days"]):
            days[day] = spans
    if not any(days):
        raise InvalidValue(_("It must be open at some time; write it like {form}.", form=FORM))
    return tuple(days)  # type: ignore[return-value]


FORM = "Mo-Fr 09:00-12:00,13:00-17:00; Sa 10:00-14:00"


def read_day(text: str) -> Spans:
    """Return the spans of a day, such as `09:00-12:00,13:00-17:00`; none of `off`.

    Raises:
        InvalidValue: if the text has another form.
    """
    if text.strip().lower() == CLOSED:
        return ()
    parts = text.split(",")
    if len(parts) > MOST_SPANS:
        raise InvalidValue(_("A day has at most {most} openings.", most=MOST_SPANS))
    return tuple(sorted({read_span(each.strip()) for each in parts}))


def read_span(text: str) -> Span:
    """Return a span; one that ends before it begins goes on behind midnight."""
    found = TIMES.match(text)
    if not found:
        raise InvalidValue(_("{text!r} is no opening of a day; write it like 09:00-17:00, or off.", text=text))
    hours, minutes, end_hours, end_minutes = map(int, found.groups())
    start, end = hours * HOUR + minutes, end_hours * HOUR + end_minutes
    if start >= DAY or end > DAY or start == end:
        raise InvalidValue(_("{text!r} is no opening of a day; a whole day is 00:00-24:00.", text=text))
    return Span(start, end if end > start else end + DAY)


def read_days(text: str) -> Iterator[int]:
    """Yield the days of a list of days and ranges, 0 for Monday."""
    for part in text.split(","):
        first, dash, last = (each.strip().lower() for each in part.partition("-"))
        start = read_weekday(first)
        end = read_weekday(last) if dash else start
        yield from (day % len(DAYS) for day in range(start, (end if end >= start else end + len(DAYS)) + 1))


def read_weekday(name: str) -> int:
    """Return the number of a day by the beginning of its name."""
    for number, known in enumerate(NAMES):
        if len(name) > 1 and known.startswith(name):
            return number
    raise InvalidValue(_("{name!r} is no day of the week; write Mo, Tu, We, Th, Fr, Sa or Su.", name=name))


def week_text(week: Week) -> str:
    """Return the canonical form of a week's opening times."""
    if all(spans == (Span(0, DAY),) for spans in week):
        return ALWAYS
    rules = []
    for spans, group in groupby(range(len(DAYS)), key=lambda day: week[day]):
        days = [DAYS[day] for day in group]
        if spans:
            rules.append(f"{days[0] if len(days) == 1 else f'{days[0]}-{days[-1]}'} {day_text(spans)}")
    return "; ".join(rules)


def day_text(spans: Iterable[Span]) -> str:
    """Return the canonical form of a day's openings."""
    return ",".join(map(str, spans)) or CLOSED
