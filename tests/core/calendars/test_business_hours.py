"""Business hours: openings by the wall clock, time that passes by the elapsed."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crmkit import BusinessHours
from crmkit.core.calendars.opening_times import read_day, read_week, week_text
from crmkit.errors import InvalidValue

BERLIN = ZoneInfo("Europe/Berlin")
OFFICE = BusinessHours.read("Europe/Berlin", "Mo-Fr 09:00-17:00")
ZONES = ("Europe/Berlin", "Australia/Lord_Howe", "Asia/Kathmandu", "America/St_Johns", "Africa/Casablanca", "UTC")
HOURS = (
    "24/7",
    "Mo-Fr 09:00-17:00",
    "Mo-Fr 09:00-12:00,13:00-17:30; Sa 10:00-14:00",
    "Mo-Su 22:00-06:00",
    "Su 01:30-03:15; Fr 18:00-24:00",
)
hours = st.builds(
    BusinessHours.read,
    st.sampled_from(ZONES),
    st.sampled_from(HOURS),
    st.dictionaries(
        st.dates(date(2024, 1, 1), date(2027, 12, 31)), st.sampled_from(("off", "10:00-11:00")), max_size=5
    ),
)
moments = st.datetimes(datetime(2024, 1, 1), datetime(2027, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001
durations = st.timedeltas(timedelta(0), timedelta(days=60))


def berlin(*parts: int) -> datetime:
    """Return a moment by Berlin's clock."""
    return datetime(*parts, tzinfo=BERLIN)  # type: ignore[misc, arg-type]


def test_four_hours_over_the_weekend_on_which_clocks_are_put_forward() -> None:
    """Opened on Friday 2026-03-27 at 16:30 in Berlin, four business hours are up on Monday at 12:30 (10:30 UTC)."""
    due = OFFICE.add(berlin(2026, 3, 27, 16, 30), timedelta(hours=4))
    assert due == datetime(2026, 3, 30, 10, 30, tzinfo=UTC)
    assert due.tzinfo is UTC
    assert due.astimezone(BERLIN).hour == 12


@pytest.mark.parametrize(("start", "due"), [((2026, 3, 28), (2026, 3, 29, 13)), ((2026, 10, 24), (2026, 10, 25, 11))])
def test_a_day_around_the_clock_is_24_elapsed_hours(start: tuple[int, ...], due: tuple[int, ...]) -> None:
    """24 hours from noon before clocks are changed end at 13:00 in spring and at 11:00 in autumn."""
    found = BusinessHours.read("Europe/Berlin", "24/7").add(berlin(*start, 12), timedelta(hours=24))
    assert found == berlin(*due)
    assert found.astimezone(BERLIN).hour == due[3]
    assert found == berlin(*start, 12).astimezone(UTC) + timedelta(hours=24)


def test_an_opening_ends_where_the_next_thing_is_due() -> None:
    """What is up when it closes is due then, not when it opens again; what starts while it is closed waits."""
    assert OFFICE.add(berlin(2026, 3, 2, 9), timedelta(hours=8)) == berlin(2026, 3, 2, 17)
    assert OFFICE.add(berlin(2026, 3, 1, 3), timedelta(hours=1)) == berlin(2026, 3, 2, 10)
    assert OFFICE.add(berlin(2026, 3, 1, 3), timedelta(0)) == berlin(2026, 3, 1, 3)
    assert OFFICE.is_open(berlin(2026, 3, 2, 9))
    assert not OFFICE.is_open(berlin(2026, 3, 2, 17))
    assert not OFFICE.is_open(berlin(2026, 3, 1, 12))


def test_holidays_and_working_saturdays_take_the_place_of_their_weekday() -> None:
    """A closed day doesn't count; one with hours of its own counts by those."""
    found = BusinessHours.read(
        "Asia/Shanghai", "Mo-Fr 09:00-18:00", {date(2026, 10, 1): "off", date(2026, 10, 10): "09:00-12:00"}
    )
    zone = ZoneInfo("Asia/Shanghai")
    start, end = datetime(2026, 9, 30, 17, tzinfo=zone), datetime(2026, 10, 2, 10, tzinfo=zone)
    assert found.between(start, end) == timedelta(hours=2)
    saturday = datetime(2026, 10, 10, tzinfo=zone)
    assert found.openings(saturday, saturday + timedelta(days=1)) == [
        (saturday + timedelta(hours=9), saturday + timedelta(hours=12))
    ]


def test_night_shifts_belong_to_the_day_on_which_they_begin() -> None:
    """A span may cross midnight; it is worked, or not, as the day says on which it begins."""
    night = BusinessHours.read("UTC", "Fr 22:00-06:00", {date(2026, 3, 13): "off"})
    assert night.is_open(datetime(2026, 3, 7, 5, 59, tzinfo=UTC))
    assert not night.is_open(datetime(2026, 3, 14, 5, tzinfo=UTC))
    assert night.between(datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 4, 1, tzinfo=UTC)) == timedelta(hours=24)


