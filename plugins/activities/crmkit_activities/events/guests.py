"""Guests of changed occurrences: those of their series from the start, and as they come, go and answer there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crmkit import Ref
from crmkit_activities.events.event import CalendarEvent, EventAttendee
from crmkit_activities.events.members import number_of
from crmkit_activities.referring import chunks

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from crmkit import Batch, Change, Record, Session

COPIED = ("who", "name", "address", "part", "attendance", "answered_at", "through")
AHEAD = "event.series in given.some and (event.last_at is None or event.last_at > now())"


def copy(session: Session, changes: Batch[Change]) -> None:
    """Invite those who are invited to a series to its occurrences that were changed now, as they have answered."""
    series: dict[int, list[Record]] = {}
    for change in changes.of(CalendarEvent):
        if change.before is None and isinstance(change.after.series, Ref):
            series.setdefault(int(change.after.series), []).append(change.after)
    session.create_many(
        EventAttendee,
        [
            {"event": occurrence, **copied(guest)}
            for guest in guests_of(session, "event in given.some", series)
            for occurrence in series[number_of(guest.event)]
        ],
    )


def copied(guest: Record) -> dict[str, object]:
    """Return what the guest of an occurrence has of the guest of its series."""
    return {name: getattr(guest, name) for name in COPIED}


def guests_of(session: Session, where: str, numbers: Iterable[int]) -> Iterator[Record]:
    """Yield attendees by the ids of events, in order."""
    for some in chunks(sorted(numbers)):
        yield from session.find(EventAttendee, where, given={"some": some}, order="id")


def key(guest: Record) -> object:
    """Return who a guest is: somebody, or else an address or name."""
    return guest.who if guest.who is not None else guest.address or guest.name


def follow(session: Session, changes: Batch[Change]) -> None:
    """Invite new guests of series to the changed occurrences ahead, too, and take over there what is said of others.

    What was said of somebody for one occurrence alone stays.
    """
    wanted = {number_of(change.after.event) for change in changes.of(EventAttendee)}
    ahead = occurrences_ahead(session, wanted)
    if not ahead:
        return
    there = {(number_of(each.event), key(each)): each for each in guests_of(session, AHEAD, ahead)}
    new: list[Mapping[str, object]] = []
    updates: list[tuple[Record, Mapping[str, object]]] = []
    for change in changes.of(EventAttendee):
        for occurrence in ahead.get(number_of(change.after.event), ()):
            found = there.get((occurrence, key(change.before or change.after)))
            if change.before is None and found is None:
                new.append({"event": occurrence, **copied(change.after)})
            elif change.before is not None and found is not None:
                if "who" in change.changed and (occurrence, change.after.who) in there:
                    session.delete(found)
                    continue
                same = {name for name in COPIED if getattr(found, name) == getattr(change.before, name)}
                updates.append((found, {name: getattr(change.after, name) for name in change.changed & same}))
    session.update_many((found, values) for found, values in updates if values)
    session.create_many(EventAttendee, new)


def follow_deletion(session: Session, changes: Batch[Change]) -> None:
    """Take those who are taken off a series off its changed occurrences ahead."""
    gone = {(number_of(change.after.event), key(change.after)) for change in changes.of(EventAttendee)}
    ahead = occurrences_ahead(session, session.readable_ids("calendar_event", {event for event, _who in gone}))
    of_series = {occurrence: series for series, occurrences in ahead.items() for occurrence in occurrences}
    for each in guests_of(session, AHEAD, ahead):
        if (of_series[number_of(each.event)], key(each)) in gone:
            session.delete(each)


def occurrences_ahead(session: Session, series: Iterable[int]) -> dict[int, list[int]]:
    """Return the ids of the changed occurrences of series that aren't over, by the ids of the series."""
    found: dict[int, list[int]] = {}
    for some in chunks(sorted(series)):
        where = "series in given.some and (last_at is None or last_at > now())"
        for number, of in session.rows(CalendarEvent, ["id", "series"], where, given={"some": some}):
            found.setdefault(number_of(of), []).append(number_of(number))
    return found
