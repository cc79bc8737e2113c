"""Rules of positions: none above itself, no role that nobody declares, and none deleted that processes name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crmkit.core.nouns import trees
from crmkit.translation import _
from crmkit_workflow.approvals.flows import ApprovalStep
from crmkit_workflow.approvals.plan import plan_of
from crmkit_workflow.approvals.requests import ApprovalRequest
from crmkit_workflow.positions.entities import Position
from crmkit_workflow.reviews.entities import ReviewRule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from crmkit import Batch, Change, DeleteDraft, Session
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


def refuse_named(session: Session, drafts: Batch[DeleteDraft]) -> None:
    """Refuse to delete positions that processes name: what awaits whoever holds them would pass without anybody."""
    for draft in drafts.of(Position):
        if draft.record is not None:
            for text in namings(session, draft.record.id):
                draft.refuse("id", text)


def namings(session: Session, position: int) -> Iterator[str]:
    """Yield which steps, review rules and running requests name a position."""
    elevated, where = session.elevated, {"position": position}
    for step, flow in elevated.rows(ApprovalStep, ["name", "flow.name"], where, order="id"):
        yield _("The step {step!r} of {flow!r} names it. Name another position there first.", step=step, flow=flow)
    for (rule,) in elevated.rows(ReviewRule, ["name"], where, order="id"):
        yield _("The review rule {rule!r} names it. Name another position there first.", rule=rule)
    for request, plan in elevated.rows(ApprovalRequest, ["id", "plan"], {"open": True}, order="id"):
        if position in plan_of(plan).positions:
            yield _("The request {id} goes by it. Wait until that is decided, or have it recalled.", id=request)


def close_gaps(session: Session, changes: Batch[Change]) -> None:
    """Move what stood below a deleted position up to the one above it."""
    trees.close_gaps(session, changes, SUPERIORS)


def find_places(session: Session, changes: Batch[Change]) -> None:
    """Put restored positions below the nearest one above them that is there."""
    trees.find_places(session, changes, SUPERIORS)
