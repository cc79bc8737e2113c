"""Writing iCalendar files."""

from __future__ import annotations

from datetime import UTC, timedelta
from typing import TYPE_CHECKING

from attrs import evolve
from icalendar import Alarm as AlarmComponent
from icalendar import Calendar, Event, vBinary, vCalAddress, vRecur

from crmkit.core.declare.kinds.file_names import extension_of
from crmkit.core.declare.kinds.file_types import FILE_TYPES
from crmkit.core.declare.kinds.times import zone
from crmkit_activities.ics.values import NO_ALARM, NO_SUBJECT, PARTS, STATES, STATUS, VISIBILITY

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date, datetime

    from crmkit_activities.ics.values import Alarm, Attached, Guest, IcsEvent

PRODUCT = "-//crmkit//activities//EN"


def write_calendar(events: Sequence[IcsEvent], stamp: datetime) -> bytes:
    """Return an iCalendar file of events, with the definitions of their time zones; occurrences only with their series.

    `stamp` is the moment that the file says it was made at, UTC.
    """
    series = {each.uid: each for each in events if each.occurrence is None}
    calendar = Calendar()
    calendar.add("prodid", PRODUCT)
    calendar.add("version", "2.0")
    for each in events:
        whole = series.get(each.uid)
        if whole is not None:
            own = tuple(alarm for alarm in each.alarms if alarm != NO_ALARM)
            alarms = own if whole is each or NO_ALARM in each.alarms else (*whole.alarms, *own)
            calendar.add_component(as_component(evolve(each, alarms=alarms), whole.zone, stamp))
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
    for link in event.links:
        made.add("attach", link)
    for file in event.files:
        made.add("attach", as_binary(file), encode=False)
    for alarm in event.alarms:
        made.add_component(as_alarm(alarm, event.summary))
    return made


def as_binary(file: Attached) -> vBinary:
    """Return a file whose contents are in the calendar."""
    media = FILE_TYPES[extension_of(file.name)].media
    return vBinary(file.content, {"FMTTYPE": media, "FILENAME": file.name})


def as_alarm(alarm: Alarm, summary: str) -> AlarmComponent:
    """Return a reminder as a VALARM."""
    made = AlarmComponent()
    made.add("action", "DISPLAY")
    made.add("description", summary if alarm.text is None else alarm.text)
    if alarm.at is not None:
        made.add("trigger", alarm.at.astimezone(UTC), parameters={"VALUE": "DATE-TIME"})
    else:
        related = "END" if alarm.anchor == "ends_at" else "START"
        made.add("trigger", -(alarm.before or timedelta(0)), parameters={"RELATED": related})
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
