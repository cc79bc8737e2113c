"""Notifying: those who take part in an event are told what becomes of it, once for each change, in its transaction.

Of a changed occurrence, those who take part in its series hear when it is changed, but not what becomes of the series.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from crmkit import Ref
from crmkit_activities.events.announcing import TOLD
from crmkit_activities.events.event import CANCELLED, DECLINED, CalendarEvent, EventAttendee
from crmkit_activities.events.members import number_of, user_ref
from crmkit_activities.events.partaking import in_series, is_off, owner_of, series_of, taking_part, took_part
from crmkit_activities.events.saying import (
    altered,
    cancelled,
    is_ahead,
    off_calendar,
    on_calendar,
    shown,
    times_of,
    uninvited,
)
from crmkit_activities.events.timing import read_wall, recurrence_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from datetime import datetime

    from crmkit import Batch, Change, Record, Session
    from crmkit.translation import Text

    Notice = Mapping[str, object]

PLANNED, CHANGED, OFF = "event_planned", "event_changed", "event_cancelled"
"""The kinds of notices."""


def after_create(session: Session, changes: Batch[Change]) -> None:
    """Tell those who are invited, and those on whose calendar others put something, change it, or bring it back."""
    session.notify_many([*of_new_events(session, changes), *of_new_guests(session, changes)])


def after_update(session: Session, changes: Batch[Change]) -> None:
    """Tell those who take part what is different, or that it doesn't take place, and who takes part instead."""
    others = [change for change in changes.of(EventAttendee) if "who" in change.changed]
    told = [*of_changes(session, changes), *of_owners(session, changes)]
    told += of_guests(session, PLANNED, on_calendar, (change.after for change in others))
    told += of_guests(session, OFF, uninvited, (change.before for change in others if change.before is not None))
    session.notify_many(told)


def after_delete(session: Session, changes: Batch[Change]) -> None:
    """Tell those who took part that an event is gone, goes on without them, or is as its series says again."""
    told = list(of_deletions(session, changes))
    told += of_guests(session, OFF, uninvited, (change.after for change in changes.of(EventAttendee)))
    session.notify_many(told)


def of_new_events(session: Session, changes: Batch[Change]) -> Iterator[Notice]:
    """Yield what is told of new events: to their owners, and of changed occurrences to all who take part."""
    events = [change.after for change in changes.of(CalendarEvent) if is_ahead(session, change.after)]
    people, when = taking_part(session, (each for each in events if each.series is not None)), times_of(session, events)
    for event in events:
        if event.series is not None:
            yield news(event, people[event.id], when[event.id])
        elif event.status != CANCELLED and event.owner is not None:
            yield telling(PLANNED, event, [owner_of(event)], on_calendar(event, when[event.id]))


def of_new_guests(session: Session, changes: Batch[Change]) -> list[Notice]:
    """Return what is told who is invited; to a changed occurrence, those whom its series doesn't have."""
    invited = [change for change in changes.of(EventAttendee) if isinstance(change.after.who, Ref)]
    events = session.by_id(session.model.entity(CalendarEvent), {number_of(each.after.event) for each in invited})
    known = in_series(session, series_of(session, events.values()).values())

    def is_known(guest: Record) -> bool:
        event = events.get(number_of(guest.event))
        return event is not None and isinstance(event.series, Ref) and guest.who in known[int(event.series)]

    new = [each.after for each in invited if each.before is not None or not is_known(each.after)]
    return of_guests(session, PLANNED, on_calendar, new)


def of_guests(
    session: Session, kind: str, words: Callable[[Record, str], Text], guests: Iterable[Record]
) -> list[Notice]:
    """Return what is told to users who haven't declined, of events ahead; owners know of their own."""
    listed = [each for each in guests if isinstance(each.who, Ref) and each.who.entity == "user"]
    found = session.by_id(session.model.entity(CalendarEvent), {number_of(each.event) for each in listed})
    events = {number: each for number, each in found.items() if not is_off(each) and is_ahead(session, each)}
    when = times_of(session, events.values())
    return [
        telling(kind, event, [each.who], words(event, when[event.id]), change=each)
        for each in listed
        if each.attendance != DECLINED and (event := events.get(number_of(each.event))) and each.who != owner_of(event)
    ]


