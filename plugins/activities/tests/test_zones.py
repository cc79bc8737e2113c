from __future__ import annotations

import os
from bisect import bisect
from datetime import UTC, date, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

import pytest

from crmkit.core.calendars.wall_clock import moment_of, wall_of
from crmkit_activities.events.recurrence import Recurrence
from crmkit_activities.events.rules import parse_rule
from crmkit_activities.events.spans import Span

pytestmark = [pytest.mark.row("C1"), pytest.mark.proof]
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
IS_SLOW = bool(os.environ.get("CRMKIT_SLOW"))
FIRST, AFTER = (date(2020, 1, 1), date(2041, 1, 1)) if IS_SLOW else (date(2026, 1, 1), date(2028, 1, 1))
TELLING = (
    "Africa/Casablanca",
    "America/New_York",
    "America/Nuuk",
    "America/Sao_Paulo",
    "Asia/Kathmandu",
    "Asia/Tehran",
    "Australia/Lord_Howe",
    "Europe/Berlin",
    "Europe/Dublin",
    "Pacific/Apia",
    "Pacific/Chatham",
    "UTC",
)
"""Zones of every sort: half hours, quarters, changes at midnight, put back in winter, changes given up, and none."""
EVERY = sorted(available_timezones()) if IS_SLOW else TELLING
NOON, NIGHT, LATE = (12, 0), (2, 30), (0, 15)


Offsets = tuple[tuple[datetime, timedelta], ...]


