"""Letters to the guests of events who are no users."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from crmkit import Message, Ref
from crmkit.core.declare.conventions import Conventions
from crmkit.core.declare.kinds import EmailKind
from crmkit.errors import InvalidValue
from crmkit_activities.events.event import CalendarEvent, EventAttendee
from crmkit_activities.events.members import number_of
from crmkit_activities.events.partaking import is_off
from crmkit_activities.events.saying import altered, cancelled, invited, times_of, uninvited
from crmkit_activities.events.telling import CHANGED, OFF
from crmkit_activities.mail import smtp

if TYPE_CHECKING:
    from crmkit import JobRun, Record, Session
    from crmkit.translation import Text


def write(session: Session, run: JobRun, *, guest: int, kind: str, key: str) -> None:
    """Write to a guest what has become of an event, as it is by now: at least once, always with the same id.

    Nothing is written to who has no address, or is gone for good.
    """
    del run
    attendee = session.reader.by_id(session.model.entity(EventAttendee), [guest], deleted=True).get(guest)
    address = None if attendee is None else address_of(session, attendee)
    if attendee is None or address is None:
        return
    number = number_of(attendee.event)
    event = session.reader.by_id(session.model.entity(CalendarEvent), [number], deleted=True)[number]
    text = session.model.languages.of(session.model.conventions.locale).say(words(session, event, kind))
    parts = (str(attendee.ref), attendee.created_at.isoformat(), key)
    same = hashlib.sha256("\n".join(parts).encode()).hexdigest()[:32]
    smtp.send(session, Message(to=address, subject=" ".join(text.split())[:120], text=text, id=same))


def words(session: Session, event: Record, kind: str) -> Text:
    """Return what a guest is told of an event."""
    when = times_of(session, [event])[event.id]
    if kind == OFF:
        return cancelled(event, when) if is_off(event) else uninvited(event, when)
    return altered(event, when) if kind == CHANGED else invited(event, when)


def address_of(session: Session, attendee: Record) -> str | None:
    """Return the e-mail address of a guest: the one by which it is invited, else the guest's own."""
    given = attendee.address
    if given is None and isinstance(attendee.who, Ref):
        found = session.by_id(session.model.entities[attendee.who.entity], [int(attendee.who)])
        given = getattr(found.get(int(attendee.who)), "email", None)
    try:
        return None if given is None else EmailKind().parse(str(given).removeprefix("mailto:"), Conventions())
    except InvalidValue:
        return None
