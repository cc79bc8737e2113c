"""Business calendars as data: an administrator edits them, and sessions make hours of them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from crmkit import BusinessCalendar, SpecialDay, Team, User
from crmkit.errors import NotFoundError, Refused, UnknownNameError
from crmkit.testing.snapshots import refused

if TYPE_CHECKING:
    from crmkit import CRM, Session
    from crmkit.testing.fixtures import CRMFactory

MONDAY = datetime(2026, 3, 2, tzinfo=UTC)


def test_a_calendar_is_data(session: Session) -> None:
    """Hours follow from what the records say, special days included, and change with them."""
    berlin = session.create(BusinessCalendar, name="Berlin", time_zone="Europe/Berlin", hours="mo-fr 9:00-17:00")
    assert berlin.hours == "Mo-Fr 09:00-17:00"
    day = session.create(SpecialDay, calendar=berlin, day="2026-03-03", name="Company outing")
    found = session.calendars.hours(berlin)
    assert found.between(MONDAY, MONDAY + timedelta(days=2)) == timedelta(hours=8)
    session.update(day, hours="09:00-12:00")
    assert session.calendars.hours(berlin.ref).between(MONDAY, MONDAY + timedelta(days=2)) == timedelta(hours=11)
    session.delete(berlin)
    with pytest.raises(NotFoundError):
        session.calendars.hours(berlin)


def test_hours_are_the_users_or_the_teams_or_the_default(make_crm: CRMFactory) -> None:
    """A user has own hours, else those of the team or the nearest one above, else those of the setting."""
    crm = make_crm(time_zone="Asia/Shanghai", settings={"business_calendar": "Home"})
    with crm.session(actor="admin") as session:
        home = session.create(BusinessCalendar, name="Home", hours="Mo-Sa 09:00-18:00")
        night, day = (
            session.create(BusinessCalendar, name=name, hours=hours)
            for name, hours in (("Night", "Mo-Su 22:00-06:00"), ("Day", "24/7"))
        )
        above = session.create(Team, name="Above", business_calendar=night)
        below = session.create(Team, name="Below", parent=above)
        own, of_team, nobodys = (
            session.create(User, name=name, external_id=name, **values)
            for name, values in (("own", {"business_calendar": day}), ("team", {"team": below}), ("nobody", {}))
        )
        found = session.calendars.of_each([own, of_team, nobodys, below])
        hours = session.calendars.hours
        assert home.time_zone == "Asia/Shanghai"
        assert found == {
            own.ref: hours(day),
            of_team.ref: hours(night),
            nobodys.ref: hours(home),
            below.ref: hours(night),
        }
        assert session.calendars.of(nobodys) == session.calendars.hours() == hours(home)
        session.delete(night)
        assert session.calendars.of(of_team) == hours(home)
        with pytest.raises(NotFoundError):
            session.calendars.of(day.ref)


def test_without_a_calendar_work_is_from_nine_to_five(session: Session) -> None:
    """Where no calendar is said, it is open from Monday to Friday, by the home zone's clock."""
    found = session.calendars.hours()
    assert found.time_zone == session.model.conventions.time_zone
    assert found.between(MONDAY, MONDAY + timedelta(days=7)) == timedelta(hours=40)


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_what_makes_no_calendar_is_refused(make_crm: CRMFactory, crm: CRM) -> None:
    """Never open, an unknown zone, a day said twice, a name that is taken: each is refused with its field."""
    with crm.session(actor="admin") as session:
        with refused(crm, session, Refused) as caught:
            session.create(BusinessCalendar, name="Never", hours="Mo off", time_zone="Mars/Olympus")
        assert isinstance(caught.value, Refused)
        assert {each.path for each in caught.value.refusals} == {"hours", "time_zone"}
        made = session.create(BusinessCalendar, name="One")
        session.create(SpecialDay, calendar=made, day="2026-12-25")
        for values in ({"day": "2026-12-25"}, {"day": "2026-12-26", "hours": "closed"}):
            with refused(crm, session, Refused):
                session.create(SpecialDay, calendar=made, **values)
        with refused(crm, session, Refused):
            session.create(BusinessCalendar, name="one")
    other = make_crm(settings={"business_calendar": "Home"})
    with other.session(actor="admin") as session:
        with pytest.raises(UnknownNameError, match="Home"):
            session.calendars.hours()
        home = session.create(BusinessCalendar, name="Home")
        with refused(other, session, Refused):
            session.delete(home)
