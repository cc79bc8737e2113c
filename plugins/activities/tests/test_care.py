"""Care dates: right across year ends and leap days, and told once a year."""

from __future__ import annotations

import calendar
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmkit import Contact, User
from crmkit.errors import Refused
from crmkit.testing.clock import FrozenClock
from crmkit_activities.care.anniversaries import celebrated, month_days, within
from crmkit_activities.care.upcoming import upcoming
from crmkit_activities.worklist.handled import mark_handled
from crmkit_activities.worklist.listing import worklist

if TYPE_CHECKING:
    from crmkit import CRM
    from crmkit.testing.fixtures import CRMFactory
    from crmkit_activities.care.anniversaries import LeapDay

LEAP_DAYS = st.sampled_from(["feb28", "mar1"])


@pytest.mark.row("B20")
@pytest.mark.parametrize("leap_day", ["feb28", "mar1"])
def test_who_is_born_on_a_leap_day_is_greeted_once_a_year(leap_day: LeapDay) -> None:
    """From 2024 to 2032, on the leap day itself where there is one, else as the policy says, with the right age."""
    born, found = date(1996, 2, 29), []
    day = date(2024, 1, 1)
    while day < date(2033, 1, 1):
        each = within(born, day, 1, leap_day)
        if each is not None:
            found.append((each.day, each.years))
        day += timedelta(days=1)
    other = (2, 28) if leap_day == "feb28" else (3, 1)
    assert found == [
        (date(year, *((2, 29) if calendar.isleap(year) else other)), year - 1996) for year in range(2024, 2033)
    ]


@given(
    first=st.dates(date(1900, 1, 1), date(2030, 12, 31)),
    start=st.dates(date(2020, 1, 1), date(2040, 12, 31)),
    days=st.integers(1, 366),
    leap_day=LEAP_DAYS,
)
def test_the_filter_finds_whatever_is_celebrated(first: date, start: date, days: int, leap_day: LeapDay) -> None:
    """A date is found by month and day just if one of the days is its own, and its anniversary is the first of them."""
    window = [start + timedelta(days=number) for number in range(days)]
    hits = [day for day in window if celebrated(first, day.year, leap_day) == day]
    assert ((first.month, first.day) in set(month_days(start, days, leap_day))) == bool(hits)
    later = [day for day in hits if day.year > first.year]
    each = within(first, start, days, leap_day)
    assert (
        (each and (each.day, each.years)) == (later[0], later[0].year - first.year if later else None)
        if later
        else each is None
    )


def with_birthdays(crm: CRM, *days: str | None) -> None:
    """Create a contact of Ann for each birthday, called by it."""
    with crm.session(actor="admin") as session:
        ann = session.create(User, name="Ann", external_id="ann", roles=["member"])
        session.create_many(Contact, ({"name": day or "none", "birthday": day, "owner": ann} for day in days))
        session.create(Contact, name="of admin", birthday="1980-01-02")


@pytest.mark.row("B20")
def test_birthdays_of_the_next_days_cross_the_year(make_crm: CRMFactory) -> None:
    """A week at the end of December finds those of January, in the order of the days, with their ages."""
    make_crm.clock = FrozenClock(datetime(2026, 12, 29, 12, tzinfo=UTC))
    crm = make_crm(["activities"])
    with_birthdays(crm, "1990-12-28", "1990-12-29", "1970-01-01", "1980-01-04", "1980-01-05", "2026-12-30", None)
    with crm.session(actor="ann") as session:
        found = upcoming(session, Contact, "birthday", days=7, owner=session.actor_ref)
        assert [(str(each.record.birthday), each.day.isoformat(), each.years) for each in found] == [
            ("1990-12-29", "2026-12-29", 36),
            ("1970-01-01", "2027-01-01", 57),
            ("1980-01-04", "2027-01-04", 47),
        ]
        assert [each.record.name for each in upcoming(session, Contact, "birthday", days=5)][-1] == "of admin"
        table = session.report("care_dates", owner="me", days=7)
        assert [row[2] for row in table.rows] == ["1990-12-29", "1970-01-01", "1980-01-04"]
        assert "1990-12-29" in table.to_svg()
        [work] = worklist(session, "birthday_soon")
        assert work.count == 4  # born tomorrow is not yet a birthday, and costs no more than a look
        with pytest.raises(Refused):
            session.report("care_dates", owner="nobody")


@pytest.mark.row("B20")
def test_birthdays_wait_in_the_order_of_the_days(make_crm: CRMFactory) -> None:
    """The worklist has the day of each, over the end of the year, too; one that is handled is back the next year."""
    clock = make_crm.clock = FrozenClock(datetime(2026, 12, 29, 12, tzinfo=UTC))
    crm = make_crm(["activities"])
    with_birthdays(crm, "1980-01-03", "1999-12-30", "1950-01-02", "1960-12-31")
    days = ["2026-12-30", "2026-12-31", "2027-01-02", "2027-01-03"]
    with crm.session(actor="ann") as session:
        [work] = worklist(session, "birthday_soon")
        assert [str(item.until) for item in work.items] == days
        assert [item.title for item in work.items] == ["1999-12-30", "1960-12-31", "1950-01-02", "1980-01-03"]
        for item in work.items[:3]:
            mark_handled(session, "birthday_soon", session.get(Contact, item.record))
        assert [str(item.until) for item in worklist(session, "birthday_soon")[0].items] == days[3:]
    clock.now = datetime(2027, 12, 27, 12, tzinfo=UTC)
    with crm.session(actor="ann") as session:
        [work] = worklist(session, "birthday_soon")
        assert [str(item.until) for item in work.items] == ["2027-12-30", "2027-12-31", "2028-01-02"]


@pytest.mark.row("B20")
@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_one_greeting_a_year(make_crm: CRMFactory) -> None:
    """Whatever days nobody worked on, the owner is told once a year, within a week of the day."""
    clock = make_crm.clock = FrozenClock(datetime(2024, 1, 1, 12, tzinfo=UTC))
    crm = make_crm(["activities"])
    with_birthdays(crm, "1996-02-29")
    crm.worker().run_once()
    for year in range(2024, 2033):
        for day in ((2, 27), (2, 28), (3, 1), (3, 5), (6, 1)):
            clock.now = datetime(year, *day, 12, tzinfo=UTC)
            crm.worker().run_once()
    with crm.session(actor="ann") as session:
        told = [each.text for each in reversed(session.notices())]
    assert [each.partition("(")[2] for each in told] == [f"{age})" for age in range(28, 37)]
    assert told[0] == "Birthdays: 1996-02-29, 2024-02-29 (28)"
