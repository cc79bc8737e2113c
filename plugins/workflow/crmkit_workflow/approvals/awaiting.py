"""Awaiting: what awaits the decision of a user, its own and what it may decide for others."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import frozen

from crmkit import Ref
from crmkit_workflow.approvals.matters import matters
from crmkit_workflow.approvals.requests import OPEN, ApprovalRequest, ApprovalTask
from crmkit_workflow.delegation.authority import in_force, mandates

if TYPE_CHECKING:
    from datetime import datetime

    from crmkit import Session


@frozen(kw_only=True)
class Awaiting:
    """A request that awaits a decision in a step.

    Attributes:
        approver: whose turn it is; another one than the user if the user may decide for it.
        since: since when, UTC.
    """

    request: ApprovalRequest
    step: str
    approver: int
    since: datetime


def awaiting(session: Session) -> list[Awaiting]:
    """Return what awaits the actor's decision, the oldest first, in a few statements; nothing for the system."""
    user, elevated = session.principal.user, session.elevated
    if user is None:
        return []
    received = mandates(in_force(session, session.today), user)
    given = {"approvers": sorted({user, *(each.approver for each in received)}), "state": OPEN}
    where = "state == given.state and approver in given.approvers"
    tasks = elevated.find(ApprovalTask, where, given=given, order=["opened_at", "id"])
    if not tasks:
        return []
    wanted = {"ids": sorted({int(each.request) for each in tasks})}
    requests = {each.id: each for each in elevated.find(ApprovalRequest, "id in given.ids", given=wanted)}
    decided, found = matters(session, list(requests.values())), []
    for task in tasks:
        request = requests[int(task.request)]
        assert isinstance(task.approver, Ref)
        approver, matter = int(task.approver), decided[request.id]
        allowed = approver == user or any(each.approver == approver and each.covers(matter) for each in received)
        if allowed and int(request.submitter) != user:
            found.append(Awaiting(request=request, step=task.step, approver=approver, since=task.opened_at))
    return found
