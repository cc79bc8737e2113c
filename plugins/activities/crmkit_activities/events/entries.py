"""Entries: what is on the calendars of people in a window, in a few statements, with system reach.

What is returned from here is for nobody's eyes: `calendar` and `free_busy` show of it what may be shown.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import field, frozen

from crmkit import Ref
from crmkit.core.declare.values import ref_class
from crmkit.errors import InvalidValue, Refusal, Refused
from crmkit.translation import _
from crmkit_activities.activity import Activity
from crmkit_activities.events.event import ABSENT, CANCELLED, CalendarEvent, EventAttendee
from crmkit_activities.events.members import number_of
from crmkit_activities.events.spans import Span
from crmkit_activities.events.timing import read_wall, recurrence_of
from crmkit_activities.referring import chunks

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from crmkit import Record, Session

    Attendance = Mapping[Ref[object], str]

IN_WINDOW = "first_at <= given.end and (last_at is None or last_at >= given.start)"
OF_EVENT = "event.first_at <= given.end and (event.last_at is None or event.last_at >= given.start)"
PLANNED = (
    "owner in given.owners and stage.kind in ('open', 'waiting')"
    " and planned_start < given.end and planned_end > given.start"
)
MOST = 20_000


@frozen(kw_only=True, eq=False)
class Entry:
    """One occurrence of an event, or a planned activity, on the calendars of some people.

    Attributes:
        record: the event or activity, whole.
        attendance: the state of each of those people; of an owner who isn't invited, `accepted`.
        wall: what the clock of the event's zone shows at its start; None of an activity.
    """

    span: Span
    record: Record
    attendance: Attendance
    wall: datetime | None = None
    all_day: bool = False

    @property
    def is_busy(self) -> bool:
        """Whether it takes the time of those who attend."""
        if self.record.__crmkit_entity__.name == "activity":
            return True
        return bool(self.record.busy) and self.record.status != CANCELLED and self.span.start < self.span.end

    @property
    def family(self) -> tuple[str, int]:
        """What it belongs to: its series, or itself."""
        entity = self.record.__crmkit_entity__.name
        series = self.record.series if entity == "calendar_event" else None
        return entity, int(series) if isinstance(series, Ref) else self.record.id

    @property
    def takes_time_of(self) -> list[Ref[object]]:
        """Return those whose time it takes."""
        return [who for who, state in self.attendance.items() if state not in ABSENT] if self.is_busy else []


@frozen(kw_only=True, eq=False)
class Loaded:
    """The events of some people in a window, as they were read."""

    events: Mapping[int, Record]
    changed: Mapping[int, list[Record]] = field(factory=dict)
    attendance: Mapping[int, Attendance] = field(factory=dict)


def entries(session: Session, people: Iterable[Ref[object]], window: Span, *, most: int = MOST) -> list[Entry]:
    """Return what is on the calendars of users, contacts and customers in a window, in the order of time.

    Raises:
        Refused: if there is more than `most`.
    """
    system, wanted = session.elevated, list(people)
    loaded = load(system, wanted, window)
    home = session.model.conventions.time_zone
    found: list[Entry] = []
    try:
        for event in loaded.events.values():
            attendance = attendance_of(event, loaded, wanted)
            if not attendance:
                continue
            moved = [read_wall(str(each.occurrence)) for each in loaded.changed.get(event.id, ())]
            recurrence = recurrence_of(event, home, moved)
            for each in recurrence.between(window.start, window.end, most=most - len(found)):
                entry = Entry(
                    span=each.span, record=event, attendance=attendance, wall=each.wall, all_day=recurrence.all_day
                )
                found.append(entry)
    except InvalidValue as error:
        raise Refused(entity="calendar", refusals=(Refusal(path="end", text=str(error)),)) from error
    found += planned(system, wanted, window, {event.ref for event in loaded.events.values()})
    return sorted(found, key=lambda each: (each.span, each.record.__crmkit_entity__.name, each.record.id))


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


def attendances(system: Session, events: Iterable[int]) -> dict[int, dict[Ref[object], str]]:
    """Return who is invited to events, with the states, by the events' ids."""
    found: dict[int, dict[Ref[object], str]] = {}
    for some in chunks(sorted(events)):
        rows = system.rows(EventAttendee, ["event", "who", "attendance"], "event in given.some", given={"some": some})
        for event, who, state in rows:
            people = found.setdefault(number_of(event), {})
            if isinstance(who, Ref):
                people[who] = str(state)
    return found


def attendance_of(event: Record, loaded: Loaded, people: Iterable[Ref[object]]) -> dict[Ref[object], str]:
    """Return the states of those of some people who take part."""
    states = dict(loaded.attendance.get(event.id, {}))
    if event.owner is not None:
        states.setdefault(ref_class("user")(number_of(event.owner)), "accepted")
    return {who: states[who] for who in people if who in states}


def planned(system: Session, people: Iterable[Ref[object]], window: Span, events: set[Ref[object]]) -> list[Entry]:
    """Return the activities that people have planned in a window, but for those about events that are there anyway."""
    owners = [int(each) for each in people if each.entity == "user"]
    found = []
    for some in chunks(owners):
        given = {"owners": some, "start": window.start, "end": window.end}
        for each in system.find(Activity, PLANNED, given=given):
            if each.about in events:
                continue
            owner = ref_class("user")(number_of(each.owner))
            span = Span(each.planned_start, each.planned_end)  # type: ignore[arg-type]
            found.append(Entry(span=span, record=each, attendance={owner: "accepted"}))
    return found


def too_long(path: str, most: int) -> Refused:
    """Return the refusal of a window that is too long."""
    return Refused(
        entity="calendar", refusals=(Refusal(path=path, text=_("Ask for at most {most} days at once.", most=most)),)
    )