def of_changes(session: Session, changes: Batch[Change]) -> Iterator[Notice]:
    """Yield what is told of events that are different; of those that are off with their series, who knows is left out.

    Whoever owns one from now on is told that it comes.
    """
    changed = [
        change
        for change in changes.of(CalendarEvent)
        if change.changed & set(TOLD) and not was_off(change) and is_ahead(session, change.after)
    ]
    events = [change.after for change in changed]
    people, when = taking_part(session, events), times_of(session, events)
    series = series_of(session, (each for each in events if is_off(each)))
    known = in_series(session, (each for each in series.values() if is_off(each)))
    for change in changed:
        event = change.after
        informed = known.get(int(event.series), set()) if is_off(event) and isinstance(event.series, Ref) else set()
        if "owner" in change.changed and event.owner is not None:
            informed = informed | {user_ref(event.owner)}
        yield news(event, people[event.id] - informed, when[event.id])


def of_owners(session: Session, changes: Batch[Change]) -> Iterator[Notice]:
    """Yield what is told when an event goes to another calendar: to who owns it now, and to who did."""
    moved = [
        change
        for change in changes.of(CalendarEvent)
        if "owner" in change.changed and change.after.series is None and is_ahead(session, change.after)
    ]
    events = [change.after for change in moved if not is_off(change.after)]
    people, when = taking_part(session, events), times_of(session, events)
    for change in moved:
        event = change.after
        if event.id not in people or change.before is None:
            continue
        if event.owner is not None:
            yield telling(PLANNED, event, [owner_of(event)], on_calendar(event, when[event.id]))
        former = {owner_of(change.before)} - people[event.id] - {None}
        yield {**telling(OFF, event, former, off_calendar(event, when[event.id])), "about": None}


def of_deletions(session: Session, changes: Batch[Change]) -> Iterator[Notice]:
    """Yield what is told of events that are deleted; of occurrences of a series that goes on, that they are as it says.

    Of those that are off with their series, who knows is left out.
    """
    events = [change.after for change in changes.of(CalendarEvent) if is_ahead(session, change.after)]
    people, when, series = took_part(session, events), times_of(session, events), series_of(session, events)
    known = in_series(session, series.values())
    for event in events:
        told = people[event.id]
        whole = series.get(int(event.series)) if isinstance(event.series, Ref) else None
        start = None if whole is None else start_in(session, whole, str(event.occurrence))
        if whole is not None and start is not None:
            text = altered(whole, shown(session, whole, start))
            yield telling(CHANGED, whole, known[whole.id], text, change=event)
        if whole is not None and (start is not None or is_off(whole)):
            told = told - known[whole.id]
        if event.status != CANCELLED:
            yield telling(OFF, event, told, cancelled(event, when[event.id]))


def start_in(session: Session, series: Record, occurrence: str) -> datetime | None:
    """Return when a series has an occurrence; None if it doesn't take place then."""
    recurrence, wall = recurrence_of(series, session.model.conventions.time_zone), read_wall(occurrence)
    if is_off(series) or wall in recurrence.exceptions or not recurrence.takes_place(wall):
        return None
    return recurrence.span(wall).start


def was_off(change: Change) -> bool:
    """Return whether an event was cancelled before, and still is."""
    return change.before is not None and change.before.status == change.after.status == CANCELLED


def news(event: Record, people: Iterable[object], when: str) -> Notice:
    """Return what is told of an event that is different, or is off now."""
    if event.status == CANCELLED:
        return telling(OFF, event, people, cancelled(event, when))
    return telling(CHANGED, event, people, altered(event, when))


def telling(kind: str, event: Record, people: Iterable[object], text: Text, *, change: Record | None = None) -> Notice:
    """Return what is told: once of a kind about a version of the event, or of another record that was changed for it.

    Of an event that is gone, or on which somebody isn't any more, there is no link to it.
    """
    cause = event if change is None else change
    about = event if event.deleted_at is None and (kind != OFF or change is None) else None
    return {
        "to": list(people),
        "text": text,
        "about": about,
        "kind": kind,
        "key": f"{kind} {cause.ref} {cause.version}",
    }
