"""Partaking: the users who take part in events, and in the series that changed occurrences are of."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crmkit import Ref
from crmkit.core.declare.values import ref_class
from crmkit_activities.events.event import CANCELLED, DECLINED, CalendarEvent, EventAttendee
from crmkit_activities.events.members import number_of, user_ref
from crmkit_activities.referring import rows_referring

if TYPE_CHECKING:
    from collections.abc import Iterable

    from crmkit import Record, Session

People = dict[int, set[Ref[object]]]
"""Users by the event that they take part in."""


def owner_of(event: Record) -> Ref[object] | None:
    """Return whose event it is."""
    return None if event.owner is None else user_ref(event.owner)


def taking_part(session: Session, events: Iterable[Record]) -> People:
    """Return the owners of events, and the users who are invited and haven't declined, in one statement."""
    found = owners_of(events)
    for number, who, attendance in rows_referring(
        session, EventAttendee, ("event", "who", "attendance"), "event", found
    ):
        if attendance != DECLINED and isinstance(who, Ref) and who.entity == "user":
            found[number_of(number)].add(who)
    return found


def took_part(session: Session, events: Iterable[Record]) -> People:
    """Return the owners of events that were just deleted, and the users whose invitations went with them."""
    found = owners_of(events)
    table = session.tables["event_attendee"]
    rows = table.select().where(
        table.c.event_id.in_(found), table.c.deleted_at == session.unit.now, table.c.who_entity == "user"
    )
    for row in session.unit.connection.execute(rows) if found else ():
        if row.attendance != DECLINED:
            found[row.event_id].add(ref_class("user")(row.who_id))
    return found


def owners_of(events: Iterable[Record]) -> People:
    """Return the owners of events."""
    return {event.id: set() if event.owner is None else {user_ref(event.owner)} for event in events}


def series_of(session: Session, events: Iterable[Record]) -> dict[int, Record]:
    """Return the series of those events that are changed occurrences, also deleted ones, by id."""
    numbers = {int(each.series) for each in events if isinstance(each.series, Ref)}
    return session.reader.by_id(session.model.entity(CalendarEvent), numbers, deleted=True)


def in_series(session: Session, series: Iterable[Record]) -> People:
    """Return the users who take part in series, or took part in those that were just deleted."""
    listed = list(series)
    there = taking_part(session, (each for each in listed if each.deleted_at is None))
    return there | took_part(session, (each for each in listed if each.deleted_at is not None))


def is_off(event: Record) -> bool:
    """Return whether an event is cancelled or deleted."""
    return event.status == CANCELLED or event.deleted_at is not None
