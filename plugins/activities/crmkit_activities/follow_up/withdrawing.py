"""Withdrawing: follow-ups go with whom they are about, and are cancelled when no plan asks for them any more."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crmkit import Handler, Ref
from crmkit.core.declare.values import ref_class
from crmkit.translation import _
from crmkit_activities.activity import Activity
from crmkit_activities.contacted import LAST
from crmkit_activities.follow_up.plan import FollowUpPlan, can_plan, those_of
from crmkit_activities.referring import chunks

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from crmkit import Batch, Change, Occurrence, Record, Session, UpdateDraft

    Turned = tuple[int, Ref[object]]
    """A plan, and whom it is for."""

PEOPLE = ("customer", "contact")
IS_OPEN = "follow_up_plan is not None and stage.kind in ('open', 'waiting')"
ABOUT = f"{IS_OPEN} and about.entity == given.entity and about.id in given.numbers"
OF_PLANS = f"{IS_OPEN} and follow_up_plan in given.numbers"


DECLARATIONS = (
    Handler(
        name="follow_ups_of_merged",
        events=("customer.merged", "contact.merged"),
        run="crmkit_activities.follow_up.withdrawing:follow_merged",
        help=_("Leave a merged record one follow-up of each plan."),
    ),
)


def open_ones(session: Session, entity: str, numbers: Iterable[int]) -> list[Activity]:
    """Return the open follow-ups of some persons, those first that are due first."""
    found: list[Activity] = []
    for some in chunks(sorted(numbers)):
        found += session.find(Activity, ABOUT, given={"entity": entity, "numbers": some}, order="due, id")
    return found


def follow(session: Session, changes: Batch[Change]) -> None:
    """Withdraw what is asked for no more, as somebody or a plan is changed or gone, and give new owners the rest."""
    name = changes.entity.name
    changed = {each.after.id: each for each in changes if each.before is not None and each.changed - {LAST}}
    if not changed or name not in {*PEOPLE, "follow_up_plan"}:
        return
    if name in PEOPLE:
        found = open_ones(session, name, changed)
    else:
        found = list(session.find(Activity, OF_PLANS, given={"numbers": sorted(changed)}))
    wanted = wanted_of(session, found)
    withdraw(session, [each for each in found if turned(each) not in wanted])
    if name in PEOPLE:
        kept = ((each, changed[int(turned(each)[1])]) for each in found if turned(each) in wanted)
        hand_on(session, kept)


def follow_merged(session: Session, occurrence: Occurrence) -> None:
    """Leave the survivor of a merge one follow-up of each plan that asks for it."""
    found = open_ones(session, occurrence.record.entity, [int(occurrence.record)])
    wanted = wanted_of(session, found)
    first = {turned(each): each for each in reversed(found)}
    withdraw(session, [each for each in found if turned(each) not in wanted or first[turned(each)] is not each])


def turned(activity: Record) -> Turned:
    """Return by which plan a follow-up is, and whom it is about."""
    assert isinstance(activity.follow_up_plan, Ref)
    assert isinstance(activity.about, Ref)
    return int(activity.follow_up_plan), activity.about


def wanted_of(session: Session, activities: Iterable[Record]) -> set[Turned]:
    """Return for whom of those whom follow-ups are about their plans still ask for them, in a statement for each plan.

    A plan of what is gone with its plugin asks for nothing new, and takes nothing back.
    """
    people: dict[int, set[Ref[object]]] = {}
    for number, person in map(turned, activities):
        people.setdefault(number, set()).add(person)
    found: set[Turned] = set()
    for plan in session.by_id(session.model.entity(FollowUpPlan), people).values():
        if not can_plan(session, plan):
            found |= {(plan.id, each) for each in people[plan.id]}
        elif plan.active:
            found |= {(plan.id, each) for each in people_among(session, plan, people[plan.id])}
    return found


def people_among(session: Session, plan: Record, people: Iterable[Ref[object]]) -> Iterator[Ref[object]]:
    """Yield those of some persons whom a plan is for."""
    entity = session.model.entities[str(plan.entity)]
    where, given = those_of(session, plan)
    for some in chunks(sorted(int(each) for each in people if each.entity == entity.name)):
        rows = session.rows(
            entity.record_class, ["id"], f"id in given.numbers and {where}", given=given | {"numbers": some}
        )
        yield from (ref_class(entity.name)(int(str(number))) for (number,) in rows)


def hand_on(session: Session, kept: Iterable[tuple[Record, Change]]) -> None:
    """Give the follow-ups that the former owner of somebody had to the new one."""
    session.update_many(
        (activity, {"owner": change.after.owner})
        for activity, change in kept
        if change.before is not None
        and change.after.owner != change.before.owner == activity.owner
        and change.after.owner is not None
    )


def withdraw(session: Session, activities: Iterable[Activity]) -> None:
    """Cancel follow-ups; without a key they count as no attempt, and are made again if they are asked for again."""
    session.move_many(activities, "cancelled", follow_up_key=None)


def let_go(session: Session, drafts: Batch[UpdateDraft]) -> None:
    """Make a follow-up that is about somebody else now an activity like all others."""
    del session
    for draft in drafts.of(Activity):
        if draft.sets("about") and draft.get("follow_up_plan") is not None:
            draft.set("follow_up_plan", None)
            draft.set("follow_up_key", None)
