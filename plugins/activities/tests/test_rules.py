from __future__ import annotations

import os
from datetime import UTC, date, datetime, timedelta
from functools import cache
from itertools import islice

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crmkit.errors import InvalidValue
from crmkit_activities.events.expansion import FOLLOWED_YEARS, walls
from crmkit_activities.events.rules import WEEKDAYS, Rule, parse_rule

pytestmark = pytest.mark.row("C1")
START = datetime(2026, 1, 30, 9, 30)  # a Friday
HORIZON = timedelta(days=500)
EXAMPLES = 300 if os.environ.get("CRMKIT_SLOW") else 40


def week(day: date, first: int) -> date:
    """Return the first day of a week."""
    return day - timedelta(days=(day.weekday() - first) % 7)


@cache
def week_numbers(day: date, first: int) -> set[int]:
    """Return the number of a day's week, from the front and from the back, by counting the weeks of a year.

    A week is one of the year in which it has four days or more.
    """
    own = week(day, first)
    year = (own + timedelta(days=3)).year
    begins = [week(date(year, 1, 4), first) + timedelta(weeks=each) for each in range(54)]
    weeks = [each for each in begins if (each + timedelta(days=3)).year == year]
    return {weeks.index(own) + 1, weeks.index(own) - len(weeks)}


def ordinals(day: date, days: tuple[date, ...]) -> set[int]:
    """Return the places of a day among those of its weekday, from the front and from the back, and 0 for any."""
    before, behind = (day - days[0]).days // 7, (days[-1] - day).days // 7
    return {0, before + 1, -behind - 1}


@cache
def days_between(first: date, after: date) -> tuple[date, ...]:
    """Return all days from one to just before another."""
    return tuple(first + timedelta(days=each) for each in range((after - first).days))


