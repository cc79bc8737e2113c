"""Calendars: `session.calendars`, which makes business hours of the calendars that are there."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from crmkit.core.calendars.business_hours import BusinessHours
from crmkit.core.declare.values import Ref
from crmkit.core.nouns.business_calendars import WORKING_WEEK, BusinessCalendar, SpecialDay
from crmkit.core.nouns.people import Team, User
from crmkit.errors import NotFoundError, UnknownNameError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from crmkit.core.declare.records import Record
    from crmkit.core.lifecycle.session import Session


class Calendars:
    """The business calendars that the actor may read.

    Each is read once: hold on to it for a batch. What is changed later is there in the next `session.calendars`.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self._hours: dict[int, BusinessHours] = {}
        self._default: BusinessHours | None = None

    def hours(self, calendar: Record | Ref[object] | None = None, /) -> BusinessHours:
        """Return the hours of a calendar; without one, those that apply where none is said.

        Raises:
            NotFoundError: if there is no such calendar, or none that the actor may read.
            UnknownNameError: if the setting `business_calendar` names none.
        """
        if calendar is None:
            if self._default is None:
                self._default = self._by_setting()
            return self._default
        number = int(calendar) if isinstance(calendar, Ref) else calendar.id
        if number not in self._hours:
            self._read([number])
        if number not in self._hours:
            raise NotFoundError(entity="business_calendar", id=number)
        return self._hours[number]

    def of(self, person: Record | Ref[object], /) -> BusinessHours:
        """Return the hours of a user or a team, as `of_each` does.

        Raises:
            NotFoundError: if there is no such user or team that the actor may see.
        """
        ref = person if isinstance(person, Ref) else person.ref
        found = self.of_each([ref])
        if ref not in found:
            raise NotFoundError(entity=ref.entity, id=int(ref))
        return found[ref]

    def of_each(self, people: Iterable[Record | Ref[object]], /) -> dict[Ref[object], BusinessHours]:
        """Return the hours of users and teams, by their references, in few statements.

        They are the user's own; else the team's, or those of the nearest team above; else those that apply where none
        is said. Who isn't there, or isn't seen, is left out.
        """
        refs = [each if isinstance(each, Ref) else each.ref for each in people]
        columns = ["id", "business_calendar"]
        users = {
            int(row[0]): row  # type: ignore[call-overload]
            for row in self._rows(User, [*columns, "team"], refs)
        }
        teams = {int(row[0]): row for row in self._session.rows(Team, [*columns, "parent"])}  # type: ignore[call-overload]
        chosen: dict[Ref[object], object] = {}
        for ref in refs:
            row = (users if ref.entity == "user" else teams).get(int(ref))
            if row is not None:
                chosen[ref] = row[1] if row[1] is not None else above(row[2], teams)
        self._read({int(each) for each in chosen.values() if isinstance(each, int)} - self._hours.keys())
        return {
            ref: self._hours[int(each)] if isinstance(each, int) and int(each) in self._hours else self.hours()
            for ref, each in chosen.items()
        }

    def _rows(self, entity: type[User], fields: list[str], refs: Iterable[Ref[object]]) -> list[tuple[object, ...]]:
        ids = [int(each) for each in refs if each.entity == "user"]
        return list(self._session.rows(entity, fields, "id in given.ids", given={"ids": ids})) if ids else []

    def _by_setting(self) -> BusinessHours:
        session, name = self._session, self._session.setting("business_calendar")
        if name is None:
            return self._made(session.model.conventions.time_zone, WORKING_WEEK, {})
        found = session.rows(BusinessCalendar, ["id", "name"], order="name")
        number = next((int(row[0]) for row in found if row[1] == name), None)  # type: ignore[call-overload]
        if number is None:
            raise UnknownNameError(
                sort="business calendar", name=str(name), known=tuple(str(known) for _number, known in found)
            )
        self._read([number])
        return self._hours[number]

    def _read(self, numbers: Iterable[int]) -> None:
        ids = list(numbers)
        if not ids:
            return
        session, given = self._session, {"ids": ids}
        special: dict[int, dict[date, str]] = {}
        for calendar, day, hours in session.rows(
            SpecialDay, ["calendar", "day", "hours"], "calendar in given.ids", given=given, order="day"
        ):
            assert isinstance(day, date)
            special.setdefault(int(calendar), {})[day] = str(hours)  # type: ignore[call-overload]
        for number, zone, hours in session.rows(
            BusinessCalendar, ["id", "time_zone", "hours"], "id in given.ids", given=given
        ):
            place = str(zone or session.model.conventions.time_zone)
            self._hours[int(number)] = self._made(place, str(hours), special.get(int(number), {}))  # type: ignore[call-overload]

    def _made(self, time_zone: str, hours: str, special: Mapping[date, str]) -> BusinessHours:
        """Return the hours that texts say; the CRM keeps them with the openings that they have computed."""
        key = ("business hours", time_zone, hours, tuple(special.items()))
        return self._session.statements.plans.get(key, lambda: BusinessHours.read(time_zone, hours, special))


def above(team: object, teams: dict[int, tuple[object, ...]]) -> object:
    """Return the calendar of a team, or of the nearest one above that has one."""
    met = set[int]()
    while isinstance(team, int) and team in teams and team not in met:
        met.add(int(team))
        _number, calendar, parent = teams[int(team)]
        if calendar is not None:
            return calendar
        team = parent
    return None
