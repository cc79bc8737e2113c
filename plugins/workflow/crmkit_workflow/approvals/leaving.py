"""Leaving: what awaits somebody who no longer acts goes to the superior."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crmkit import Ref, User
from crmkit_workflow.approvals.approvers import NOBODY, STAND_IN, Found, administrator_of, stand_in
from crmkit_workflow.approvals.course import lock, settle, tasks_of
from crmkit_workflow.approvals.flows import ADMINISTRATOR
from crmkit_workflow.approvals.following import follow, steps_of
from crmkit_workflow.approvals.matters import matter_of
from crmkit_workflow.approvals.opening import open_record
from crmkit_workflow.approvals.plan import plan_of
from crmkit_workflow.approvals.requests import OPEN, PASSED, REASSIGNED, ApprovalTask
from crmkit_workflow.approvals.telling import tell_approvers
from crmkit_workflow.reviews import leaving as reviews

if TYPE_CHECKING:
    from collections.abc import Sequence

    from crmkit import Batch, Change, Session
    from crmkit_workflow.approvals.requests import ApprovalRequest


def hand_on(session: Session, changes: Batch[Change]) -> None:
    """Give the open tasks of users who were deactivated or deleted to their superiors; the tasks say so."""
    left = [each.after.id for each in changes.of(User) if each.after.deleted_at or is_deactivated(each)]
    if not left:
        return
    reviews.hand_on(session, left)
    where = "state == 'open' and approver in given.users"
    tasks = session.find(ApprovalTask, where, given={"users": left}, order=["request", "id"])
    for request in sorted({int(each.request) for each in tasks}):
        reassign(session, follow(session, lock(session, request)), left)


def is_deactivated(change: Change) -> bool:
    """Return whether a change of a user takes it out of service."""
    return "active" in change.changed and not dict(change.after.items())["active"]


def reassign(session: Session, request: ApprovalRequest, left: Sequence[int]) -> None:
    """Give the tasks of a request that await users who left to others, and go on if nobody is needed any more.

    Where the flow wants somebody to decide and nobody is there, tasks stay as they are: the request can be recalled.
    What awaited the holder of a position has gone to who is responsible for it by now.
    """
    tasks, followed = tasks_of(session, request), {each.name for each in steps_of(request)}
    standing = [each for each in tasks if each.state == OPEN and isinstance(each.approver, Ref)]
    found = [
        (each, successor(session, request, each))
        for each in standing
        if each.approver in left and each.step not in followed
    ]
    gone = [(task, each) for task, each in found if each is not None]
    session.update_many((task, {"state": REASSIGNED, "decided_at": session.unit.now}) for task, _each in gone)
    taken = {(each.step, int(each.approver)) for each in tasks if each.approver is not None}
    rows: list[dict[str, object]] = []
    for task, each in gone:
        if each.user is None or (task.step, each.user) not in taken:
            rows.append(values_like(session, task, each))
            taken.add((task.step, each.user or 0))
    opened = session.create_many(ApprovalTask, rows)
    awaited = [each for each in opened if each.state == OPEN]
    open_record(session, request, awaited)
    tell_approvers(session, request, awaited)
    settle(session, request)


def successor(session: Session, request: ApprovalRequest, task: ApprovalTask) -> Found | None:
    """Return who decides in the place of an approver who left; one without a user if it passes, None for nobody."""
    assert task.approver is not None
    submitter, plan, amount = int(request.submitter), plan_of(request.plan), matter_of(session, request).amount
    superior = stand_in(session, int(task.approver), {submitter}, amount)
    if superior is not None:
        return Found(user=superior, reason=STAND_IN)
    if plan.otherwise != ADMINISTRATOR and stand_in(session, int(task.approver), {submitter}, None) is None:
        return Found(user=None, reason=NOBODY)
    return next(iter(administrator_of(session, plan, submitter, amount)), None)


def values_like(session: Session, task: ApprovalTask, found: Found) -> dict[str, object]:
    """Return the values of the task that takes the place of another one."""
    return {
        "request": task.request,
        "round": task.round,
        "place": task.place,
        "step": task.step,
        "vote": task.vote,
        "approver": found.user,
        "reason": found.reason,
        "state": PASSED if found.user is None else OPEN,
        "opened_at": session.unit.now,
    }
