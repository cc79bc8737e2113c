"""Matters: what is to be decided in requests, as their records say it.

A request keeps no amount of its own: who sees the request may not be shown the amount of the record.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from crmkit import Money, Ref
from crmkit_workflow.approvals.plan import plan_of
from crmkit_workflow.delegation.authority import Matter
from crmkit_workflow.staff import active_among

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from crmkit import Record, Session
    from crmkit.core.lifecycle.questions import Questions
    from crmkit_workflow.approvals.requests import ApprovalRequest


def matters(session: Session, requests: Sequence[ApprovalRequest]) -> dict[int, Matter]:
    """Return what is to be decided in requests, by request, in one statement an entity."""
    records = records_of(session.elevated, [each.record for each in requests])
    return {each.id: told(each, amount_in(each, records.get(each.record))) for each in requests}


def told(request: ApprovalRequest, amount: Money | None) -> Matter:
    """Return what is to be decided in a request, given its amount."""
    is_open = amount is None and plan_of(request.plan).amount_field is not None
    base = None if amount is None else amount.base
    return Matter(entity=request.record.entity, flow=int(request.flow), amount=base, is_open=is_open)


def matter_of(session: Session, request: ApprovalRequest) -> Matter:
    """Return what is to be decided in a request."""
    return matters(session, [request])[request.id]


def records_of(session: Questions, refs: Iterable[Ref[object]]) -> dict[Ref[object], Record]:
    """Return records, as far as the session sees them, in one statement an entity."""
    wanted: dict[str, list[int]] = {}
    for each in refs:
        wanted.setdefault(each.entity, []).append(int(each))
    found = (session.by_id(session.model.entities[name], numbers) for name, numbers in wanted.items())
    return {each.ref: each for records in found for each in records.values()}


def amount_in(request: ApprovalRequest, record: Record | None) -> Money | None:
    """Return the amount by which the limits of a request go, as the record shows it; None if it shows none."""
    name = plan_of(request.plan).amount_field
    value = None if name is None or record is None else dict(record.items()).get(name)
    return value if isinstance(value, Money) else None


def answering(session: Session, request: ApprovalRequest) -> int | None:
    """Return who answers for a request, by id: the submitter, or the owner of its record when that one has left."""
    if active_among(session, [int(request.submitter)]):
        return int(request.submitter)
    record = records_of(session.elevated, [request.record]).get(request.record)
    owner = None if record is None else dict(record.items()).get(str(session.model.entity(record).owner))
    return int(owner) if isinstance(owner, Ref) else None
