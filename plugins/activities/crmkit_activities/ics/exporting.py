"""Export: the events of a calendar, or one of them, as an iCalendar file."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from attrs import evolve

from crmkit import Contact, Customer, File, Ref, User
from crmkit.errors import AccessDeniedError, NotFoundError
from crmkit.translation import _
from crmkit_activities.events.event import OFFERED, CalendarEvent, EventAttendee
from crmkit_activities.events.links import read_links
from crmkit_activities.events.members import number_of
from crmkit_activities.events.timing import read_exceptions, read_extras, read_rules, read_wall
from crmkit_activities.ics.alarms import is_ahead
from crmkit_activities.ics.parts import attachments_of, reminders_of
from crmkit_activities.ics.values import NO_SUBJECT, Attached, Guest, IcsEvent
from crmkit_activities.ics.writing import write_calendar
from crmkit_activities.referring import chunks
from crmkit_activities.seeing import seen

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from crmkit import Record, Session

OURS = "{entity}-{number}@users.crmkit.invalid"
"""The address of somebody of whom none is known; the domain is reserved for what doesn't exist (RFC 2606)."""
MOST_ATTACHED = 5_000_000
"""Bytes of files in one calendar file."""
WITH_ADDRESS: tuple[type[Record], ...] = (User, Contact, Customer)


def export_calendar(session: Session, user: Record | Ref[object] | None = None) -> bytes:
    """Return the calendar of a user, by default the actor's, as an iCalendar file: what it owns and is invited to.

    Only what the actor may export is in it, with the fields that it may see.

    Raises:
        AccessDeniedError: if the actor may export no events.
        NotFoundError: if the actor doesn't see the user, or is none.
    """
    who = session.actor_ref if user is None else user if isinstance(user, Ref) else user.ref
    if who is None or int(who) not in session.readable_ids("user", [int(who)]):
        raise NotFoundError(entity="user", id=None if who is None else int(who))
    rows = session.elevated.rows(EventAttendee, ["event"], {"who": who})
    invited = sorted({number_of(row[0]) for row in rows})
    reader, entity = session.reader_for("export"), session.model.entity(CalendarEvent)
    check_export(session)
    found = {each.id: each for each in reader.find(entity, {"owner": who})}
    found |= reader.by_id(entity, [each for each in invited if each not in found])
    return export_events(session, found.values(), who)


def export_event(session: Session, event: Record) -> bytes:
    """Return one event, with its changed occurrences, as an iCalendar file.

    Raises:
        AccessDeniedError: if the actor may export no events.
        NotFoundError: if the actor may not export this one.
    """
    check_export(session)
    found = session.reader_for("export").by_id(session.model.entity(CalendarEvent), [event.id])
    if event.id not in found:
        raise NotFoundError(entity="calendar_event", id=event.id)
    return export_events(session, found.values(), session.actor_ref)


def check_export(session: Session) -> None:
    """Refuse who may export no events.

    Raises:
        AccessDeniedError: if it is so.
    """
    entity = session.model.entity(CalendarEvent)
    if not session.principal.may(entity, "export"):
        raise AccessDeniedError(action="export", entity=entity.name, actor=session.principal.name)


def export_events(session: Session, events: Iterable[Record], who: Ref[object] | None) -> bytes:
    """Return events with their changed occurrences, and with the series of those that are one, as a file.

    Alarms are the reminders of `who`.
    """
    found = {each.id: each for each in events}
    reader, entity = session.reader_for("export"), session.model.entity(CalendarEvent)
    series = {int(each.series) for each in found.values() if isinstance(each.series, Ref)}
    found |= reader.by_id(entity, series - found.keys())
    for some in chunks(sorted(found)):
        changed = reader.find(entity, "series in given.some", given={"some": some})
        found |= {each.id: each for each in changed}
    guests, files = guests_of(session, found), files_of(session, found)
    alarms = {} if who is None else reminders_of(session, found, who, "export")
    values = [
        evolve(
            as_value(session, each, found),
            guests=tuple(sorted(guests.get(each.id, ()))),
            files=tuple(sorted(files.get(each.id, ()))),
            alarms=tuple(alarm for alarm in alarms.get(each.id, ()) if is_ahead(alarm, session.unit.now)),
        )
        for each in found.values()
    ]
    values.sort(key=lambda each: (each.occurrence is not None, each.start, each.uid))
    return write_calendar(values, session.unit.now)


