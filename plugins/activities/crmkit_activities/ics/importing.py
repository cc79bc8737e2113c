"""Import: the events of an iCalendar file, into the calendar of a user; what is there already is brought up to date."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from attrs import define, field

from crmkit import Contact, Ref, User
from crmkit.core.declare.conventions import Conventions
from crmkit.core.declare.kinds import EmailKind
from crmkit.core.declare.values import ref_class
from crmkit.core.exchange.writing import write_all
from crmkit.errors import AccessDeniedError, InvalidValue
from crmkit_activities.events.event import CalendarEvent, EventAttendee
from crmkit_activities.events.members import number_of
from crmkit_activities.events.timing import write_extra, write_wall
from crmkit_activities.ics.parts import attach_all, remind_all, why
from crmkit_activities.ics.reading import read_calendar
from crmkit_activities.ics.values import Problem
from crmkit_activities.referring import chunks

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Mapping, Sequence

    from crmkit import Record, Session
    from crmkit_activities.ics.values import Guest, IcsEvent

    Wanted = tuple[IcsEvent, dict[str, object], Record | None]

AT_ONCE = 1_000
OURS = re.compile(r"(mailto:)?(?P<entity>user|contact|customer)-(?P<number>\d{1,15})@users\.crmkit\.invalid")


@define(kw_only=True)
class ImportResult:
    """What became of a file: how many events are new, changed and as they were, and what was not imported, and why."""

    created: int = 0
    updated: int = 0
    unchanged: int = 0
    removed: int = 0
    problems: list[Problem] = field(factory=list)


def import_calendar(session: Session, data: bytes, owner: Record | Ref[object] | None = None) -> ImportResult:
    """Import the events of an iCalendar file into the calendar of a user, by default the actor's.

    An event with the UID of one that is there changes that one, so importing a file again changes nothing. A changed
    occurrence that is no longer in the file, while its series is, is one of the series again. Alarms become reminders
    of the user. What can't be imported is among the problems, each naming its component; the rest is imported.

    Raises:
        AccessDeniedError: if the actor may not write into that calendar.
    """
    who = session.actor_ref if owner is None else owner if isinstance(owner, Ref) else owner.ref
    reading = read_calendar(data, session.model.conventions.time_zone, session.unit.now)
    result = ImportResult(problems=list(reading.problems))
    masters = [each for each in reading.events if each.occurrence is None]
    known = known_events(session, who, [each.uid for each in masters])
    written = write_events(
        session, [(each, {"owner": who, "uid": each.uid}, known.get(each.uid)) for each in masters], result
    )
    series = {event.uid: record for event, record in written}
    changes = [each for each in reading.events if each.occurrence is not None and each.uid in series]
    before = changed_occurrences(session, series.values())
    wanted = []
    for each in changes:
        master = series[each.uid]
        shown = write_wall(each.occurrence, all_day=bool(master.all_day)) if each.occurrence else ""
        wanted.append((each, {"series": master, "occurrence": shown}, before.pop((master.id, shown), None)))
    for gone in before.values():
        session.delete(gone)
        result.removed += 1
    old = {record.id for _event, _values, record in wanted if record is not None} | {each.id for each in known.values()}
    invite_all(session, written, old)  # guests of series are guests of their occurrences, of which the file says more
    changed = write_events(session, wanted, result)
    invite_all(session, changed, old)
    written += changed
    remind_all(session, written, who, result.problems)
    attach_all(session, written, result.problems)
    return result


def known_events(session: Session, owner: object, uids: Iterable[str]) -> dict[str, Record]:
    """Return the events of a calendar by their UIDs."""
    found: dict[str, Record] = {}
    listed = list(uids)
    for start in range(0, len(listed), AT_ONCE):
        given = {"owner": owner, "uids": listed[start : start + AT_ONCE]}
        where = (
            "owner == given.owner and uid in given.uids" if owner is not None else "owner is None and uid in given.uids"
        )
        found |= {str(each.uid): each for each in session.find(CalendarEvent, where, given=given)}
    return found


def changed_occurrences(session: Session, series: Iterable[Record]) -> dict[tuple[int, str], Record]:
    """Return the changed occurrences of series, by the series' ids and the times on the clock."""
    numbers = sorted(each.id for each in series)
    return {
        (number_of(each.series), str(each.occurrence)): each
        for some in chunks(numbers)
        for each in session.find(CalendarEvent, "series in given.some", given={"some": some})
    }


