"""Assignments: what somebody has given to somebody else is reported back when it is over."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crmkit import Event
from crmkit.translation import _
from crmkit_activities.activity import Activity
from crmkit_activities.filling import givers_of

if TYPE_CHECKING:
    from crmkit import Batch, Change, Record, Ref, Session

ENDS = frozenset({"done", "void"})
REPORTED = "activity_reported"

DECLARATIONS = (
    Event(
        name="activity.reported",
        entity="activity",
        help=_("What was given to somebody was done or cancelled; the payload says by whom it was given."),
    ),
)


def report(session: Session, changes: Batch[Change]) -> None:
    """Tell those who gave an activity on that it is over, and emit `activity.reported`, once for each."""
    for change in changes.of(Activity):
        before, after = change.before, change.after
        givers = givers_but_owner(after)
        if not givers or after.stage_kind not in ENDS or before is None or before.stage_kind in ENDS:
            continue
        said = {"to": int(givers[-1]), "stage": after.stage, "outcome": after.outcome}
        session.emit("activity.reported", after, said)
        session.notify(givers, words(after), about=after, kind=REPORTED, key=key(after))


def report_deleted(session: Session, changes: Batch[Change]) -> None:
    """Tell those who gave an activity on that it was deleted before it was over."""
    for change in changes.of(Activity):
        gone = change.after
        givers = givers_but_owner(gone)
        if givers and gone.stage_kind not in ENDS:
            text = _("{subject} was deleted.", subject=gone.subject)
            session.notify(givers, text, kind=REPORTED, key=key(gone))


def givers_but_owner(activity: Record) -> list[Ref[object]]:
    """Return those who gave an activity on, but for its owner."""
    return [each for each in givers_of(activity.delegated_before, activity.delegated_by) if each != activity.owner]


def words(activity: Record) -> str:
    """Return what is told: the giver knows the activity, having given it."""
    if activity.stage_kind == "void":
        return _("{subject} was cancelled.", subject=activity.subject)
    return _("{subject} is done.", subject=activity.subject)


def key(activity: Record) -> str:
    """Return what it is told once for: this end of this activity."""
    return f"{REPORTED} {activity.id} {activity.version}"
