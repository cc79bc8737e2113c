"""Resetting: whoever was contacted is not to be contacted by a plan as if nobody had."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from crmkit import Contact, Customer, Ref
from crmkit_activities.activity import Activity
from crmkit_activities.contacted import LAST
from crmkit_activities.follow_up.plan import FollowUpPlan
from crmkit_activities.follow_up.turns import base_of, prefix
from crmkit_activities.referring import chunks

if TYPE_CHECKING:
    from crmkit import Batch, Change, Record, Session

OPEN = (
    "follow_up_plan is not None and stage.kind in ('open', 'waiting') and about.entity == given.entity "
    "and about.id in given.numbers"
)


def reset(session: Session, changes: Batch[Change]) -> None:
    """Put off the open follow-ups of those who have been contacted since."""
    people = {
        change.after.id: change.after
        for entity in (Customer, Contact)
        for change in changes.of(entity)
        if LAST in change.changed and change.before is not None
    }
    if not people:
        return
    found: list[Activity] = []
    for some in chunks(sorted(people)):
        given = {"entity": changes.entity.name, "numbers": list(some)}
        found += session.find(Activity, OPEN, given=given)
    if not found:
        return
    numbers = {int(each.follow_up_plan) for each in found if isinstance(each.follow_up_plan, Ref)}
    plans = session.by_id(session.model.entity(FollowUpPlan), numbers)
    session.update_many((each, put_off(session, each, plans, people)) for each in found)


def put_off(
    session: Session, activity: Record, plans: dict[int, Record], people: dict[int, Record]
) -> dict[str, object]:
    """Return when an activity is due after the latest contact."""
    assert isinstance(activity.about, Ref)
    assert isinstance(activity.follow_up_plan, Ref)
    plan, person = plans.get(int(activity.follow_up_plan)), people[int(activity.about)]
    if plan is None:
        return {}
    base = base_of(person, session.model.conventions.time_zone)
    key = f"{prefix(plan, person, base)}1"
    due = base + timedelta(days=int(str(plan.every_days)))
    return {} if activity.follow_up_key == key else {"due": due, "follow_up_key": key}
