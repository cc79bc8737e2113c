"""When an activity is done: what its kind asks for, and what is noted of it."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from crmkit.core.lifecycle.conditions import holds
from crmkit.translation import _
from crmkit_activities.activity import Activity
from crmkit_activities.kinds import kinds_of

if TYPE_CHECKING:
    from crmkit import Batch, Change, MoveDraft, Session, UpdateDraft
    from crmkit.core.lifecycle.drafts import Draft
    from crmkit_activities.kinds import ActivityKind


def check_done(session: Session, moves: Batch[MoveDraft]) -> None:
    """Refuse to call done what its kind doesn't, note when it was done, and forget that when it is opened again."""
    kinds = kinds_of(session.model)
    for move in moves.of(Activity):
        kind = kinds.get(str(move.get("kind")))
        if move.target.kind == "done":
            note_end(session, move, kind)
            if kind is not None:
                check_values(session, move, kind)
        elif move.record is not None and move.record.done_at is not None:
            if move.record.ended_at == move.record.done_at and not move.sets("ended_at"):
                move.set("ended_at", None)
            move.set("done_at", None)


def note_end(session: Session, move: MoveDraft, kind: ActivityKind | None) -> None:
    """Note when it was done, and of a contact when it was over: now, or when it began if it comes in done."""
    now = session.unit.now
    if not move.sets("done_at"):
        move.set("done_at", now)
    if kind is not None and kind.is_contact and move.get("ended_at") is None:
        began = move.get("started_at") if move.record is None else None
        move.set("ended_at", began if began is not None else now)
    check_past(session, move)


def check_past(session: Session, draft: Draft) -> None:
    """Refuse moments of what is done that lie in the future."""
    for name in ("ended_at", "started_at"):
        moment = draft.get(name)
        if isinstance(moment, datetime) and moment > session.unit.now:
            draft.refuse(name, _("What is done can't have happened in the future."))


def check_values(session: Session, draft: Draft, kind: ActivityKind) -> None:
    """Refuse a done activity that lacks what its kind asks for."""
    missing = [name for name in kind.completes_with if draft.get(name) is None]
    for name in missing:
        draft.refuse(name, _("An activity of the kind {kind!r} is done only with a value here.", kind=kind.name))
    for gate in kind.gates:
        if gate.path not in missing and not holds(session, draft.entity, gate.condition, draft):
            draft.refuse(gate.path, gate.message)


def check_changed(session: Session, drafts: Batch[UpdateDraft]) -> None:
    """Hold what is done already to the same when its values change."""
    kinds = kinds_of(session.model)
    for draft in drafts.of(Activity):
        kind = kinds.get(str(draft.get("kind")))
        if draft.get("stage_kind") == "done" and draft.sets("ended_at", "started_at"):
            check_past(session, draft)
        if kind is not None and draft.get("stage_kind") == "done":
            names = {"kind", *kind.completes_with, *(gate.path for gate in kind.gates)}
            if draft.sets(*names):
                check_values(session, draft, kind)


def announce(session: Session, changes: Batch[Change]) -> None:
    """Emit `activity.completed` once for every activity that has come to be done."""
    for change in changes.of(Activity):
        was_done = change.before is not None and change.before.stage_kind == "done"
        if change.after.stage_kind == "done" and not was_done:
            said = {"kind": change.after.kind, "outcome": change.after.outcome}
            session.emit("activity.completed", change.after, said)
