"""The course of a request: places are opened, steps are completed, and the request and its record get their status."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crmkit.errors import Refusal
from crmkit.translation import _
from crmkit_workflow.approvals.approvers import approvers_of
from crmkit_workflow.approvals.flows import ANY
from crmkit_workflow.approvals.matters import matter_of
from crmkit_workflow.approvals.opening import close_record, open_record, subject_of
from crmkit_workflow.approvals.plan import plan_of
from crmkit_workflow.approvals.requests import NEEDLESS, OPEN, PASSED, ApprovalRequest, ApprovalTask
from crmkit_workflow.approvals.status import APPROVED
from crmkit_workflow.approvals.telling import tell_approvers, tell_submitter
from crmkit_workflow.errors import NotSubmittableError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from crmkit import Session
    from crmkit_workflow.approvals.approvers import Found
    from crmkit_workflow.approvals.plan import Plan, PlannedStep

LIVING = "request == given.request and round == given.round"


def lock(session: Session, request: int) -> ApprovalRequest:
    """Wait until nobody else decides about a request, and return it as it is then."""
    session.serialise(f"approval_request.{request}")
    return session.elevated.get(ApprovalRequest, request)


def tasks_of(session: Session, request: ApprovalRequest) -> Sequence[ApprovalTask]:
    """Return the tasks of the running round of a request."""
    given = {"request": request, "round": request.round}
    return session.elevated.find(ApprovalTask, LIVING, given=given, order="id")


def go_on(session: Session, request: ApprovalRequest, place: int) -> ApprovalRequest:
    """Open the place, or those behind it if nobody has to decide in it; approve the request at the end.

    Raises:
        NotSubmittableError: if nobody at all can decide in a step.
    """
    plan, elevated = plan_of(request.plan), session.elevated
    while place < len(plan.places):
        found = [(step, found_for(session, request, plan, step)) for step in plan.places[place]]
        opened = elevated.create_many(
            ApprovalTask, [task_values(session, request, place, step, each) for step, all_ in found for each in all_]
        )
        if any(each.state == OPEN for each in opened):
            request = elevated.update(request, place=place)
            open_record(session, request, [each for each in opened if each.state == OPEN])
            tell_approvers(session, request, opened)
            return request
        place += 1
    return finish(session, elevated.update(request, place=max(len(plan.places) - 1, 0)), APPROVED)


def found_for(session: Session, request: ApprovalRequest, plan: Plan, step: PlannedStep) -> list[Found]:
    """Return who decides in a step."""
    found = approvers_of(
        session, plan, step, submitter=int(request.submitter), amount=matter_of(session, request).amount
    )
    if found is None:
        text = _(
            "Nobody can decide in the step {step!r}: neither those it asks for nor the administrator of the flow. "
            "Have somebody appointed, or another administrator named.",
            step=step.name,
        )
        raise NotSubmittableError(entity=request.record.entity, refusals=(Refusal(path="approval", text=text),))
    return found


def task_values(
    session: Session, request: ApprovalRequest, place: int, step: PlannedStep, found: Found
) -> dict[str, object]:
    """Return the values of a new task."""
    return {
        "request": request,
        "round": request.round,
        "place": place,
        "step": step.name,
        "vote": step.vote,
        "approver": found.user,
        "reason": found.reason,
        "state": PASSED if found.user is None else OPEN,
        "opened_at": session.unit.now,
    }


def settle(session: Session, request: ApprovalRequest) -> ApprovalRequest:
    """Go on with a request if all steps of its place are completed."""
    tasks = tasks_of(session, request)
    steps: dict[str, list[ApprovalTask]] = {}
    for task in tasks:
        if task.place == request.place:
            steps.setdefault(task.step, []).append(task)
    completed = [each for each in steps.values() if is_completed(each)]
    over = [task for step in completed for task in step if task.state == OPEN]
    session.elevated.update_many((task, {"state": NEEDLESS}) for task in over)
    return go_on(session, request, request.place + 1) if len(completed) == len(steps) else request


def is_completed(tasks: Sequence[ApprovalTask]) -> bool:
    """Return whether a step has what it needs: one approval, or all of them."""
    if tasks[0].vote == ANY and any(each.state == "approved" for each in tasks):
        return True
    return all(each.state != OPEN for each in tasks)


def close_tasks(session: Session, request: ApprovalRequest) -> None:
    """Take away what is still to be decided in the running round."""
    left = [each for each in tasks_of(session, request) if each.state == OPEN]
    session.elevated.update_many((each, {"state": NEEDLESS}) for each in left)


def finish(session: Session, request: ApprovalRequest, status: str) -> ApprovalRequest:
    """Close a request with a status, unlock its record, and tell of it."""
    elevated = session.elevated
    close_tasks(session, request)
    request = elevated.update(request, status=status, open=False, decided_at=session.unit.now)
    record = subject_of(session, request)
    elevated.update(record, approval=status)
    close_record(session, request, record)
    announce(session, request, status)
    tell_submitter(session, request, record, status)
    return request


def announce(session: Session, request: ApprovalRequest, status: str, **said: object) -> None:
    """Emit what has become of a request."""
    payload = {"record": str(request.record), "flow": int(request.flow), "round": request.round, **said}
    session.elevated.emit(f"approval.{status}", request, payload)
