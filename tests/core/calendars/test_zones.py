"""Business hours equal a minute-by-minute oracle, in every zone around its changes of the clock.

With CRMKIT_SLOW=1: every IANA zone, all changes of its clock from 2020 to 2040, in stretches of three days around each
(of changes that are alike but for their year, the first and the last), and a random week of each. Else the zones with
particular clocks, around their changes in two years.
"""

from __future__ import annotations

import os
import random
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo, available_timezones

import pytest

from crmkit import BusinessHours
from tests.core.calendars.oracle import MINUTE, open_minutes

if TYPE_CHECKING:
    from collections.abc import Iterator

SLOW = bool(os.environ.get("CRMKIT_SLOW"))
TELLING = ("Europe/Berlin", "Australia/Lord_Howe", "Asia/Kathmandu", "Africa/Casablanca", "America/Nuuk", "Asia/Gaza")
EVERY = sorted(name for name in available_timezones() if name not in {"localtime", "posixrules", "Factory"})
YEARS = (2020, 2041) if SLOW else (2023, 2025)
HOUR = timedelta(hours=1)
HOURS = {
    "24/7": {day: [(0, 1440)] for day in range(7)},
    "Mo-Fr 09:00-12:00,13:00-17:30; Sa-Su 01:30-02:30,02:45-03:15": {
        **{day: [(540, 720), (780, 1050)] for day in range(5)},
        **{day: [(90, 150), (165, 195)] for day in (5, 6)},
    },
    "Mo-Su 21:30-02:15": {day: [(1290, 1575)] for day in range(7)},
}


def changes(zone: ZoneInfo) -> Iterator[datetime]:
    """Yield the hours (UTC) in which a zone's clock is changed."""
    moment, end = datetime(YEARS[0], 1, 1, tzinfo=UTC), datetime(YEARS[1], 1, 1, tzinfo=UTC)
    offset = moment.astimezone(zone).utcoffset()
    while moment < end:
        step = 24 * HOUR
        if (moment + step).astimezone(zone).utcoffset() != offset:
            while (moment + HOUR).astimezone(zone).utcoffset() == offset:
                moment += HOUR
            yield moment
            offset = (moment + HOUR).astimezone(zone).utcoffset()
            step = HOUR
        moment += step


def stretches(name: str) -> list[tuple[datetime, datetime]]:
    """Return what is looked at of a zone: around its changes, and a random week."""
    zone, found = ZoneInfo(name), {}
    for moment in changes(zone):
        local = moment.astimezone(zone)
        found[local.month, local.hour, local.utcoffset(), moment.year // 10] = moment
    chance = random.Random(name)  # noqa: S311  (a choice of days)
    week = datetime(YEARS[0], 1, 1, tzinfo=UTC) + timedelta(days=chance.randrange(365 * (YEARS[1] - YEARS[0]) - 10))
    around = timedelta(hours=36)
    return [*((each - around, each + around) for each in found.values()), (week, week + timedelta(days=3))]


@pytest.mark.proof
@pytest.mark.parametrize("name", EVERY if SLOW else TELLING)
def test_hours_equal_a_walk_through_the_minutes(name: str) -> None:
    """Open or not, how long, and until when: in each zone all follow from what its wall clock shows."""
    for number, (start, end) in enumerate(stretches(name)):
        text, week = list(HOURS.items())[number % len(HOURS)]
        closed: date = (start + timedelta(hours=50)).date()
        hours = BusinessHours.read(name, text, {closed: "off"})
        walked = open_minutes(ZoneInfo(name), week, {closed: []}, start, end)
        openings = hours.openings(start, end)
        said = [any(a <= start + at * MINUTE < b for a, b in openings) for at in range(len(walked))]
        assert said == walked, (start, text)
        assert hours.between(start, end) == sum(walked) * MINUTE
        for at in range(0, len(walked), 97):
            moment = start + at * MINUTE
            assert hours.is_open(moment) == walked[at]
            rest = sum(walked[at:])
            if rest:
                last = max(place for place, is_open in enumerate(walked) if is_open)
                assert hours.add(moment, rest * MINUTE) == start + (last + 1) * MINUTE
            assert hours.between(moment, end) == rest * MINUTE