def test_a_skipped_day_has_no_hours_and_an_hour_that_comes_twice_has_two() -> None:
    """Apia had no 30 December 2011; Berlin's hour from 2 to 3 comes twice in autumn, and not at all in spring."""
    apia = BusinessHours.read("Pacific/Apia", "Fr 09:00-17:00")
    around = datetime(2011, 12, 29, tzinfo=UTC), datetime(2012, 1, 2, tzinfo=UTC)
    assert apia.between(*around) == timedelta(0)
    night = BusinessHours.read("Europe/Berlin", "Mo-Su 02:00-03:00")
    assert night.between(berlin(2026, 3, 29), berlin(2026, 3, 30)) == timedelta(0)
    assert night.between(berlin(2026, 10, 25), berlin(2026, 10, 26)) == timedelta(hours=2)
    skipped = BusinessHours.read("Europe/Berlin", "Su 02:30-03:30")
    assert skipped.openings(berlin(2026, 3, 29), berlin(2026, 3, 30)) == [
        (berlin(2026, 3, 29, 3), berlin(2026, 3, 29, 3, 30))
    ]


@given(hours, moments, durations)
@settings(max_examples=30, deadline=None)
def test_what_is_added_is_between(found: BusinessHours, start: datetime, duration: timedelta) -> None:
    """Between a moment and the one that is a duration later, that duration passes, and not before."""
    end = found.add(start, duration)
    assert end >= start
    assert found.between(start, end) == duration
    assert found.between(end, start) == -duration
    if duration:
        assert found.between(start, end - timedelta(microseconds=1)) < duration
        assert sum((b - a for a, b in found.openings(start, end)), timedelta(0)) == duration


@given(hours, moments, durations, durations)
@settings(max_examples=30, deadline=None)
def test_adding_is_additive_and_monotone(
    found: BusinessHours, start: datetime, first: timedelta, second: timedelta
) -> None:
    """Two durations one after the other are their sum, a longer one ends later, and so does one that starts later."""
    both = found.add(start, first + second)
    assert found.add(found.add(start, first), second) == both
    assert both >= found.add(start, first)
    assert found.add(start + first, second) >= found.add(start, second)


@given(hours, moments, durations, durations)
@settings(max_examples=30, deadline=None)
def test_time_between_adds_up_however_far_it_was_looked(
    found: BusinessHours, start: datetime, first: timedelta, second: timedelta
) -> None:
    """A stretch has as much open time as its parts, in whichever order one asks, and never more than passes."""
    middle, end = start + first, start + first + second
    fresh = BusinessHours(time_zone=found.time_zone, week=found.week, special=found.special)
    parts = found.between(middle, end) + found.between(start, middle)
    found.add(start, timedelta(days=500))
    assert parts == found.between(start, end) == fresh.between(start, end)
    assert timedelta(0) <= parts <= first + second
    assert fresh == found


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("Mo-Fr 9:00-17:00", "Mo-Fr 09:00-17:00"),
        ("monday, tue 13:00-17:00, 09:00-12:00", "Mo-Tu 09:00-12:00,13:00-17:00"),
        ("Mo-Su 00:00-24:00", "24/7"),
        ("Sa-Mo 22:00-06:00", "Mo 22:00-06:00; Sa-Su 22:00-06:00"),
        ("Mo-Fr 09:00-17:00; We off; Fr 09:00-14:00", "Mo-Tu 09:00-17:00; Th 09:00-17:00; Fr 09:00-14:00"),
    ],
)
def test_opening_times_are_read_as_people_write_them(text: str, canonical: str) -> None:
    """Days and times come in several forms, and are kept in one, which reads back unchanged."""
    assert week_text(read_week(text)) == canonical
    assert read_week(canonical) == read_week(text)


@pytest.mark.parametrize(
    "text",
    ["", "off", "Mo-Fr off", "Mo", "9-17", "Mo 25:00-26:00", "Mo 09:00-09:00", "M 09:00-17:00"],
)
def test_hours_that_say_nothing_are_refused(text: str) -> None:
    """What has no such form, and what is never open, is refused."""
    with pytest.raises(InvalidValue):
        read_week(text)


def test_what_cannot_be_computed_is_refused() -> None:
    """Moments without a zone, negative times, days beyond the calendar and too many openings are refused."""
    noon = datetime(2026, 3, 2, 12, tzinfo=UTC)
    for ask in (
        lambda: OFFICE.is_open(noon.replace(tzinfo=None)),
        lambda: OFFICE.add(noon, timedelta(seconds=-1)),
        lambda: OFFICE.add(noon.replace(year=2199), timedelta(days=500)),
        lambda: OFFICE.between(noon.replace(year=1600), noon),
        lambda: BusinessHours(time_zone="UTC", week=((),) * 7),
        lambda: BusinessHours.read("Mars/Olympus", "24/7"),
        lambda: read_day(",".join(["09:00-10:00"] * 25)),
    ):
        with pytest.raises(InvalidValue):
            ask()
