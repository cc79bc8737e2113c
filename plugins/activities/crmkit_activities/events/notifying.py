"""Notifying: those who take part in an event are told what becomes of it, once for each change, in its transaction.

Of a changed occurrence, those who take part in its series hear when it is changed, but not what becomes of the series.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from crmkit import Ref
from crmkit_activities.events.announcing import TOLD
from crmkit_activities.events.event import CANCELLED, DECLINED, CalendarEvent, EventAttendee
from crmkit_activities.events.members import number_of
from crmkit_activities.events.partaking import (
    in_series,
    is_off,
    owner_of,
    owners_of,
    partaker_of,
    series_of,
    taking_part,
    took_part,
)
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
from crmkit_activities.events.telling import CHANGED, OFF, PLANNED, News, tell
from crmkit_activities.events.timing import read_wall, recurrence_of

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator
    from datetime import datetime

    from crmkit import Batch, Change, Record, Session
    from crmkit.translation import Text
    from crmkit_activities.events.telling import Partaker


def after_create(session: Session, changes: Batch[Change]) -> None:
    """Tell those who are invited, and those on whose calendar others put something, change it, or bring it back."""
    tell(session, [*of_new_events(session, changes), *of_new_guests(session, changes)])


def after_update(session: Session, changes: Batch[Change]) -> None:
    """Tell those who take part what is different, or that it doesn't take place, and who takes part instead."""
    others = [change for change in changes.of(EventAttendee) if "who" in change.changed]
    told = [*of_changes(session, changes), *of_owners(session, changes)]
    told += of_guests(session, PLANNED, on_calendar, (change.after for change in others))
    told += of_guests(session, OFF, uninvited, (change.before for change in others if change.before is not None))
    tell(session, told)


def after_delete(session: Session, changes: Batch[Change]) -> None:
    """Tell those who took part that an event is gone, goes on without them, or is as its series says again."""
    told = list(of_deletions(session, changes))
    told += of_guests(session, OFF, uninvited, (change.after for change in changes.of(EventAttendee)))
    tell(session, told)


def of_new_events(session: Session, changes: Batch[Change]) -> Iterator[News]:
    """Yield what is told of events that come: to their owners, and of new changed occurrences to all who take part."""
    ahead = [change for change in changes.of(CalendarEvent) if is_ahead(session, change.after)]
    events = [change.after for change in ahead]
    back = owners_of(change.after for change in ahead if change.before is not None)
    people = taking_part(session, (each for each in events if each.series is not None)) | back
    when = times_of(session, events)
    for event in events:
        if event.series is not None:
            yield news(event, people[event.id], when[event.id])
        elif event.status != CANCELLED and event.owner is not None:
            yield coming(event, when[event.id])


def of_new_guests(session: Session, changes: Batch[Change]) -> list[News]:
    """Return what is told who is invited; to a changed occurrence, those whom its series doesn't have."""
    invited = list(changes.of(EventAttendee))
    events = session.by_id(session.model.entity(CalendarEvent), {number_of(each.after.event) for each in invited})
    known = in_series(session, series_of(session, events.values()).values())

    def is_known(guest: Record) -> bool:
        event = events.get(number_of(guest.event))
        return event is not None and isinstance(event.series, Ref) and partaker_of(guest) in known[int(event.series)]

    new = [each.after for each in invited if each.before is not None or not is_known(each.after)]
    return of_guests(session, PLANNED, on_calendar, new)


def of_guests(
    session: Session, kind: str, words: Callable[[Record, str], Text], guests: Iterable[Record]
) -> list[News]:
    """Return what is told to guests who haven't declined, of events ahead; owners know of their own."""
    listed = [each for each in guests if each.attendance != DECLINED]
    found = session.by_id(session.model.entity(CalendarEvent), {number_of(each.event) for each in listed})
    events = {number: each for number, each in found.items() if not is_off(each) and is_ahead(session, each)}
    when = times_of(session, events.values())
    return [
        News(kind=kind, event=event, cause=each, to=[who], text=words(event, when[event.id]), is_linked=kind == PLANNED)
        for each in listed
        if (event := events.get(number_of(each.event))) and (who := partaker_of(each)) and who != owner_of(event)
    ]


def of_changes(session: Session, changes: Batch[Change]) -> Iterator[News]:
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
        told = people[event.id]
        if is_off(event) and isinstance(event.series, Ref):
            told = told - known.get(int(event.series), set())
        if "owner" in change.changed:
            told = told - owners_of([event])[event.id]
        yield news(event, told, when[event.id])


def of_owners(session: Session, changes: Batch[Change]) -> Iterator[News]:
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
            yield coming(event, when[event.id])
        former = [each for each in owners_of([change.before])[event.id] if each not in people[event.id]]
        text = off_calendar(event, when[event.id])
        yield News(kind=OFF, event=event, cause=event, to=former, text=text, is_linked=False)


def of_deletions(session: Session, changes: Batch[Change]) -> Iterator[News]:
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
            yield News(kind=CHANGED, event=whole, cause=event, to=known[whole.id], text=text)
        if whole is not None and (start is not None or is_off(whole)):
            told = told - known[whole.id]
        if event.status != CANCELLED:
            yield News(kind=OFF, event=event, cause=event, to=told, text=cancelled(event, when[event.id]))


def start_in(session: Session, series: Record, occurrence: str) -> datetime | None:
    """Return when a series has an occurrence; None if it doesn't take place then."""
    recurrence, wall = recurrence_of(series, session.model.conventions.time_zone), read_wall(occurrence)
    if is_off(series) or wall in recurrence.exceptions or not recurrence.takes_place(wall):
        return None
    return recurrence.span(wall).start


def was_off(change: Change) -> bool:
    """Return whether an event was cancelled before, and still is."""
    return change.before is not None and change.before.status == change.after.status == CANCELLED


def coming(event: Record, when: str) -> News:
    """Return what the owner of an event is told that comes onto its calendar."""
    return News(kind=PLANNED, event=event, cause=event, to=owners_of([event])[event.id], text=on_calendar(event, when))


def news(event: Record, people: Collection[Partaker], when: str) -> News:
    """Return what is told of an event that is different, or is off now."""
    if event.status == CANCELLED:
        return News(kind=OFF, event=event, cause=event, to=people, text=cancelled(event, when))
    return News(kind=CHANGED, event=event, cause=event, to=people, text=altered(event, when))
