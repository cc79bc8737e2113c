"""Opening: records are opened to those who decide about them and don't see them, until their request is closed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crmkit.core.declare.values import ref_class
from crmkit_workflow.approvals.matters import matter_of
from crmkit_workflow.approvals.requests import ApprovalTask
from crmkit_workflow.delegation.authority import delegates, in_force
from crmkit_workflow.staff import active_among

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from crmkit import Record, Session
    from crmkit_workflow.approvals.requests import ApprovalRequest


def open_record(session: Session, request: ApprovalRequest, tasks: Iterable[ApprovalTask]) -> None:
    """Let those see the record who may decide tasks today, for themselves or for others, and don't see it yet."""
    elevated, record, matter = session.elevated, subject_of(session, request), matter_of(session, request)
    delegations = in_force(session, session.today)
    for task in tasks:
        assert task.approver is not None
        others = delegates(delegations, int(task.approver), matter) - {int(request.submitter)}
        before = users_of(task)
        wanted = [int(task.approver), *sorted(active_among(session, others))]
        opened = [each for each in wanted if each not in before and is_opened(session, record, each)]
        if opened:
            elevated.update(task, shared=True, opened_to=[*before, *opened])


def is_opened(session: Session, record: Record, user: int) -> bool:
    """Open a record to a user who doesn't see it, and return whether it had to be opened."""
    elevated, reference = session.elevated, ref_class("user")(user)
    if elevated.seen_by(reference).readable_ids(record.ref.entity, [record.id]):
        return False
    elevated.share(record, reference)
    return True


def users_of(task: ApprovalTask) -> list[int]:
    """Return the ids of those to whom the record was opened to decide a task."""
    if not task.shared:
        return []
    if isinstance(task.opened_to, list):
        return [int(each) for each in task.opened_to]
    return [] if task.approver is None else [int(task.approver)]


def subject_of(session: Session, request: ApprovalRequest) -> Record:
    """Return the record that a request is about."""
    entity = session.model.entity(request.record)
    return session.elevated.get(entity.record_class, int(request.record))


def close_record(session: Session, request: ApprovalRequest, record: Record) -> None:
    """Close the record again to those to whom it was opened for the decision."""
    unshare(session, record, session.elevated.find(ApprovalTask, {"request": request, "shared": True}))


def close_to(session: Session, request: ApprovalRequest, tasks: Iterable[ApprovalTask]) -> None:
    """Close the record to those to whom it was opened for tasks that are no longer theirs."""
    opened = [each for each in tasks if each.shared]
    if opened:
        unshare(session, subject_of(session, request), opened)


def unshare(session: Session, record: Record, opened: Sequence[ApprovalTask]) -> None:
    """Close a record to those to whom it was opened for tasks."""
    for user in sorted({each for task in opened for each in users_of(task)}):
        session.elevated.unshare(record, ref_class("user")(user))
    session.elevated.update_many((each, {"shared": False, "opened_to": None}) for each in opened)