def write_events(session: Session, wanted: Iterable[Wanted], result: ImportResult) -> list[tuple[IcsEvent, Record]]:
    """Create and change events; those that are refused are problems, and left out.

    Raises:
        AccessDeniedError: if the actor may not write them.
    """

    def create(some: Sequence[Wanted]) -> Sequence[Record]:
        return session.create_many(CalendarEvent, [values_of(event) | more for event, more, _before in some])

    def update(some: Sequence[Wanted]) -> Sequence[Record]:
        return session.update_many((before, values_of(event) | more) for event, more, before in some if before)

    listed = list(wanted)
    new, old = ([each for each in listed if (each[2] is None) is is_new] for is_new in (True, False))
    made: list[tuple[IcsEvent, Record]] = []
    for some, write in ((new, create), (old, update)):
        for (event, _more, before), after in write_all(session, "calendar_event", some, write):
            if isinstance(after, AccessDeniedError):
                raise after
            if isinstance(after, Exception):
                result.problems.append(Problem(component="VEVENT", uid=event.uid, text=why(after)))
                continue
            result.created += before is None
            result.updated += before is not None and after.version != before.version
            result.unchanged += before is not None and after.version == before.version
            made.append((event, after))
    return made


def values_of(event: IcsEvent) -> dict[str, object]:
    """Return the values of an event's record."""
    all_day = event.all_day
    return {
        "subject": event.summary,
        "wall_start": write_wall(event.start, all_day=all_day),
        "length": event.length,
        "time_zone": event.zone,
        "all_day": all_day,
        "recurrence": "\n".join(map(str, event.rules)) or None,
        "extra_dates": "\n".join(write_extra(each, all_day=all_day) for each in event.extras) or None,
        "except_dates": "\n".join(sorted(write_wall(each, all_day=all_day) for each in event.exceptions)) or None,
        "description": event.description,
        "place": event.place,
        "busy": event.busy,
        "visibility": event.visibility,
        "status": event.status,
        "organizer": event.organizer,
        "links": "\n".join(event.links) or None,
    }


def invite_all(session: Session, written: Sequence[tuple[IcsEvent, Record]], old: Container[int]) -> None:
    """Bring the attendees of events to what a file says of them; `old` are the ids of events that were there before."""
    numbers = sorted(record.id for _event, record in written)
    there: dict[int, dict[object, Record]] = {}
    for some in chunks(numbers):
        for each in session.find(EventAttendee, "event in given.some", given={"some": some}):
            there.setdefault(number_of(each.event), {})[key_of(each)] = each
    people = people_of(session, {guest.address for event, _record in written for guest in event.guests})
    new: list[dict[str, object]] = []
    changes: list[tuple[EventAttendee, Mapping[str, object]]] = []
    for event, record in written:
        known = there.get(record.id, {})
        taken = {each.who for each in known.values()}
        for guest in event.guests:
            address = guest.address.lower()
            who, values = people.get(address), said(guest)
            found = known.pop(address, None) or known.pop(who or ours(address), None)
            if found is not None:
                anew = said_anew(guest, found, record.owner) if record.id in old else values
                changes.append((found, anew))  # type: ignore[arg-type]
                continue
            new.append({"event": record, "who": None if who in taken else who, "address": guest.address, **values})
            taken.add(who)
        for gone in known.values():
            if gone.address is not None:
                session.delete(gone)
    session.update_many(changes)
    session.create_many(EventAttendee, new)


def said(guest: Guest) -> dict[str, object]:
    """Return what a file says of an attendee."""
    return {"name": guest.name, "part": guest.part, "attendance": guest.attendance}


def said_anew(guest: Guest, known: Record, owner: object) -> dict[str, object]:
    """Return what a file says of an attendee who is invited already.

    Answers stay of which the file doesn't know, and so do those of users, but for the owner of the calendar: they give
    them here.
    """
    values = said(guest)
    is_elsewhere = not isinstance(known.who, Ref) or known.who.entity != "user" or known.who == owner
    if guest.attendance == "invited" or (known.answered_at is not None and not is_elsewhere):
        del values["attendance"]
    if known.address is None:
        del values["name"]
    return values


def key_of(attendee: Record) -> object:
    """Return by what a file names an attendee: the address; of who is invited without one, who that is."""
    return (attendee.who or attendee.id) if attendee.address is None else str(attendee.address).lower()


def ours(address: str) -> Ref[object] | None:
    """Return who somebody is to whom the export gave an address, having none."""
    found = OURS.fullmatch(address)
    return ref_class(found["entity"])(int(found["number"])) if found else None


def people_of(session: Session, addresses: Iterable[str]) -> dict[str, Ref[object]]:
    """Return the users and contacts who are known by e-mail addresses, where only one is, users first."""
    listed = sorted({found for each in addresses if (found := email_of(each)) is not None})
    people: dict[str, Ref[object]] = {}
    for declared in (Contact, User):
        entity = session.model.entity(declared)
        if not session.principal.sees(entity, entity.fields["email"]):
            continue
        matches: dict[str, set[Ref[object]]] = {}
        for start in range(0, len(listed), AT_ONCE):
            given = {"addresses": listed[start : start + AT_ONCE]}
            for each in session.find(declared, "email in given.addresses", given=given):
                matches.setdefault(str(each.email).lower(), set()).add(each.ref)
        people |= {address: next(iter(refs)) for address, refs in matches.items() if len(refs) == 1}
    return people


def email_of(address: str) -> str | None:
    """Return an e-mail address as records keep it; None if it is none."""
    try:
        return EmailKind().parse(address, Conventions())
    except InvalidValue:
        return None
