"""Gating: stages that records enter only when they are approved, and approvals that become void."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crmkit.core.lifecycle.seeing import visible
from crmkit.errors import FilterError
from crmkit.translation import _
from crmkit_workflow.approvals.matters import amount_in
from crmkit_workflow.approvals.plan import flows_of, has_grown, meets, plan_of
from crmkit_workflow.approvals.requests import ApprovalRequest
from crmkit_workflow.approvals.status import APPROVAL, APPROVED, DRAFT, RECALLED, REJECTED, VOID, is_approvable

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from crmkit import Batch, Change, CreateDraft, MoveDraft, Ref, Session
    from crmkit.core.lifecycle.drafts import Draft
    from crmkit_workflow.approvals.flows import ApprovalFlow

DECIDED = frozenset({APPROVED, REJECTED, RECALLED, VOID})
"""What a record's approval says if some flow may have approved it: it speaks of the last that was decided."""


def begin_as_draft(session: Session, drafts: Batch[CreateDraft]) -> None:
    """Say of new records that a flow is there for that they are not submitted yet."""
    if not is_approvable(drafts.entity):
        return
    flows = flows_of(session, drafts.entity.name)
    for draft in drafts:
        if not draft.sets(APPROVAL) and any(may_meet(session, each, draft) for each in flows):
            draft.set(APPROVAL, DRAFT)


def may_meet(session: Session, flow: ApprovalFlow, draft: Draft) -> bool:
    """Return whether a flow is there for a draft; it may be, for all we know, if it can't be asked any more."""
    try:
        return meets(session, draft.entity, flow.condition, draft)
    except FilterError:
        return True


def void_changed(session: Session, drafts: Batch[Draft]) -> None:
    """Make approvals void of which is changed what had been approved."""
    for draft, _request in voided(session, drafts):
        draft.set(APPROVAL, VOID)


def voided(session: Session, drafts: Batch[Draft]) -> list[tuple[Draft, ApprovalRequest]]:
    """Return the approved requests that drafts make void, each with its draft."""
    decided = [draft for draft in drafts if was_decided(draft)] if is_approvable(drafts.entity) else []
    records = {draft.record.ref: draft for draft in decided if draft.record is not None}
    requests = approved_requests(session, records) if records else ()
    found = [(records[each.record], each) for each in requests]
    return [(draft, each) for draft, each in found if draft.sets(*plan_of(each.plan).voided_by)]


def was_decided(draft: Draft) -> bool:
    """Return whether a draft is about a record that may have been approved, by this flow or by another one."""
    return draft.record is not None and visible(draft.record, APPROVAL) in DECIDED


def approved_requests(session: Session, records: Iterable[Ref[object]]) -> Sequence[ApprovalRequest]:
    """Return the approved requests of some records, without those of others that were merged into them."""
    given = {"records": list(records), "status": APPROVED}
    found = session.elevated.find(ApprovalRequest, "status == given.status and record in given.records", given=given)
    return [each for each in found if each.submitted == str(each.record)]


def note_void(session: Session, changes: Batch[Change]) -> None:
    """Close the requests whose approval has become void, and tell of it."""
    if not is_approvable(changes.entity):
        return
    void = {each.after.ref: each for each in changes if dict(each.after.items())[APPROVAL] == VOID}
    if void:
        requests = approved_requests(session, void)
        end(session, [each for each in requests if void[each.record].changed & set(plan_of(each.plan).voided_by)])


def restart_grown(session: Session, changes: Batch[Change]) -> None:
    """Have what was rejected or recalled begin at the first step again, as its amount has grown since."""
    grown = [each for each in changes if each.before is not None and each.changed.intersection(changes.entity.amounts)]
    if not grown or not is_approvable(changes.entity):
        return
    by_record = {each.after.ref: each for each in grown}
    given = {"records": list(by_record), "statuses": [REJECTED, RECALLED]}
    where = "status in given.statuses and place > 0 and record in given.records"
    requests = session.find(ApprovalRequest, where, given=given)
    pairs = [(each, by_record[each.record]) for each in requests]
    session.update_many(
        (request, {"place": 0})
        for request, change in pairs
        if has_grown(amount_in(request, change.before), amount_in(request, change.after))
    )


def end(session: Session, requests: Iterable[ApprovalRequest]) -> None:
    """Note of approved requests that they count no more, and tell of it."""
    elevated = session.elevated
    for request in elevated.update_many((each, {"status": VOID}) for each in requests):
        elevated.emit("approval.voided", request, {"record": str(request.record), "flow": int(request.flow)})


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
