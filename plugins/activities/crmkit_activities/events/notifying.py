"""Notifying: those who take part in an event are told what becomes of it, once for each change, in its transaction."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from crmkit import Ref
from crmkit.core.declare.kinds import DateKind
from crmkit.core.declare.values import ref_class
from crmkit.core.lifecycle.homezone import day_of
from crmkit.translation import _
from crmkit_activities.events.announcing import TOLD
from crmkit_activities.events.event import CANCELLED, DECLINED, CalendarEvent, EventAttendee
from crmkit_activities.events.members import number_of
from crmkit_activities.referring import rows_referring

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from crmkit import Batch, Change, Record, Session
    from crmkit.translation import Text

PLANNED, CHANGED, OFF = "event_planned", "event_changed", "event_cancelled"
"""The kinds of notices."""
People = dict[int, set[Ref[object]]]
"""Users by the event that they take part in."""


def after_create(session: Session, changes: Batch[Change]) -> None:
    """Tell those who are invited, and those on whose calendar others put something, or bring it back."""
    invited: People = {}
    for change in changes.of(EventAttendee):
        if change.after.attendance != DECLINED:
            note(invited, number_of(change.after.event), change.after.who)
    for change in changes.of(CalendarEvent):
        note(invited, change.after.id, change.after.owner)
    events = session.by_id(session.model.entity(CalendarEvent), invited)
    ahead = [event for event in events.values() if is_ahead(session, event)]
    session.notify_many(
        telling(PLANNED, event, invited[event.id], invitation(session, event))
        if event.status != CANCELLED
        else telling(OFF, event, invited[event.id], cancellation(session, event))
        for event in ahead
        if event.status != CANCELLED or event.series is not None
    )


def after_update(session: Session, changes: Batch[Change]) -> None:
    """Tell those who take part what is different, or that the event doesn't take place."""
    changed = [
        change.after
        for change in changes.of(CalendarEvent)
        if change.changed & set(TOLD) and not was_off(change) and is_ahead(session, change.after)
    ]
    people = taking_part(session, changed)
    session.notify_many(
        telling(OFF, event, people[event.id], cancellation(session, event))
        if event.status == CANCELLED
        else telling(CHANGED, event, people[event.id], alteration(session, event))
        for event in changed
    )


def after_delete(session: Session, changes: Batch[Change]) -> None:
    """Tell those who took part that an event is gone, or goes on without them."""
    gone = [
        change.after
        for change in changes.of(CalendarEvent)
        if change.after.status != CANCELLED and is_ahead(session, change.after)
    ]
    people = took_part(session, gone)
    session.notify_many(telling(OFF, event, people[event.id], cancellation(session, event)) for event in gone)
    removed: People = {}
    for change in changes.of(EventAttendee):
        if change.after.attendance != DECLINED:
            note(removed, number_of(change.after.event), change.after.who)
    for number, event in session.by_id(session.model.entity(CalendarEvent), removed).items():
        if event.status != CANCELLED and is_ahead(session, event):
            key = f"{OFF} {event.ref} {session.unit.now.isoformat()}"
            session.notify(
                removed[number],
                _("You are no longer invited: {subject}, {when}", subject=event.subject, when=shown(session, event)),
                kind=OFF,
                key=key,
            )


def note(people: People, event: int, who: object) -> None:
    """Remember a user who takes part."""
    if isinstance(who, Ref) and who.entity == "user":
        people.setdefault(event, set()).add(who)


def taking_part(session: Session, events: Iterable[Record]) -> People:
    """Return the owners of events, and the users who are invited and haven't declined, in one statement."""
    found: People = {event.id: set() for event in events}
    for event in events:
        note(found, event.id, event.owner)
    for number, who, attendance in rows_referring(
        session, EventAttendee, ("event", "who", "attendance"), "event", found
    ):
        if attendance != DECLINED:
            note(found, number_of(number), who)
    return found


def took_part(session: Session, events: Iterable[Record]) -> People:
    """Return the owners of events that were just deleted, and the users whose invitations went with them."""
    found: People = {event.id: set() for event in events}
    for event in events:
        note(found, event.id, event.owner)
    table = session.tables["event_attendee"]
    rows = table.select().where(
        table.c.event_id.in_(found), table.c.deleted_at == session.unit.now, table.c.who_entity == "user"
    )
    for row in session.unit.connection.execute(rows) if found else ():
        if row.attendance != DECLINED:
            found[row.event_id].add(ref_class("user")(row.who_id))
    return found


def is_ahead(session: Session, event: Record) -> bool:
    """Return whether anything of an event still lies ahead."""
    return not isinstance(event.last_at, datetime) or event.last_at > session.unit.now


def was_off(change: Change) -> bool:
    """Return whether an event was cancelled before, and still is."""
    return change.before is not None and change.before.status == change.after.status == CANCELLED


def telling(kind: str, event: Record, people: Iterable[object], text: Text) -> Mapping[str, object]:
    """Return what is told: once of a kind about a version of the event; of one that is gone without a link to it."""
    key = f"{kind} {event.ref} version {event.version}"
    about = event if event.deleted_at is None else None
    return {"to": list(people), "text": text, "about": about, "kind": kind, "key": key}


def invitation(session: Session, event: Record) -> Text:
    """Return what those who are invited are told; an occurrence of a series that is changed is none that is new."""
    if event.series is not None:
        return alteration(session, event)
    return _("On your calendar: {subject}, {when}", subject=event.subject, when=shown(session, event))


def alteration(session: Session, event: Record) -> Text:
    """Return what is told of an event that is changed."""
    return _("Changed: {subject}, now {when}", subject=event.subject, when=shown(session, event))


def cancellation(session: Session, event: Record) -> Text:
    """Return what is told of an event that doesn't take place."""
    return _("Cancelled: {subject}, {when}", subject=event.subject, when=shown(session, event))


def shown(session: Session, event: Record) -> str:
    """Return when an event begins, as people of the CRM's locale and home time zone read it, and where it is."""
    kind, start = session.model.entity(event).fields["starts_at"].kind, event.starts_at
    assert isinstance(start, datetime)
    if event.all_day:
        when = DateKind().format(day_of(start, str(event.time_zone)), session.model.conventions)
    else:
        when = kind.format(start, session.model.conventions)
    return when if event.place is None else f"{when}, {event.place}"
