"""Resetting: whoever was contacted is not to be contacted by a plan as if nobody had."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from crmkit import Contact, Customer, Ref
from crmkit_activities.activity import Activity
from crmkit_activities.contacted import LAST
from crmkit_activities.follow_up.plan import FollowUpPlan
from crmkit_activities.follow_up.turns import base_of, next_key, prefix
from crmkit_activities.follow_up.withdrawing import open_ones, withdraw
from crmkit_activities.referring import chunks

if TYPE_CHECKING:
    from collections.abc import Iterable

    from crmkit import Batch, Change, Record, Session

MADE = "follow_up_key is not None and about.entity == given.entity and about.id in given.numbers"
NO_TIME = {"planned_start": None, "planned_end": None}


def reset(session: Session, changes: Batch[Change]) -> None:
    """Put off the open follow-ups of those who have been contacted since: one of each plan, and leave no other."""
    people = {
        change.after.id: change.after
        for entity in (Customer, Contact)
        for change in changes.of(entity)
        if LAST in change.changed and change.before is not None
    }
    found: dict[tuple[int, int], list[Activity]] = {}
    for each in open_ones(session, changes.entity.name, people) if people else ():
        if isinstance(each.follow_up_plan, Ref) and isinstance(each.about, Ref):
            found.setdefault((int(each.follow_up_plan), int(each.about)), []).append(each)
    if not found:
        return
    withdraw(session, [each for _first, *others in found.values() for each in others])
    plans = session.by_id(session.model.entity(FollowUpPlan), {plan for plan, _person in found})
    keys = keys_of(session, changes.entity.name, {person for _plan, person in found})
    session.update_many(
        (first, put_off(session, first, plans[plan], people[person], keys[person]))
        for (plan, person), (first, *_others) in found.items()
        if plan in plans
    )


def keys_of(session: Session, entity: str, numbers: Iterable[int]) -> dict[int, list[str]]:
    """Return the keys of all follow-ups of some persons, by the persons' ids."""
    found: dict[int, list[str]] = {}
    for some in chunks(sorted(numbers)):
        given = {"entity": entity, "numbers": some}
        for about, key in session.rows(Activity, ["about", "follow_up_key"], MADE, given=given):
            if isinstance(about, Ref):
                found.setdefault(int(about), []).append(str(key))
    return found


def put_off(session: Session, activity: Record, plan: Record, person: Record, keys: Iterable[str]) -> dict[str, object]:
    """Return when an activity is due after the latest contact; nothing if it comes after that already."""
    base = base_of(person, session.model.conventions.time_zone)
    if str(activity.follow_up_key).startswith(prefix(plan, person, base)):
        return {}
    due = base + timedelta(days=int(str(plan.every_days)))
    times = {} if is_agreed(session, activity) else NO_TIME
    return {"due": due, "follow_up_key": next_key(plan, person, base, keys), **times}


def is_agreed(session: Session, activity: Record) -> bool:
    """Return whether an activity is a meeting that lies ahead, to which somebody comes whatever was said meanwhile."""
    start = activity.planned_start
    return activity.channel == "in_person" and isinstance(start, datetime) and start > session.unit.now
