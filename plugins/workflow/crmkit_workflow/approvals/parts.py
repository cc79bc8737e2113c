"""Parts: what of a request the actor may decide, and whether it learns of the request at all."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from attrs import frozen

from crmkit.core.declare.values import Ref
from crmkit.core.lifecycle.seeing import shown
from crmkit.errors import NotFoundError
from crmkit_workflow.approvals.course import tasks_of
from crmkit_workflow.approvals.matters import matter_of
from crmkit_workflow.approvals.plan import plan_of
from crmkit_workflow.approvals.requests import OPEN
from crmkit_workflow.delegation.authority import in_force, mandates

if TYPE_CHECKING:
    from collections.abc import Iterable

    from crmkit import Session
    from crmkit_workflow.approvals.requests import ApprovalRequest, ApprovalTask
    from crmkit_workflow.delegation.entities import Delegation


@frozen(kw_only=True, eq=False)
class Part:
    """A task that the actor may decide; `delegation` is the one by which it does so for somebody else."""

    task: ApprovalTask
    delegation: Delegation | None


def known(session: Session, request: ApprovalRequest) -> ApprovalRequest:
    """Return a request that the actor may know of: it sees the record, decides, submitted it, or may recall it.

    Raises:
        NotFoundError: if it may not, just as if there were no such request.
    """
    user, record = session.principal.user, request.record
    if user is None or user in {int(request.submitter), plan_of(request.plan).administrator}:
        return request
    if int(record) in session.readable_ids(record.entity, [int(record)]):
        return request
    if parts_of(session, request, [each for each in tasks_of(session, request) if each.state == OPEN]):
        return request
    raise NotFoundError(entity="approval_request", id=request.id)


def as_seen(session: Session, request: ApprovalRequest) -> ApprovalRequest:
    """Return a request without the fields that the actor may not see."""
    entity = session.model.entity(request)
    return cast("ApprovalRequest", shown(session, entity, [request])[0])


def parts_of(session: Session, request: ApprovalRequest, tasks: Iterable[ApprovalTask]) -> list[Part]:
    """Return those tasks of a request that the actor may decide, the own ones first."""
    user = session.principal.user
    assert user is not None
    own = [Part(task=each, delegation=None) for each in tasks if each.approver == user]
    matter = matter_of(session, request)
    allowed = [each for each in mandates(in_force(session, session.today), user) if each.covers(matter)]
    by_approver = {each.approver: each.chain[-1] for each in reversed(allowed)}
    others = [
        Part(task=each, delegation=by_approver[int(each.approver)])
        for each in tasks
        if isinstance(each.approver, Ref) and int(each.approver) in by_approver and each.approver != user
    ]
    return [*own, *others]
