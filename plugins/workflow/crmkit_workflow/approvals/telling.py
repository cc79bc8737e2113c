"""Telling: approvers of what awaits them, submitters of what was decided."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crmkit.core.declare.values import ref_class
from crmkit.translation import _
from crmkit_workflow.approvals.matters import answering, matter_of
from crmkit_workflow.approvals.requests import OPEN
from crmkit_workflow.approvals.status import APPROVED, REJECTED
from crmkit_workflow.delegation.authority import in_force, substitutes

if TYPE_CHECKING:
    from collections.abc import Iterable

    from crmkit import Record, Session
    from crmkit_workflow.approvals.requests import ApprovalRequest, ApprovalTask


def tell_approvers(session: Session, request: ApprovalRequest, tasks: Iterable[ApprovalTask]) -> None:
    """Tell approvers, and those who stand in for them, that a record awaits their decision; each once in a step."""
    entity = session.model.entity(request.record)
    matter = matter_of(session, request)
    delegations = in_force(session, session.today)
    for task in tasks:
        if task.approver is None or task.state != OPEN:
            continue
        users = [int(task.approver), *substitutes(delegations, int(task.approver), matter)]
        number = int(request.record)
        text = _("{entity} {id} awaits your approval: {step}.", entity=entity.label, id=number, step=task.step)
        session.notify(
            [ref_class("user")(each) for each in users],
            text,
            about=request.record,
            kind="approval_awaited",
            key=f"approval {task.ref}",
            without=[int(request.submitter)],
        )


def tell_submitter(session: Session, request: ApprovalRequest, record: Record, status: str) -> None:
    """Tell the submitter what became of a request, or the owner of the record when the submitter has left."""
    label = session.model.entity(record).label
    if status == APPROVED:
        text = _("{entity} {id} was approved.", entity=label, id=record.id)
    elif status == REJECTED:
        text = _("{entity} {id} was rejected.", entity=label, id=record.id)
    else:
        return
    kind, key = f"approval_{status}", f"{request.ref} round {request.round}"
    told = answering(session, request)
    session.notify([] if told is None else [ref_class("user")(told)], text, about=record.ref, kind=kind, key=key)
