"""Rules of positions: no position above itself, and no role that nobody declares."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crmkit.core.nouns import trees
from crmkit.translation import _
from crmkit_workflow.positions.entities import Position

if TYPE_CHECKING:
    from crmkit import Batch, Change, Session
    from crmkit.core.lifecycle.drafts import Draft

SUPERIORS = ((Position, "superior"),)


def check(session: Session, drafts: Batch[Draft]) -> None:
    """Refuse positions that stand above themselves, and roles that nobody declares."""
    positions = list(drafts.of(Position))
    changing = [draft for draft in positions if draft.record is not None and draft.sets("superior")]
    chosen = {draft.record.id: draft.get("superior") for draft in changing if draft.record is not None}
    if changing:
        session.serialise("position.superior")
    for draft in changing:
        if draft.record is not None and trees.leads_back(session, draft.record.id, "superior", chosen):
            draft.refuse("superior", _("This would put the position above itself. Choose another."))
    for draft in positions:
        roles = draft.get("roles") if draft.sets("roles") else None
        for role in roles if isinstance(roles, tuple) else ():
            if role not in session.model.roles:
                known = ", ".join(session.model.roles)
                draft.refuse("roles", _("There is no role {role!r}. There are: {known}.", role=role, known=known))


def close_gaps(session: Session, changes: Batch[Change]) -> None:
    """Move what stood below a deleted position up to the one above it."""
    trees.close_gaps(session, changes, SUPERIORS)


def find_places(session: Session, changes: Batch[Change]) -> None:
    """Put restored positions below the nearest one above them that is there."""
    trees.find_places(session, changes, SUPERIORS)
