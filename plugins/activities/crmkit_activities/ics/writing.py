"""Writing iCalendar files."""

from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING

from icalendar import Calendar, Event, vCalAddress, vRecur

from crmkit.core.declare.kinds.times import zone
from crmkit_activities.ics.values import NO_SUBJECT, PARTS, STATES, STATUS, VISIBILITY

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import date, datetime

    from crmkit_activities.ics.values import Guest, IcsEvent

PRODUCT = "-//crmkit//activities//EN"


def write_calendar(events: Iterable[IcsEvent], zones: Mapping[str, str], stamp: datetime) -> bytes:
    """Return an iCalendar file of events, with the definitions of their time zones.

    `zones` are the zones of series by their UIDs, by whose clocks occurrences are named. `stamp` is the moment that the
    file says it was made at, UTC.
    """
    calendar = Calendar()
    calendar.add("prodid", PRODUCT)
    calendar.add("version", "2.0")
    for each in events:
        calendar.add_component(as_component(each, zones.get(each.uid, each.zone), stamp))
    calendar.add_missing_timezones()
    return bytes(calendar.to_ical())


def as_component(event: IcsEvent, series_zone: str, stamp: datetime) -> Event:
    """Return an event as a VEVENT."""
    made = Event()
    made.add("uid", event.uid)
    made.add("dtstamp", stamp.astimezone(UTC))
    add_times(made, event, series_zone)
    if event.summary != NO_SUBJECT:
        made.add("summary", event.summary)
    for name, value in (("description", event.description), ("location", event.place)):
        if value is not None:
            made.add(name, value)
    made.add("transp", "OPAQUE" if event.busy else "TRANSPARENT")
    made.add("class", word(VISIBILITY, event.visibility))
    made.add("status", word(STATUS, event.status))
    if event.organizer is not None:
        made.add("organizer", vCalAddress(uri(event.organizer)))
    for guest in event.guests:
        made.add("attendee", as_address(guest), encode=False)
    return made


def add_times(made: Event, event: IcsEvent, series_zone: str) -> None:
    """Say when an event takes place."""
    made.add("dtstart", shown(event.start, event.zone, all_day=event.all_day))
    if event.all_day:
        made.add("dtend", (event.start + event.length).date())
    elif event.length:
        made.add("duration", event.length)
    if event.occurrence is not None:
        made.add("recurrence-id", shown(event.occurrence, series_zone, all_day=event.all_day))
    for rule in event.rules:
        made.add("rrule", vRecur.from_ical(str(rule)))
    for extra in event.extras:
        at = shown(extra.wall, event.zone, all_day=event.all_day)
        if extra.length is None:
            made.add("rdate", at)
        else:
            made.add("rdate", [(at, extra.length)], parameters={"VALUE": "PERIOD"})
    for each in sorted(event.exceptions):
        made.add("exdate", shown(each, event.zone, all_day=event.all_day))


def shown(wall: datetime, place: str, *, all_day: bool) -> date | datetime:
    """Return a time on the clock of a zone, or a day."""
    if all_day:
        return wall.date()
    return wall.replace(tzinfo=UTC if place == "UTC" else zone(place))


def word(words: Mapping[str, str], ours: str) -> str:
    """Return iCalendar's word for one of ours."""
    return next(theirs for theirs, each in words.items() if each == ours)


def uri(address: str) -> str:
    """Return an address as a URI."""
    return address if ":" in address else f"mailto:{address}"


def as_address(guest: Guest) -> vCalAddress:
    """Return an attendee."""
    found = vCalAddress(uri(guest.address))
    if guest.name:
        found.params["CN"] = guest.name
    found.params["ROLE"] = word(PARTS, guest.part)
    found.params["PARTSTAT"] = word(STATES, guest.attendance)
    return found
