"""Participants: users who take part in an activity that is planned for a time are told of it, like guests of events."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from crmkit import Ref
from crmkit_activities.activity import Activity, ActivityParticipant
from crmkit_activities.events.appointments import participants_of
from crmkit_activities.events.members import number_of
from crmkit_activities.events.saying import altered, cancelled, on_calendar
from crmkit_activities.events.telling import CHANGED, OFF, PLANNED

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from crmkit import Batch, Change, Record, Session
    from crmkit.translation import Text

NEWS = frozenset({"subject", "planned_start", "planned_end", "location"})
"""The fields whose changes participants are told of."""
OPEN = frozenset({"open", "waiting"})


def after_create(session: Session, changes: Batch[Change]) -> None:
    """Tell users that they take part from now on."""
    new = [change.after for change in changes.of(ActivityParticipant)]
    activities = session.by_id(session.model.entity(Activity), {number_of(each.activity) for each in new})
    session.notify_many(
        telling(session, PLANNED, on_calendar, activities[number], [each.person], cause=each)
        for each in new
        if (number := number_of(each.activity)) in activities and is_ahead(session, activities[number])
    )


def after_update(session: Session, changes: Batch[Change]) -> None:
    """Tell those who take part of another time or place."""
    changed = [change.after for change in changes.of(Activity) if change.changed & NEWS]
    tell(session, CHANGED, altered, [each for each in changed if each.stage_kind in OPEN])


def after_move(session: Session, changes: Batch[Change]) -> None:
    """Tell those who take part that it is cancelled."""
    moved = [change.after for change in changes.of(Activity)]
    tell(session, OFF, cancelled, [each for each in moved if each.stage_kind == "void"])


def tell(session: Session, kind: str, words: Callable[[Record, str], Text], activities: Iterable[Record]) -> None:
    """Tell those who take part in activities ahead what becomes of them."""
    ahead = [each for each in activities if is_ahead(session, each)]
    people = participants_of(session, (each.id for each in ahead))
    session.notify_many(
        telling(session, kind, words, each, people[each.id], cause=each) for each in ahead if each.id in people
    )


def telling(
    session: Session,
    kind: str,
    words: Callable[[Record, str], Text],
    activity: Record,
    people: Iterable[object],
    *,
    cause: Record,
) -> Mapping[str, object]:
    """Return what users among people are told, once for a version of what caused it."""
    when = (
        session.model.entity(activity)
        .fields["planned_start"]
        .kind.format(activity.planned_start, session.model.conventions)
    )
    shown = when if activity.location is None else f"{when}, {activity.location}"
    return {
        "to": [each for each in people if isinstance(each, Ref) and each.entity == "user"],
        "text": words(activity, shown),
        "about": activity,
        "kind": kind,
        "key": f"{kind} {cause.ref} version {cause.version}",
    }


def is_ahead(session: Session, activity: Record) -> bool:
    """Return whether an activity is planned for a time to come."""
    return isinstance(activity.planned_start, datetime) and activity.planned_start > session.unit.now
