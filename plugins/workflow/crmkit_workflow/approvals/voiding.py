"""Voiding: approvals count as long as what was approved stays as it was, and isn't submitted again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crmkit import Ref
from crmkit.core.lifecycle.seeing import visible
from crmkit_workflow.approvals.locking import is_content
from crmkit_workflow.approvals.matters import amount_in, records_of
from crmkit_workflow.approvals.plan import has_grown, plan_of
from crmkit_workflow.approvals.requests import ApprovalRequest
from crmkit_workflow.approvals.status import APPROVAL, APPROVED, RECALLED, REJECTED, VOID, is_approvable

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from crmkit import Batch, Change, Session
    from crmkit.core.lifecycle.drafts import Draft

DECIDED = frozenset({APPROVED, REJECTED, RECALLED, VOID})
"""What a record's approval says if some flow may have approved it: it speaks of the last that was decided."""


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


def void_by_parts(session: Session, changes: Batch[Change]) -> None:
    """Make approvals void of which parts were added, changed or taken away, such as lines of an order."""
    touched = wholes_of(changes) if is_content(session, changes.entity) else {}
    found = approved_requests(session, touched) if touched else ()
    requests = [
        each
        for each in found
        if changes.entity.name in plan_of(each.plan).voided_by and is_later(each.decided_at, touched[each.record])
    ]
    records = records_of(session.elevated, {each.record for each in requests})
    session.elevated.update_many((each, {APPROVAL: VOID}) for each in records.values())
    end(session, [each for each in requests if each.record in records])


def wholes_of(changes: Batch[Change]) -> dict[Ref[object], datetime | None]:
    """Return the records whose parts were changed, each with the moment since when an approval didn't know of that.

    Which is any moment, but for parts that are back: what was approved before they were deleted had them.
    """
    assert changes.entity.whole is not None
    found: dict[Ref[object], datetime | None] = {}
    kept = {name for name, each in changes.entity.fields.items() if each.declared.locked or each.is_system}
    for each in changes:
        gone = None if each.before is None else each.before.deleted_at
        if each.before is not None and not gone and not each.after.deleted_at and not each.changed - kept:
            continue
        for side in (each.before, each.after):
            whole = None if side is None else dict(side.items())[changes.entity.whole.name]
            if isinstance(whole, Ref):
                known = found.get(whole, gone)
                found[whole] = None if known is None or gone is None else min(known, gone)
    return found


def is_later(moment: datetime | None, since: datetime | None) -> bool:
    """Return whether a moment is later than another one; any is later than none."""
    return since is None or (moment is not None and moment > since)


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
