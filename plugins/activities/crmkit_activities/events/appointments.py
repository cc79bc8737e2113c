"""Appointments: activities that are planned for a time are on the calendars of who does them and who takes part."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from crmkit import Ref
from crmkit_activities.activity import Activity, ActivityParticipant
from crmkit_activities.events.members import number_of, user_ref
from crmkit_activities.events.spans import Span
from crmkit_activities.referring import chunks, rows_referring

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from crmkit import Record, Session

OPEN = "stage.kind in ('open', 'waiting')"
THEN = (
    "planned_start < given.end and (planned_end > given.start or planned_end is None and planned_start > given.before)"
)
USUAL = timedelta(hours=1)
"""How long an activity lasts that is planned without an end."""


def span_of(start: datetime, end: object) -> Span:
    """Return the time for which an activity is planned."""
    return Span(start, end if isinstance(end, datetime) else start + USUAL)


def appointments(
    system: Session, people: Iterable[Ref[object]], window: Span
) -> list[tuple[Record, Span, set[Ref[object]]]]:
    """Return the open activities that are planned for a window, each with whom of some people it concerns."""
    wanted = set(people)
    given = {"start": window.start, "end": window.end, "before": window.start - USUAL}
    found: dict[int, Record] = {}
    for numbers in chunks(sorted(int(each) for each in wanted if each.entity == "user")):
        where = f"owner in given.numbers and {OPEN} and {THEN}"
        found |= {each.id: each for each in system.find(Activity, where, given={**given, "numbers": numbers})}
    for numbers in chunks(sorted(taken_part(system, wanted, given) - found.keys())):
        found |= system.by_id(system.model.entity(Activity), numbers)
    participants = participants_of(system, found)
    listed = []
    for each in found.values():
        assert isinstance(each.planned_start, datetime)
        with_owner = participants.get(each.id, set()) | ({user_ref(each.owner)} if each.owner is not None else set())
        listed.append((each, span_of(each.planned_start, each.planned_end), with_owner & wanted))
    return listed


def taken_part(system: Session, people: Iterable[Ref[object]], given: Mapping[str, object]) -> set[int]:
    """Return the ids of the open activities, planned for a window, in which people take part."""
    found: set[int] = set()
    then = THEN.replace("planned_", "activity.planned_")
    by_entity: dict[str, list[int]] = {}
    for each in people:
        by_entity.setdefault(each.entity, []).append(int(each))
    for entity, numbers in by_entity.items():
        where = f"person.entity == {entity!r} and person.id in given.numbers and activity.{OPEN} and {then}"
        for some in chunks(sorted(numbers)):
            rows = system.rows(ActivityParticipant, ["activity"], where, given={**given, "numbers": some})
            found.update(number_of(row[0]) for row in rows)
    return found


def participants_of(system: Session, activities: Iterable[int]) -> dict[int, set[Ref[object]]]:
    """Return who takes part in activities, by their ids."""
    found: dict[int, set[Ref[object]]] = {}
    for number, person in rows_referring(system, ActivityParticipant, ("activity", "person"), "activity", activities):
        if isinstance(person, Ref):
            found.setdefault(number_of(number), set()).add(person)
    return found
