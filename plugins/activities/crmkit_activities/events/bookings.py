"""Bookings: the time that events, appointments and invitations ask for, and of whom."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from attrs import frozen

from crmkit import Ref
from crmkit.core.declare.kinds.times import zone
from crmkit_activities.activity import Activity
from crmkit_activities.events.appointments import participants_of, span_of
from crmkit_activities.events.attending import Attending
from crmkit_activities.events.entries import attendances
from crmkit_activities.events.event import CANCELLED, CalendarEvent
from crmkit_activities.events.members import number_of, user_ref
from crmkit_activities.events.occurrences import moved_of
from crmkit_activities.events.recurrence import Recurrence
from crmkit_activities.events.timing import recurrence_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from crmkit import Record, Session
    from crmkit_activities.events.diaries import Conflict

    Tell = Callable[[list[Conflict], int], None]
    Wanted = Sequence[tuple[dict[str, object], Record | None, Tell]]
    """Values that a record will have, the record as it is, and how to tell of conflicts."""
    Asked = Sequence[tuple[object, object, Tell]]
    """To what somebody is asked, who that is, and how to tell of conflicts."""


@frozen(kw_only=True, eq=False)
class Booking:
    """What an event or appointment asks for: the time of some people, when it takes place.

    Attributes:
        family: what it belongs to, which isn't in its way: its series, or itself.
        about: the family of the event that an appointment is about, which isn't in its way either.
    """

    family: tuple[str, int]
    about: tuple[str, int] | None = None
    people: tuple[Ref[object], ...]
    recurrence: Recurrence
    tell: Tell


def of_events(session: Session, wanted: Wanted, new: Iterable[int] = ()) -> list[Booking]:
    """Return what events ask for: the time of their owners and of those who are invited already.

    An occurrence that isn't written yet asks for the time of the guests of its series. The guests of `new` events are
    left out: their invitations ask for themselves.
    """
    busy = [each for each in wanted if each[0]["busy"] and each[0]["status"] != CANCELLED]
    known = {record.id: record for _values, record, _tell in busy if record is not None}
    series = {
        int(each) for values, record, _tell in busy if record is None and isinstance(each := values["series"], Ref)
    }
    invited = attendances(session, (known.keys() | series).difference(new)) if busy else {}
    moved = moved_of(session, known) if known else {}
    found = []
    for index, (values, record, tell) in enumerate(busy):
        part_of = values["series"]
        of = record.id if record is not None else int(part_of) if isinstance(part_of, Ref) else 0
        people = dict(invited.get(of, {}))
        if values["owner"] is not None:
            people.setdefault(user_ref(values["owner"]), Attending())
        own = int(part_of) if isinstance(part_of, Ref) else record.id if record is not None else -index - 1
        event = session.make(session.model.entity(CalendarEvent), values)
        recurrence = recurrence_of(event, session.model.conventions.time_zone, moved.get(own, ()))
        attending = tuple(who for who, each in people.items() if each.takes_time)
        found.append(Booking(family=("calendar_event", own), people=attending, recurrence=recurrence, tell=tell))
    return found


def of_guests(session: Session, asked: Asked) -> list[Booking]:
    """Return what invitations ask for: the time of who is invited."""
    guests = [(event, who, tell) for event, who, tell in asked if isinstance(event, Ref) and isinstance(who, Ref)]
    if not guests:
        return []
    numbers = {number_of(event) for event, _who, _tell in guests}
    events = session.by_id(session.model.entity(CalendarEvent), numbers)
    moved = moved_of(session, events)
    found = []
    for number, who, tell in guests:
        event = events.get(int(number))
        if event is None or not event.busy or event.status == CANCELLED:
            continue
        own = int(event.series) if isinstance(event.series, Ref) else event.id
        recurrence = recurrence_of(event, session.model.conventions.time_zone, moved.get(event.id, ()))
        found.append(Booking(family=("calendar_event", own), people=(who,), recurrence=recurrence, tell=tell))
    return found


def of_activities(session: Session, wanted: Wanted) -> list[Booking]:
    """Return what activities ask for that are planned for a time: that of their owners and participants.

    One that is about an event belongs to that, and isn't in its way.
    """
    planned = [each for each in wanted if each[0]["planned_start"] is not None]
    if not planned:
        return []
    participants = participants_of(session, (record.id for _values, record, _tell in planned if record is not None))
    events = families(session, (values["about"] for values, _record, _tell in planned))
    found = []
    for index, (values, record, tell) in enumerate(planned):
        people = set(participants.get(record.id, ())) if record is not None else set()
        if values["owner"] is not None:
            people.add(user_ref(values["owner"]))
        own = ("activity", record.id if record is not None else -index - 1)
        found.append(
            Booking(
                family=own,
                about=events.get(values["about"]),
                people=tuple(sorted(people, key=str)),
                recurrence=planned_for(values["planned_start"], values["planned_end"]),
                tell=tell,
            )
        )
    return found


def of_participants(session: Session, asked: Asked) -> list[Booking]:
    """Return what it asks for to take part in an activity that is planned for a time."""
    numbers = {int(activity) for activity, _person, _tell in asked if isinstance(activity, Ref)}
    activities = session.by_id(session.model.entity(Activity), numbers) if numbers else {}
    events = families(session, (each.about for each in activities.values()))
    found = []
    for number, person, tell in asked:
        each = activities.get(number_of(number))
        if each is None or each.planned_start is None or each.stage_kind not in {"open", "waiting"}:
            continue
        assert isinstance(person, Ref)
        when, about = planned_for(each.planned_start, each.planned_end), events.get(each.about)
        family = ("activity", each.id)
        found.append(Booking(family=family, about=about, people=(person,), recurrence=when, tell=tell))
    return found


def families(session: Session, about: Iterable[object]) -> dict[object, tuple[str, int]]:
    """Return the families of the events among what activities are about."""
    refs = {each for each in about if isinstance(each, Ref) and each.entity == "calendar_event"}
    events = session.by_id(session.model.entity(CalendarEvent), map(int, refs)) if refs else {}
    return {
        each.ref: ("calendar_event", int(each.series) if isinstance(each.series, Ref) else each.id)
        for each in events.values()
    }


def planned_for(start: object, end: object) -> Recurrence:
    """Return when an activity takes place."""
    assert isinstance(start, datetime)
    span, utc = span_of(start, end), zone("UTC")
    begin = span.start.astimezone(utc).replace(tzinfo=None)
    return Recurrence(start=begin, length=span.end - span.start, zone=utc)