@cache
def hours() -> list[tuple[datetime, datetime]]:
    """Return every hour of the years that are looked at, and a little around them, with and without UTC."""
    first = datetime(FIRST.year, 1, 1, tzinfo=UTC) - timedelta(days=2)
    last = datetime(AFTER.year, 1, 3, tzinfo=UTC)
    listed = [first + each * HOUR for each in range((last - first) // HOUR + 1)]
    return [(each, each.replace(tzinfo=None)) for each in listed]


def offsets(name: str) -> Offsets:
    """Return since when which offset counts in a zone, found by asking what its clocks show every hour, then minute.

    Only moments are asked what the clock shows, never the other way round.
    """
    zone = ZoneInfo(name)
    found: list[tuple[datetime, timedelta]] = []
    for moment, plain in hours():
        offset = moment.astimezone(zone).replace(tzinfo=None) - plain
        if not found:
            found.append((moment, offset))
        elif offset != found[-1][1]:
            minutes = (moment - HOUR + each * MINUTE for each in range(1, 61))
            found.append((next(each for each in minutes if shown(each, zone) != found[-1][1]), offset))
    return tuple(found)


def shown(moment: datetime, zone: ZoneInfo) -> timedelta:
    """Return how far what the clock of a zone shows at a moment is from UTC."""
    return moment.astimezone(zone).replace(tzinfo=None) - moment.replace(tzinfo=None)


@cache
def by_hand(hour: int, minute: int, known: Offsets) -> list[datetime]:
    """Return for each day the first moment at which the clocks show a time, or else the first at which they are past.

    It follows from the offsets alone, so zones that have the same ones share it.
    """
    start, days = datetime(FIRST.year, 1, 1, hour, minute), (AFTER - FIRST).days
    return [first_moment(start + timedelta(days=each), known) for each in range(days)]


def first_moment(wall: datetime, known: Offsets) -> datetime:
    """Return the first moment at which the clocks show a time, or else the first at which they are past it."""
    early = bisect(known, (wall - timedelta(days=2)).replace(tzinfo=UTC), key=lambda each: each[0])
    for index, (since, offset) in enumerate(known[early - 1 :], early - 1):
        until = known[index + 1][0] if index + 1 < len(known) else datetime.max.replace(tzinfo=UTC)
        moment = (wall - offset).replace(tzinfo=UTC)
        if moment < until:
            return max(moment, since)
    raise AssertionError


@pytest.mark.parametrize("name", EVERY)
def test_what_recurs_daily_equals_an_oracle(name: str) -> None:
    """Each day at noon, at night and just after midnight, 2020 to 2040 (two years in short), is what a search finds."""
    zone, days, known = ZoneInfo(name), (AFTER - FIRST).days, offsets(name)
    until = datetime(AFTER.year, 1, 1, tzinfo=UTC) + timedelta(days=2)
    for hour, minute in (NOON, NIGHT, LATE):
        start = datetime(FIRST.year, 1, 1, hour, minute)
        rule = parse_rule(f"FREQ=DAILY;COUNT={days}")
        found = Recurrence(start=start, length=HOUR, zone=zone, rules=(rule,)).between(
            start.replace(tzinfo=UTC) - HOUR * 48, until
        )
        assert [each.span.start for each in found] == by_hand(hour, minute, known)
        assert all(each.span.end - each.span.start == HOUR for each in found)


@pytest.mark.parametrize(
    ("name", "wall", "moment"),
    [
        ("Europe/Berlin", datetime(2026, 3, 29, 2, 30), datetime(2026, 3, 29, 1, 0)),
        ("Europe/Berlin", datetime(2026, 10, 25, 2, 30), datetime(2026, 10, 25, 0, 30)),
        ("Europe/Berlin", datetime(2026, 3, 29, 3, 0), datetime(2026, 3, 29, 1, 0)),
        ("Europe/Berlin", datetime(2026, 10, 25, 3, 0), datetime(2026, 10, 25, 2, 0)),
        ("Australia/Lord_Howe", datetime(2026, 10, 4, 2, 15), datetime(2026, 10, 3, 15, 30)),
        ("Australia/Lord_Howe", datetime(2026, 4, 5, 1, 45), datetime(2026, 4, 4, 14, 45)),
        ("Pacific/Apia", datetime(2011, 12, 30, 9, 0), datetime(2011, 12, 30, 10, 0)),
        ("Asia/Kathmandu", datetime(2026, 3, 29, 2, 30), datetime(2026, 3, 28, 20, 45)),
    ],
)
def test_a_time_that_clocks_skip_or_show_twice(name: str, wall: datetime, moment: datetime) -> None:
    """02:30 that there isn't is 03:00, and of two it is the first; half hours and missing days are no different."""
    assert moment_of(wall, ZoneInfo(name)) == moment.replace(tzinfo=UTC)


def test_a_meeting_stays_at_nine() -> None:
    """What recurs each week stays at its hour when the clocks change, and lasts as long as ever."""
    weekly = Recurrence(
        start=datetime(2026, 3, 23, 9),
        length=HOUR,
        zone=ZoneInfo("Europe/Berlin"),
        rules=(parse_rule("FREQ=WEEKLY;COUNT=2"),),
    )
    before, after = weekly.between(datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 5, 1, tzinfo=UTC))
    assert [before.span.start.hour, after.span.start.hour] == [8, 7]
    assert after.wall == datetime(2026, 3, 30, 9)


def test_what_falls_into_a_gap_goes_back_to_its_hour() -> None:
    """A daily reminder at 02:30 is at 03:00 on the day without 02:30, and at 02:30 again on the next."""
    berlin = ZoneInfo("Europe/Berlin")
    daily = Recurrence(
        start=datetime(2026, 3, 29, 2, 30), length=timedelta(0), zone=berlin, rules=(parse_rule("FREQ=DAILY;COUNT=2"),)
    )
    found = daily.between(datetime(2026, 3, 28, tzinfo=UTC), datetime(2026, 4, 1, tzinfo=UTC))
    assert [wall_of(each.span.start, berlin).time().isoformat() for each in found] == ["03:00:00", "02:30:00"]


def test_two_times_that_are_one_moment_are_one() -> None:
    """By an hourly rule, 02:00 that there isn't and 03:00 are the same time, and take place once."""
    hourly = Recurrence(
        start=datetime(2026, 3, 29, 1), length=HOUR, zone=ZoneInfo("Europe/Berlin"), rules=(parse_rule("FREQ=HOURLY"),)
    )
    start = datetime(2026, 3, 29, 0, 0, tzinfo=UTC)
    found = hourly.between(start, start + 3 * HOUR)
    assert [each.span.start for each in found] == [start, start + HOUR, start + 2 * HOUR]


@pytest.mark.parametrize("minute", [0, 20, 40, 59])
def test_an_end_within_the_hour_that_comes_twice_is_the_moment(minute: int) -> None:
    """UNTIL as a moment at which clocks show a time for the second time takes in all that they showed before."""
    berlin = ZoneInfo("Europe/Berlin")
    until = datetime(2026, 10, 25, 1, minute, tzinfo=UTC)  # 02:xx, for the second time
    rule = parse_rule(f"FREQ=HOURLY;BYMINUTE=0,30,50;UNTIL={until:%Y%m%dT%H%M%SZ}")
    found = Recurrence(start=datetime(2026, 10, 25, 1), length=MINUTE, zone=berlin, rules=(rule,))
    shown = [each.span.start for each in found.between(until - 6 * HOUR, until + 6 * HOUR)]
    assert shown[-1] == datetime(2026, 10, 25, 0, 50, tzinfo=UTC)


def test_all_day_is_the_day_of_the_zone() -> None:
    """An all-day event lasts from midnight to midnight, also on the day that has 23 hours."""
    day = Recurrence(
        start=datetime(2026, 3, 29), length=timedelta(days=1), zone=ZoneInfo("Europe/Berlin"), all_day=True
    )
    (found,) = day.between(datetime(2026, 3, 29, 12, tzinfo=UTC), datetime(2026, 3, 29, 13, tzinfo=UTC))
    assert found.span == Span(datetime(2026, 3, 28, 23, tzinfo=UTC), datetime(2026, 3, 29, 22, tzinfo=UTC))