def month(day: date) -> tuple[date, ...]:
    """Return the days of a day's month."""
    return days_between(day.replace(day=1), date(day.year + day.month // 12, day.month % 12 + 1, 1))


def period(rule: Rule, day: date, hour: int) -> tuple[int, tuple[date, ...]]:
    """Return the number of the period that a time is in, and the days among which weekdays are counted."""
    if rule.frequency == "YEARLY":
        whole = days_between(date(day.year, 1, 1), date(day.year + 1, 1, 1))
        return day.year, month(day) if "BYMONTH" in rule.numbers else whole
    if rule.frequency == "MONTHLY":
        return day.year * 12 + day.month, month(day)
    if rule.frequency == "WEEKLY":
        first = week(day, rule.week_start)
        return first.toordinal() // 7, days_between(first, first + timedelta(days=7))
    return (day.toordinal() if rule.frequency == "DAILY" else day.toordinal() * 24 + hour), (day,)


def fits(rule: Rule, day: date, days: tuple[date, ...]) -> bool:
    """Return whether a day is one that the rule names, or that follows from its start."""
    numbers, named = rule.numbers, bool(rule.weekdays) or bool(rule.numbers.keys() & {"BYMONTHDAY", "BYYEARDAY"})
    after_month = date(day.year + day.month // 12, day.month % 12 + 1, 1)
    after_year = date(day.year + 1, 1, 1)
    tests = {
        "BYMONTH": {day.month},
        "BYMONTHDAY": {day.day, (day - after_month).days},
        "BYYEARDAY": {day.timetuple().tm_yday, (day - after_year).days},
        "BYWEEKNO": week_numbers(day, rule.week_start) if "BYWEEKNO" in numbers else set(),
    }
    if any(name in numbers and tests[name].isdisjoint(numbers[name]) for name in tests):
        return False
    if rule.weekdays:
        return any(weekday == day.weekday() and nth in ordinals(day, days) for nth, weekday in rule.weekdays)
    if rule.frequency == "WEEKLY" or "BYWEEKNO" in numbers:
        return named or day.weekday() == START.weekday()
    if rule.frequency in {"YEARLY", "MONTHLY"} and not named:
        return day.day == START.day and ("BYMONTH" in numbers or rule.frequency == "MONTHLY" or day.month == 1)
    return True


def by_hand(rule: Rule, until: datetime) -> list[datetime]:
    """Return what a rule gives, by looking at every hour of every day and counting on fingers."""
    begin = week(START.date().replace(month=1, day=1), rule.week_start) - timedelta(days=7)
    sets: dict[int, list[datetime]] = {}
    for day in days_between(begin, max(until.date(), date(until.year, 12, 31))):
        hours = range(24) if rule.frequency == "HOURLY" else rule.numbers.get("BYHOUR", (START.hour,))
        _number, days = period(rule, day, 0)
        if not fits(rule, day, days):
            continue
        for hour in hours:
            if hour in rule.numbers.get("BYHOUR", (hour,)):
                for minute in rule.numbers.get("BYMINUTE", (START.minute,)):
                    number, _days = period(rule, day, hour)
                    moment = datetime(day.year, day.month, day.day, hour, minute)
                    sets.setdefault(number, []).append(moment)
    first, _days = period(rule, START.date(), START.hour)
    found = {START}
    for number, members in sets.items():
        if (number - first) % rule.interval == 0:
            places = rule.numbers.get("BYSETPOS")
            chosen = members if places is None else [*places_of(sorted(members), places)]
            found.update(each for each in chosen if each >= START)
    listed = sorted(found)
    if rule.count is not None:
        listed = listed[: rule.count]
    if isinstance(rule.until, datetime):
        listed = [each for each in listed if each <= rule.until]
    return [each for each in listed if each < until]


def places_of(members: list[datetime], places: tuple[int, ...]) -> list[datetime]:
    """Return the members at some places, counted from 1, or from the end."""
    indexes = {place - 1 if place > 0 else len(members) + place for place in places}
    return [each for index, each in enumerate(members) if index in indexes]


@st.composite
def rules(draw: st.DrawFn) -> Rule:
    """Rules of every frequency, with parts that go together."""
    frequency = draw(st.sampled_from(["YEARLY", "MONTHLY", "WEEKLY", "DAILY", "HOURLY"]))
    some = {
        "INTERVAL": st.integers(1, 4),
        "COUNT": st.integers(1, 30),
        "BYMONTH": listed(1, 12),
        "BYMONTHDAY": listed(1, 31, signed=True),
        "BYHOUR": listed(0, 23),
        "BYMINUTE": listed(0, 59),
        "WKST": st.sampled_from(WEEKDAYS),
        "BYYEARDAY": listed(1, 366, signed=True),
        "BYWEEKNO": listed(1, 53) | listed(1, 20).map(lambda text: "-" + text.replace(",", ",-")),
        "BYSETPOS": listed(1, 4, signed=True),
    }
    names = draw(st.sets(st.sampled_from([*some, "BYDAY"]), max_size=4))
    parts = {name: str(draw(some[name])) for name in some if name in names}
    if "BYDAY" in names:
        counted = frequency in {"YEARLY", "MONTHLY"} and "BYWEEKNO" not in names
        nth = st.sampled_from(["", "1", "2", "-1"] if counted else [""])
        days = draw(st.lists(st.tuples(nth, st.sampled_from(WEEKDAYS)), min_size=1, max_size=3))
        parts["BYDAY"] = ",".join(f"{number}{day}" for number, day in days)
    text = ";".join([f"FREQ={frequency}", *(f"{name}={value}" for name, value in parts.items())])
    try:
        return parse_rule(text)
    except InvalidValue:
        return parse_rule(f"FREQ={frequency}")


def listed(low: int, high: int, *, signed: bool = False) -> st.SearchStrategy[str]:
    """Lists of numbers, from the end, too, if they are signed."""
    numbers = st.integers(low, high)
    if signed:
        numbers = numbers | st.integers(-high, -low)
    return st.lists(numbers, min_size=1, max_size=3).map(lambda given: ",".join(map(str, given)))


@settings(max_examples=EXAMPLES, deadline=None)
@given(rule=rules())
def test_rules_give_what_counting_on_fingers_gives(rule: Rule) -> None:
    """The times of a rule are those that are found by looking at every hour of every day, by RFC 5545's table."""
    until = START + HORIZON
    found = [each for each in walls(rule, START, START, until) if each < until]
    assert found == by_hand(rule, until), str(rule)


@settings(max_examples=EXAMPLES, deadline=None)
@given(rule=rules(), days=st.integers(0, 700))
def test_a_rule_can_be_entered_anywhere(rule: Rule, days: int) -> None:
    """Asking for what comes after a moment gives the same as going there from the beginning."""
    since = START + timedelta(days=days, hours=7)
    last = since + timedelta(days=90)
    assert [*walls(rule, START, since, last)] == [each for each in walls(rule, START, START, last) if each >= since]


@given(rule=rules())
def test_rules_are_read_as_they_are_written(rule: Rule) -> None:
    """The text of a rule is read as the same rule."""
    assert parse_rule(str(rule)) == rule


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "no part of a rule"),
        ("INTERVAL=2", "begins with how often"),
        ("FREQ=SECONDLY", "can't recur 'SECONDLY'"),
        ("FREQ=MINUTELY;COUNT=5", "can't recur 'MINUTELY'"),
        ("FREQ=DAILY;FREQ=WEEKLY", "no part of a rule"),
        ("FREQ=DAILY;COUNT=2;UNTIL=20270101", "not by both"),
        ("FREQ=DAILY;COUNT=0", "COUNT is a number"),
        ("FREQ=DAILY;COUNT=100000000", "COUNT is a number"),
        ("FREQ=DAILY;INTERVAL=-1", "INTERVAL is a number"),
        ("FREQ=DAILY;BYHOUR=24", "BYHOUR takes numbers from 0 to 23"),
        ("FREQ=MONTHLY;BYMONTHDAY=0", "BYMONTHDAY takes numbers"),
        ("FREQ=WEEKLY;BYMONTHDAY=1", "BYMONTHDAY does not go with FREQ=WEEKLY"),
        ("FREQ=WEEKLY;BYDAY=1MO", "Counted weekdays"),
        ("FREQ=WEEKLY;BYDAY=XX", "'XX' is no weekday"),
        ("FREQ=DAILY;UNTIL=tomorrow", "UNTIL is a day or moment"),
        ("FREQ=MONTHLY;BYSETPOS=1", "BYSETPOS chooses"),
        ("FREQ=YEARLY;RSCALE=CHINESE", "A rule has no RSCALE"),
        ("FREQ=DAILY;BYDAY=" + "MO," * 400, "longer than"),
    ],
)
def test_what_is_no_rule_is_refused_by_its_part(text: str, problem: str) -> None:
    """A text that is no rule for an event is refused with what is wrong in it."""
    with pytest.raises(InvalidValue, match=problem):
        parse_rule(text)


