"""Guarding: nobody who owns something goes, and nobody who has gone gets anything."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from crmkit import MoveDraft, User
from crmkit.core.declare.stages import CLOSED_KINDS
from crmkit.core.lifecycle.occasions import occasion_of
from crmkit.translation import _, ngettext
from crmkit_workflow.handover.entities import ANY, HandOverRule
from crmkit_workflow.handover.handing import HandingOver, free_items, hand_over, owned_by, plan, problem_of
from crmkit_workflow.handover.settings import OFF, PERFORM
from crmkit_workflow.pools import limits
from crmkit_workflow.staff import active_among

if TYPE_CHECKING:
    from crmkit import Batch, Change, DeleteDraft, Session
    from crmkit.core.lifecycle.drafts import Draft


def check_leaving(session: Session, drafts: Batch[Draft]) -> None:
    """Refuse to switch off a user whose records would be left behind, with how many they are."""
    if session.setting("hand_over") == OFF or occasion_of(session, HandingOver) is not None:
        return
    for draft in drafts.of(User):
        if draft.record is not None and draft.record.active and not draft.get("active"):
            refuse_left(session, draft, "active", performs=session.setting("hand_over") == PERFORM)


def check_deleting(session: Session, drafts: Batch[DeleteDraft]) -> None:
    """Refuse to delete a user who owns records."""
    if session.setting("hand_over") == OFF:
        return
    for draft in drafts.of(User):
        refuse_left(session, draft, "id", performs=False)


def refuse_left(session: Session, draft: Draft, path: str, *, performs: bool) -> None:
    """Refuse that a user goes, for all of which something stays, or can't go where it should."""
    assert draft.record is not None
    user = draft.record.id
    limits.hold(session, user)
    counts = owned_by(session, user)
    goals = plan(session, user, counts) if performs else {}
    for name, count in counts.items():
        if name not in goals:
            text = ngettext(
                "{count} record of {entity} belongs to the user. Hand it over first.",
                "{count} records of {entity} belong to the user. Hand them over first.",
                count,
                entity=name,
            )
            draft.refuse(path, text)
    for name, goal in goals.items():
        problem = problem_of(session, user, name, goal)
        if problem is not None:
            draft.refuse(path, problem)


def perform(session: Session, changes: Batch[Change]) -> None:
    """Hand over by the rules what users own who have just been switched off, or free what they had from queues."""
    if occasion_of(session, HandingOver) is not None:
        return
    for change in changes.of(User):
        if change.before is not None and change.before.active and not change.after.active:
            if session.setting("hand_over") == PERFORM:
                hand_over(session, cast("User", change.after))
            else:
                free_items(session, change.after.id)


def check_owners(session: Session, drafts: Batch[Draft]) -> None:
    """Refuse open records for somebody who is not active, and to open those that somebody has left closed.

    Whoever switches a user off holds its name alone, and whoever gives it something shares it: so neither misses what
    the other does.
    """
    owner = drafts.entity.owner
    if owner is None or session.setting("hand_over") == OFF:
        return
    changing = [each for each in drafts if each.sets(owner) or is_reopened(each)]
    gaining = [each for each in changing if each.get(owner) is not None and is_open(each)]
    users = sorted({int(cast("int", each.get(owner))) for each in gaining})
    if not users:
        return
    for user in users:
        session.serialise(f"owner {user}", shared=True)
    active = active_among(session, users)
    for draft in gaining:
        if int(cast("int", draft.get(owner))) not in active:
            draft.refuse(owner, _("The owner is not active. Choose another one."))


def is_open(draft: Draft) -> bool:
    """Return whether a record will be open, or goes through no stages."""
    is_closed = draft.target.is_closed if isinstance(draft, MoveDraft) else draft.is_closed
    return not (draft.entity.staged and is_closed)


def is_reopened(draft: Draft) -> bool:
    """Return whether a move opens a record that was closed."""
    return isinstance(draft, MoveDraft) and getattr(draft.record, "stage_kind", None) in CLOSED_KINDS


def check_rules(session: Session, drafts: Batch[Draft]) -> None:
    """Refuse hand-over rules for entities whose records have no owner."""
    for draft in drafts.of(HandOverRule):
        name = str(draft.get("entity"))
        entity = session.model.entities.get(name)
        if name != ANY and (entity is None or entity.owner is None):
            draft.refuse("entity", _("Records of {name!r} have no owner.", name=name))