def files_of(session: Session, events: Mapping[int, Record]) -> dict[int, list[Attached]]:
    """Return the files of events, by the events' ids, as long as they are not too large altogether for a calendar."""
    found: dict[int, list[Attached]] = {}
    room = MOST_ATTACHED
    for number, each in attachments_of(session, events, "export"):
        file = getattr(each, "file", None)
        if not isinstance(file, File):
            continue
        if file.size > room:
            text = _("{file} is too large for the calendar file, and is left out.", file=file.name)
            session.caution(events[number], "id", text)
            continue
        room -= file.size
        found.setdefault(number, []).append(Attached(name=file.name, content=session.content(each, "file")))
    return found


def as_value(session: Session, event: Record, all_events: Mapping[int, Record]) -> IcsEvent:
    """Return an event as a value for a file."""
    series = all_events.get(int(event.series)) if isinstance(event.series, Ref) else None
    length = event.length
    assert isinstance(length, timedelta)
    return IcsEvent(
        uid=str((series or event).uid),
        summary=seen(event, "subject") or NO_SUBJECT,
        start=read_wall(str(event.wall_start)),
        length=length,
        zone=str(event.time_zone or session.model.conventions.time_zone),
        all_day=bool(event.all_day),
        occurrence=None if event.occurrence is None else read_wall(str(event.occurrence)),
        rules=read_rules(event.recurrence),
        extras=read_extras(event.extra_dates),
        exceptions=read_exceptions(event.except_dates),
        description=seen(event, "description"),
        place=seen(event, "place"),
        busy=bool(event.busy),
        visibility=str(event.visibility),
        status=str(event.status),
        organizer=seen(event, "organizer"),
        links=read_links(seen(event, "links")),
    )


def guests_of(session: Session, events: Iterable[int]) -> dict[int, list[Guest]]:
    """Return the attendees of events, by the events' ids, in a statement for each entity that they may be of."""
    reader, entity = session.reader_for("export"), session.model.entity(EventAttendee)
    attendees = [
        each
        for some in chunks(sorted(events))
        for each in reader.find(entity, "event in given.some", given={"some": some}, order="id")
    ]
    known = addresses_of(session, (each.who for each in attendees))
    found: dict[int, list[Guest]] = {}
    for each in attendees:
        name, address = seen(each, "name"), seen(each, "address")
        if isinstance(each.who, Ref):
            known_name, known_address = known.get(each.who, (None, None))
            name = name or known_name
            address = address or known_address or OURS.format(entity=each.who.entity, number=int(each.who))
        if address is not None:
            state = "invited" if each.attendance == OFFERED else str(each.attendance)
            guest = Guest(address=address, name=name, part=str(each.part), attendance=state)
            found.setdefault(number_of(each.event), []).append(guest)
    return found


def addresses_of(session: Session, people: Iterable[object]) -> dict[Ref[object], tuple[str | None, str | None]]:
    """Return the names and e-mail addresses of people, as far as the actor may export them."""
    wanted = {each for each in people if isinstance(each, Ref)}
    found: dict[Ref[object], tuple[str | None, str | None]] = {}
    reader = session.reader_for("export")
    for declared in WITH_ADDRESS:
        entity = session.model.entity(declared)
        numbers = {int(each) for each in wanted if each.entity == entity.name}
        for record in reader.by_id(entity, numbers).values():
            found[record.ref] = (seen(record, "name"), seen(record, "email"))
    return found
