"""Partaking: who takes part in events, and in the series that changed occurrences are of."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crmkit import Ref
from crmkit.core.declare.values import ref_class
from crmkit_activities.events.event import CANCELLED, DECLINED, CalendarEvent, EventAttendee
from crmkit_activities.events.letters import partaker
from crmkit_activities.events.members import number_of, user_ref
from crmkit_activities.referring import rows_referring

if TYPE_CHECKING:
    from collections.abc import Iterable

    from crmkit import Record, Session
    from crmkit_activities.events.telling import Partaker

    People = dict[int, set[Partaker]]
    """Who takes part in events, by their ids."""


def owner_of(event: Record) -> Ref[object] | None:
    """Return whose event it is."""
    return None if event.owner is None else user_ref(event.owner)


def partaker_of(guest: Record) -> Partaker | None:
    """Return who a guest is, as far as anybody can be told."""
    return partaker(guest.who, guest.address, guest.id)


def taking_part(session: Session, events: Iterable[Record]) -> People:
    """Return the owners of events, and those who are invited and haven't declined, in one statement."""
    found = owners_of(events)
    paths = ("event", "who", "address", "id", "attendance")
    for number, who, address, guest, attendance in rows_referring(session, EventAttendee, paths, "event", found):
        each = partaker(who, address, number_of(guest))
        if each is not None and attendance != DECLINED:
            found[number_of(number)].add(each)
    return found


def took_part(session: Session, events: Iterable[Record]) -> People:
    """Return the owners of events that were just deleted, and those whose invitations went with them."""
    found = owners_of(events)
    table = session.tables["event_attendee"]
    rows = table.select().where(table.c.event_id.in_(found), table.c.deleted_at == session.unit.now)
    for row in session.unit.connection.execute(rows) if found else ():
        who = None if row.who_entity is None else ref_class(row.who_entity)(row.who_id)
        each = partaker(who, row.address, row.id)
        if each is not None and row.attendance != DECLINED:
            found[row.event_id].add(each)
    return found


def owners_of(events: Iterable[Record]) -> People:
    """Return the owners of events."""
    return {event.id: set() if event.owner is None else {user_ref(event.owner)} for event in events}


def series_of(session: Session, events: Iterable[Record]) -> dict[int, Record]:
    """Return the series of those events that are changed occurrences, also deleted ones, by id."""
    numbers = {int(each.series) for each in events if isinstance(each.series, Ref)}
    return session.reader.by_id(session.model.entity(CalendarEvent), numbers, deleted=True)


def in_series(session: Session, series: Iterable[Record]) -> People:
    """Return who takes part in series, or took part in those that were just deleted."""
    listed = list(series)
    there = taking_part(session, (each for each in listed if each.deleted_at is None))
    return there | took_part(session, (each for each in listed if each.deleted_at is not None))


def is_off(event: Record) -> bool:
    """Return whether an event is cancelled or deleted."""
    return event.status == CANCELLED or event.deleted_at is not None
