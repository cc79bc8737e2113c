"""What becomes known of an event: that it was planned, changed or cancelled, with what is different."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crmkit import Ref
from crmkit_activities.events.coming import comes
from crmkit_activities.events.event import CANCELLED, CalendarEvent, EventAttendee
from crmkit_activities.events.members import number_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from crmkit import Batch, Change, Record, Session

TOLD = (
    "subject",
    "wall_start",
    "length",
    "time_zone",
    "all_day",
    "place",
    "recurrence",
    "extra_dates",
    "except_dates",
    "status",
)
"""The fields whose changes those who take part are told of."""


def announce(session: Session, changes: Batch[Change]) -> None:
    """Emit once for each event that was changed for those who take part, and for everybody who was invited."""
    for change in changes.of(CalendarEvent):
        told = sorted(change.changed.intersection(TOLD))
        if change.before is None or not told:
            continue
        is_off = change.after.status == CANCELLED
        if is_off and change.before.status == CANCELLED:
            continue
        name = "calendar_event.cancelled" if is_off else "calendar_event.changed"
        session.emit(name, change.after, {"changed": told, **times(change.after)})
    invited: dict[int, list[str]] = {}
    for change in changes.of(EventAttendee):
        if comes(change) and isinstance(change.after.who, Ref):
            invited.setdefault(number_of(change.after.event), []).append(str(change.after.who))
    if invited:
        events = session.by_id(session.model.entity(CalendarEvent), invited)
        for number, people in invited.items():
            session.emit("calendar_event.planned", events[number], {"invited": people, **times(events[number])})


def announce_deletion(session: Session, changes: Batch[Change]) -> None:
    """Emit that an event which is deleted doesn't take place."""
    emit_gone(session, (change.after for change in changes.of(CalendarEvent)))


def emit_gone(session: Session, events: Iterable[Record]) -> None:
    """Emit the cancellation of events that weren't cancelled before."""
    for event in events:
        if event.status != CANCELLED:
            session.emit("calendar_event.cancelled", event, {"changed": ["status"], **times(event)})


def times(event: Record) -> dict[str, object]:
    """Return when an event is, for a payload."""
    series, occurrence = event.series, event.occurrence
    return {
        "wall_start": event.wall_start,
        "time_zone": event.time_zone,
        "series": str(series) if isinstance(series, Ref) else None,
        "occurrence": occurrence,
    }
