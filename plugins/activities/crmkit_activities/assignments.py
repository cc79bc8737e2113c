"""Assignments: what somebody has given to somebody else is reported back when it is over."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crmkit import Event, Ref
from crmkit.translation import _
from crmkit_activities.activity import Activity

if TYPE_CHECKING:
    from crmkit import Batch, Change, Record, Session

ENDS = frozenset({"done", "void"})

DECLARATIONS = (
    Event(
        name="activity.reported",
        entity="activity",
        help=_("What was given to somebody was done or cancelled; the payload says by whom it was given."),
    ),
)


def report(session: Session, changes: Batch[Change]) -> None:
    """Tell whoever gave an activity to somebody else that it is over, and emit `activity.reported`, once for each."""
    for change in changes.of(Activity):
        before, after = change.before, change.after
        giver, owner = after.delegated_by, after.owner
        if not isinstance(giver, Ref) or giver == owner or after.stage_kind not in ENDS:
            continue
        if before is None or before.stage_kind in ENDS:
            continue
        session.emit("activity.reported", after, {"to": int(giver), "stage": after.stage, "outcome": after.outcome})
        session.notify(giver, words(after), about=after, kind="activity_reported", key=key(after))


def words(activity: Record) -> str:
    """Return what is told: the giver knows the activity, having given it."""
    if activity.stage_kind == "void":
        return _("{subject} was cancelled.", subject=activity.subject)
    return _("{subject} is done.", subject=activity.subject)


def key(activity: Record) -> str:
    """Return what it is told once for: this end of this activity."""
    return f"activity_reported {activity.id} {activity.version}"
