"""Gating: stages that records enter only when they are approved, and what is still to be submitted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crmkit.core.lifecycle.seeing import visible
from crmkit.errors import FilterError
from crmkit.translation import _
from crmkit_workflow.approvals.locking import is_beside_the_point
from crmkit_workflow.approvals.plan import flows_of, meets
from crmkit_workflow.approvals.status import APPROVAL, DRAFT, is_approvable
from crmkit_workflow.approvals.voiding import approved_requests, voided

if TYPE_CHECKING:
    from crmkit import Batch, MoveDraft, Session
    from crmkit.core.lifecycle.drafts import Draft
    from crmkit_workflow.approvals.flows import ApprovalFlow


def begin_as_draft(session: Session, drafts: Batch[Draft]) -> None:
    """Say of records that a flow is there for, as they will be, that they are not submitted yet."""
    unsaid = [draft for draft in drafts if is_unsaid(draft)] if is_approvable(drafts.entity) else []
    flows = flows_of(session, drafts.entity.name) if unsaid else ()
    for draft in unsaid:
        if any(may_meet(session, each, draft) for each in flows):
            draft.set(APPROVAL, DRAFT)


def is_unsaid(draft: Draft) -> bool:
    """Return whether a draft is about what no flow was there for, and says more than to whom it belongs."""
    if draft.record is None:
        return not draft.sets(APPROVAL)
    return visible(draft.record, APPROVAL) is None and not is_beside_the_point(draft.entity, draft)


def may_meet(session: Session, flow: ApprovalFlow, draft: Draft) -> bool:
    """Return whether a flow is there for a draft; it may be, for all we know, if it can't be asked any more."""
    try:
        return meets(session, draft.entity, flow.condition, draft)
    except FilterError:
        return True


def check_moves(session: Session, moves: Batch[MoveDraft]) -> None:
    """Refuse moves into stages that need an approval which the record doesn't have."""
    if not is_approvable(moves.entity):
        return
    flows = [each for each in flows_of(session, moves.entity.name) if each.stages]
    asked = [
        (move, flow)
        for move in moves
        for flow in flows
        if move.target.name in (flow.stages or ()) and meets(session, moves.entity, flow.condition, move)
    ]
    if not asked:
        return
    records = {move.record.ref for move, _flow in asked if move.record is not None}
    lost = {request.id for _move, request in voided(session, moves)}
    approved = {(each.record, int(each.flow)) for each in approved_requests(session, records) if each.id not in lost}
    for move, flow in asked:
        if move.record is None or (move.record.ref, flow.id) not in approved:
            move.refuse(APPROVAL, _("This stage needs an approval ({flow}). Submit the record first.", flow=flow.name))
