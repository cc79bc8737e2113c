"""Entries: what is on the calendars of people in a window, in a few statements, with system reach.

What is returned from here is for nobody's eyes: `calendar` and `free_busy` show of it what may be shown.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import field, frozen

from crmkit import Ref
from crmkit.errors import InvalidValue, Refusal, Refused
from crmkit.translation import _
from crmkit_activities.events.appointments import appointments
from crmkit_activities.events.attending import Attending
from crmkit_activities.events.event import CANCELLED, DECLINED, CalendarEvent, EventAttendee
from crmkit_activities.events.members import number_of, user_ref
from crmkit_activities.events.timing import read_wall, recurrence_of
from crmkit_activities.referring import chunks, rows_referring

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from datetime import datetime

    from crmkit import Record, Session
    from crmkit_activities.events.attending import Attendance
    from crmkit_activities.events.spans import Span

IN_WINDOW = "first_at <= given.end and (last_at is None or last_at >= given.start)"
OF_EVENT = "event.first_at <= given.end and (event.last_at is None or event.last_at >= given.start)"
MOST = 20_000


@frozen(kw_only=True, eq=False)
class Entry:
    """One occurrence of an event, or a planned activity, on the calendars of some people.

    Attributes:
        record: the event or activity, whole.
        attendance: how each of those people takes part.
        wall: what the clock of the event's zone shows at its start; None of an activity.
    """

    span: Span
    record: Record
    attendance: Attendance
    wall: datetime | None = None
    all_day: bool = False

    @property
    def family(self) -> tuple[str, int]:
        """What it belongs to: its series, or itself."""
        entity = self.record.__crmkit_entity__.name
        series = self.record.series if entity == "calendar_event" else None
        return entity, int(series) if isinstance(series, Ref) else self.record.id

    @property
    def takes_time_of(self) -> list[Ref[object]]:
        """Return those whose time it takes."""
        return takers(self.record, self.attendance) if self.span.start < self.span.end else []


def takers(record: Record, attendance: Attendance) -> list[Ref[object]]:
    """Return those whose time an event or activity takes."""
    is_event = record.__crmkit_entity__.name == "calendar_event"
    if is_event and (not record.busy or record.status == CANCELLED):
        return []
    return [who for who, each in attendance.items() if each.takes_time]


@frozen(kw_only=True, eq=False)
class Loaded:
    """The events of some people in a window, as they were read."""

    events: Mapping[int, Record]
    changed: Mapping[int, list[Record]] = field(factory=dict)
    attendance: Mapping[int, Attendance] = field(factory=dict)


def entries(
    session: Session, people: Iterable[Ref[object]], window: Span, *, only_busy: bool = False, most: int | None = MOST
) -> list[Entry]:
    """Return what is on the calendars of users, contacts and customers in a window, in the order of time.

    What all of them have declined isn't. With `only_busy`, it is what takes the time of one of them. Without `most`,
    the first occurrences of an event stand for those that are too many.

    Raises:
        Refused: if there is more than `most`.
    """
    system, wanted = session.elevated, list(people)
    loaded = load(system, wanted, window)
    found: list[Entry] = []
    try:
        for event, attendance in attended(loaded, wanted, only_busy=only_busy):
            moved = [read_wall(str(each.occurrence)) for each in loaded.changed.get(event.id, ())]
            recurrence = recurrence_of(event, system.model.conventions.time_zone, moved)
            left = {"first": MOST} if most is None else {"most": most - len(found)}
            found += [
                Entry(span=each.span, record=event, attendance=attendance, wall=each.wall, all_day=recurrence.all_day)
                for each in recurrence.between(window.start, window.end, **left)
            ]
    except InvalidValue as error:
        raise Refused(entity="calendar", refusals=(Refusal(path="end", text=str(error)),)) from error
    events = {event.ref for event in loaded.events.values()}
    found += [
        Entry(span=span, record=activity, attendance=dict.fromkeys(who, Attending()))
        for activity, span, who in appointments(system, wanted, window)
        if activity.about not in events
    ]
    return sorted(found, key=lambda each: (each.span, each.record.__crmkit_entity__.name, each.record.id))


def attended(loaded: Loaded, people: Iterable[Ref[object]], *, only_busy: bool) -> Iterator[tuple[Record, Attendance]]:
    """Yield the events that are on the calendars of people, with how they take part."""
    for event in loaded.events.values():
        attendance = attendance_of(event, loaded, people)
        shown = takers(event, attendance) if only_busy else attendance
        if shown and any(each.state != DECLINED for each in attendance.values()):
            yield event, attendance


def load(system: Session, people: list[Ref[object]], window: Span) -> Loaded:
    """Return the events of people in a window: five statements, however many there are."""
    given: dict[str, object] = {"start": window.start, "end": window.end}
    attended = attended_events(system, people, given)
    owners = [int(each) for each in people if each.entity == "user"]
    events: dict[int, Record] = {}
    if owners:
        where = f"owner in given.owners and {IN_WINDOW}"
        events |= {each.id: each for each in system.find(CalendarEvent, where, given=given | {"owners": owners})}
    for numbers in chunks(sorted(attended - events.keys())):
        where = f"id in given.numbers and {IN_WINDOW}"
        events |= {each.id: each for each in system.find(CalendarEvent, where, given=given | {"numbers": numbers})}
    masters = [event.id for event in events.values() if event.series is None]
    changed: dict[int, list[Record]] = {}
    for numbers in chunks(sorted(masters)):
        for each in system.find(CalendarEvent, "series in given.numbers", given={"numbers": numbers}):
            changed.setdefault(number_of(each.series), []).append(each)
            if each.first_at <= window.end and each.last_at >= window.start:  # type: ignore[operator]
                events.setdefault(each.id, each)
    attendance = attendances(system, events)
    return Loaded(events=events, changed=changed, attendance=attendance)


def attended_events(system: Session, people: list[Ref[object]], given: Mapping[str, object]) -> set[int]:
    """Return the ids of the events in a window to which people are invited."""
    found: set[int] = set()
    for entity in dict.fromkeys(each.entity for each in people):
        numbers = [int(each) for each in people if each.entity == entity]
        where = f"who.entity == {entity!r} and who.id in given.numbers and {OF_EVENT}"
        for some in chunks(numbers):
            rows = system.rows(EventAttendee, ["event"], where, given={**given, "numbers": some})
            found.update(number_of(row[0]) for row in rows)
    return found


def attendances(system: Session, events: Iterable[int]) -> dict[int, dict[Ref[object], Attending]]:
    """Return who is invited to events, and how, by the events' ids."""
    found: dict[int, dict[Ref[object], Attending]] = {}
    paths = ("event", "who", "attendance", "part")
    for event, who, state, part in rows_referring(system, EventAttendee, paths, "event", events):
        people = found.setdefault(number_of(event), {})
        if isinstance(who, Ref):
            people[who] = Attending(state=str(state), part=str(part))
    return found


def attendance_of(event: Record, loaded: Loaded, people: Iterable[Ref[object]]) -> Attendance:
    """Return how those of some people take part who do."""
    found = dict(loaded.attendance.get(event.id, {}))
    if event.owner is not None:
        found.setdefault(user_ref(event.owner), Attending())
    return {who: found[who] for who in people if who in found}


def too_long(path: str, most: int) -> Refused:
    """Return the refusal of a window that is too long."""
    return Refused(
        entity="calendar", refusals=(Refusal(path=path, text=_("Ask for at most {most} days at once.", most=most)),)
    )
