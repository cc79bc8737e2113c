"""Following: what awaits the holders of a position awaits whoever holds it now: steps name positions, not persons."""

from __future__ import annotations

from datetime import time
from typing import TYPE_CHECKING

from crmkit import Daily, Job, Parameter, Ref
from crmkit.core.declare.kinds import IntegerKind
from crmkit.translation import _
from crmkit_workflow.approvals.approvers import approvers_of
from crmkit_workflow.approvals.course import lock, settle, task_values, tasks_of
from crmkit_workflow.approvals.flows import POSITION
from crmkit_workflow.approvals.matters import matter_of
from crmkit_workflow.approvals.opening import close_to, open_record
from crmkit_workflow.approvals.plan import plan_of
from crmkit_workflow.approvals.requests import OPEN, REASSIGNED, ApprovalRequest, ApprovalTask
from crmkit_workflow.approvals.telling import tell_approvers
from crmkit_workflow.reviews import leaving as reviews

if TYPE_CHECKING:
    from collections.abc import Sequence

    from crmkit import Batch, Change, JobRun, Session
    from crmkit_workflow.approvals.plan import PlannedStep

JOB = "approval_positions"
DECLARATIONS = (
    Job(
        name=JOB,
        run="crmkit_workflow.approvals.following:follow_job",
        schedule=Daily(time(0, 10)),
        parameters=(Parameter(name="request", kind=IntegerKind(min=1)),),
        help=_("Gives what awaits the holders of positions to those who hold them today."),
    ),
)


def follow_job(session: Session, run: JobRun, request: int | None = None) -> None:
    """Follow one request; without one, follow all reviews, and ask for all requests that await holders of positions."""
    if request is not None:
        follow(session, lock(session, request))
        return
    reviews.follow_positions(session)
    for each in awaiting_positions(session):
        session.enqueue(JOB, key=f"{JOB} {each} {run.due.isoformat()}", request=each)


def follow_changes(session: Session, changes: Batch[Change]) -> None:
    """Follow those who hold positions from now on, or no longer."""
    if changes.entity.name in {"position", "position_holder"}:
        reviews.follow_positions(session)
        for each in awaiting_positions(session):
            follow(session, lock(session, each))


def awaiting_positions(session: Session) -> list[int]:
    """Return the running requests, by id, in which it is the turn of whoever holds a position."""
    return [each.id for each in session.elevated.find(ApprovalRequest, {"open": True}, order="id") if steps_of(each)]


def steps_of(request: ApprovalRequest) -> list[PlannedStep]:
    """Return the steps of a request whose turn it is and that name a position."""
    places = plan_of(request.plan).places
    return [each for each in places[request.place] if each.approvers == POSITION] if request.open and places else []


def follow(session: Session, request: ApprovalRequest) -> ApprovalRequest:
    """Give the open tasks of positions to those who are responsible today, and go on if nobody is needed any more."""
    steps = steps_of(request)
    tasks = [each for each in tasks_of(session, request) if each.place == request.place] if steps else []
    moved = [follow_step(session, request, step, [each for each in tasks if each.step == step.name]) for step in steps]
    return settle(session, request) if any(moved) else request


def follow_step(session: Session, request: ApprovalRequest, step: PlannedStep, tasks: Sequence[ApprovalTask]) -> bool:
    """Give the open tasks of a step to those who are responsible today, and return whether others are; tasks say so.

    What is decided stays; where the flow wants somebody to decide and nobody is there, tasks stay as they are.
    """
    awaited = [each for each in tasks if each.state == OPEN]
    if not awaited:
        return False
    amount = matter_of(session, request).amount
    found = approvers_of(session, plan_of(request.plan), step, submitter=int(request.submitter), amount=amount)
    if found is None:
        return False
    wanted = {each.user for each in found}
    gone = [each for each in awaited if each.approver not in wanted]
    back = [each for each in tasks if each.state == REASSIGNED and each.approver in wanted]
    known = {int(each.approver) for each in tasks if isinstance(each.approver, Ref)}
    new = [task_values(session, request, request.place, step, each) for each in found if each.user not in known]
    close_to(session, request, gone)
    now = session.unit.now
    session.elevated.update_many((each, {"state": REASSIGNED, "decided_at": now}) for each in gone)
    again = session.elevated.update_many((each, {"state": OPEN, "decided_at": None, "opened_at": now}) for each in back)
    opened = [*again, *(each for each in session.elevated.create_many(ApprovalTask, new) if each.state == OPEN)]
    open_record(session, request, opened)
    tell_approvers(session, request, opened)
    return bool(gone or back or new)
