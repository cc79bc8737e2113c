"""Returning: a deleted record that comes back, but whose owner has left, goes to whoever brings it back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crmkit.core.declare.stages import CLOSED_KINDS
from crmkit.translation import _
from crmkit_workflow.handover.handing import is_handed
from crmkit_workflow.handover.settings import OFF
from crmkit_workflow.ownership.giving import give
from crmkit_workflow.ownership.owners import owner_of
from crmkit_workflow.staff import active_among

if TYPE_CHECKING:
    from crmkit import Batch, Change, EntityModel, Record, Session


def give_back(session: Session, changes: Batch[Change]) -> None:
    """Give open records that are back, and whose owners are not active, to the actor; the system leaves them unowned.

    Whoever switches a user off holds its name alone, as this shares it: so neither misses what the other does.
    """
    entity = changes.entity
    if not is_handed(entity) or session.setting("hand_over") == OFF:
        return
    owned = [(each, int(owner)) for each in open_ones(entity, changes) if (owner := owner_of(entity, each)) is not None]
    for user in sorted({owner for _record, owner in owned}):
        session.serialise(f"owner {user}", shared=True)
    active = active_among(session, {owner for _record, owner in owned})
    left = [each for each, owner in owned if owner not in active]
    if left:
        give(session, left, how="handed_over", why=_("Its owner has left."), owner=session.actor_ref)


def open_ones(entity: EntityModel, changes: Batch[Change]) -> list[Record]:
    """Return the records that are open, or go through no stages."""
    return [
        each.after
        for each in changes
        if not entity.staged or dict(each.after.items())["stage_kind"] not in CLOSED_KINDS
    ]