def test_a_rule_without_end_goes_on_for_as_long_as_it_is_asked() -> None:
    """An endless rule is expanded from where it is asked, however far that is from its beginning."""
    rule = parse_rule("FREQ=HOURLY")
    since = START + timedelta(days=36_525)
    assert [*islice(walls(rule, START, since), 2)] == [since, since + timedelta(hours=1)]


@pytest.mark.parametrize("text", ["FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30", "FREQ=DAILY;INTERVAL=7;BYDAY=TU"])
def test_a_rule_that_gives_nothing_is_followed_for_so_long_only(text: str) -> None:
    """A rule that never gives anything is not looked for until the end of time; its beginning is all there is."""
    assert [*walls(parse_rule(text), START, START)] == [START]


def test_a_leap_day_is_followed_over_a_century_without_one() -> None:
    """The rule for 29 February goes on past the year 2100, which has none."""
    leap = datetime(2096, 2, 29, 12)
    assert [each.year for each in islice(walls(parse_rule("FREQ=YEARLY"), leap, leap), 3)] == [2096, 2104, 2108]
    assert FOLLOWED_YEARS > 8


def test_an_end_in_utc_is_the_moment() -> None:
    """UNTIL is read as a day, a time on the clock, or a moment."""
    ends = [
        parse_rule(f"FREQ=DAILY;UNTIL={each}").until for each in ("20270101", "20270101T090000", "20270101T090000Z")
    ]
    moment = datetime(2027, 1, 1, 9)
    assert ends == [date(2027, 1, 1), moment, moment.replace(tzinfo=UTC)]
