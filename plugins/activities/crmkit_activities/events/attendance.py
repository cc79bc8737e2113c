"""Attendance: who is invited to an event, and what they answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crmkit import CreateDraft, Ref
from crmkit.errors import NotFoundError, Refusal, Refused
from crmkit.translation import _
from crmkit_activities.events.event import DECLINED, CalendarEvent, EventAttendee
from crmkit_activities.events.members import references

if TYPE_CHECKING:
    from collections.abc import Iterable

    from crmkit import Batch, Record, Session
    from crmkit.core.lifecycle.drafts import Draft

ANSWERS = ("accepted", "tentative", DECLINED)


def check(session: Session, drafts: Batch[Draft]) -> None:
    """Refuse attendees who are nobody, and note when somebody answered."""
    for draft in drafts.of(EventAttendee):
        if draft.get("who") is None and draft.get("address") is None and draft.get("name") is None:
            draft.refuse("who", _("Say who is invited: a user, a contact, a customer, or an address."))
        is_new = isinstance(draft, CreateDraft)
        if (
            draft.sets("attendance")
            and draft.get("attendance") in ANSWERS
            and not (is_new and draft.sets("answered_at"))
        ):
            draft.set("answered_at", session.unit.now)


def invite(
    session: Session, event: Record, people: Iterable[Record | Ref[object]], *, part: str = "required"
) -> list[EventAttendee]:
    """Invite users, contacts and customers to an event; who is invited already is left as it is.

    Raises:
        Refused: where conflicts are refused, with the times at which somebody is busy.
        AccessDeniedError: if the actor may not change the event.
    """
    rows = session.rows(EventAttendee, ["who"], {"event": event})
    known = {row[0] for row in rows}
    new = [each for each in references(people) if each not in known]
    return session.create_many(EventAttendee, [{"event": event, "who": each, "part": part} for each in new])


def answer(session: Session, event: Record, attendance: str) -> EventAttendee:
    """Say whether the acting user takes part: `accepted`, `tentative` or `declined`. Who is invited may do so.

    Raises:
        NotFoundError: if the actor isn't invited, or doesn't see the event.
        Refused: if it is no answer, or the actor is busy then and conflicts are refused.
    """
    if attendance not in ANSWERS:
        text = _("Answer with one of: {answers}.", answers=", ".join(ANSWERS))
        raise Refused(entity="event_attendee", refusals=(Refusal(path="attendance", text=text),))
    seen = session.get(CalendarEvent, event.id)
    found = session.elevated.find(EventAttendee, {"event": seen, "who": session.actor_ref})
    if not found or session.actor_ref is None:
        raise NotFoundError(entity="event_attendee", id=seen.subject)
    answered = session.elevated.update(found[0], attendance=attendance)
    if answered.version != found[0].version:
        session.elevated.emit("calendar_event.answered", seen, {"who": str(answered.who), "attendance": attendance})
    return answered
