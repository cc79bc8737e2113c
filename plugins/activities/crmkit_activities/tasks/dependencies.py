"""Dependencies: what has to be done before an activity can be."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crmkit import Record, Ref, Unique, record
from crmkit.core.declare import fields as f
from crmkit.translation import _
from crmkit_activities.activity import Activity
from crmkit_activities.referring import rows_referring

if TYPE_CHECKING:
    from collections.abc import Iterable

    from crmkit import Batch, MoveDraft, Session
    from crmkit.core.lifecycle.drafts import Draft

LOCK = "activities.dependencies"
OPEN = ("open", "waiting")
EDGE = ("activity", "needs", "needs.stage_kind")


@record(title="id", plural="Activity dependencies")
class ActivityDependency(Record):
    """One activity has to be done, or cancelled, before another one can be done."""

    activity: Ref[Activity] = f.ref(part_of=True)
    needs: Ref[Activity] = f.ref(help="What has to be done before.")


DECLARATIONS = (
    ActivityDependency,
    Unique(entity="activity_dependency", fields=("activity", "needs"), message=_("It depends on this already.")),
)


def check(session: Session, drafts: Batch[Draft]) -> None:
    """Refuse dependencies that close a circle, alone or with others of their batch or of somebody else's."""
    listed = [each for each in drafts.of(ActivityDependency) if each.sets("activity", "needs")]
    if not listed:
        return
    session.serialise(LOCK)
    changing = {draft.record.id for draft in listed if draft.record is not None}
    chosen: dict[int, set[int]] = {}
    for draft in listed:
        activity, needs = number(draft.get("activity")), number(draft.get("needs"))
        if activity is None or needs is None:
            continue
        if activity == needs or activity in leads_to(session, needs, chosen, changing):
            draft.refuse("needs", _("They would wait for each other. Take out a dependency first."))
        else:
            chosen.setdefault(activity, set()).add(needs)


def leads_to(session: Session, start: int, chosen: dict[int, set[int]], changing: Iterable[int]) -> set[int]:
    """Return all that an activity depends on, directly or not, with a statement for each step away from it."""
    met, edge = {start}, {start}
    left_out = set(changing)
    while edge:
        found: set[int] = set().union(*(chosen.get(each, set()) for each in edge))
        for dependency, needs in rows_referring(session, ActivityDependency, ["id", "needs"], "activity", edge):
            if dependency not in left_out and isinstance(needs, int):
                found.add(int(needs))
        edge = found - met
        met |= edge
    return met


def is_ending(move: MoveDraft) -> bool:
    """Return whether a move says that something is done."""
    return move.target.kind == "done"


def number(value: object) -> int | None:
    """Return the id in a reference."""
    return int(value) if isinstance(value, Ref) else None


def check_done(session: Session, moves: Batch[MoveDraft]) -> None:
    """Refuse to call done what depends on something open, unless that is called done along with it."""
    ending = {move.record.id: move for move in moves.of(Activity) if is_ending(move) and move.record is not None}
    if not ending:
        return
    waiting: dict[int, int] = {}
    for activity, needs, kind in rows_referring(session, ActivityDependency, EDGE, "activity", ending):
        if kind in OPEN and isinstance(activity, int) and isinstance(needs, int) and int(needs) not in ending:
            waiting[int(activity)] = waiting.get(int(activity), 0) + 1
    for each, count in waiting.items():
        text = _("It waits for others that are not done yet: {count}.", count=count)
        ending[each].refuse("stage", text)
