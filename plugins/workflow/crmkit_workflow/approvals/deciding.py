"""Deciding: one decision by each approver in each step, for oneself or for whom one stands in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from attrs import frozen

from crmkit.core.declare.values import Ref
from crmkit.errors import Refusal
from crmkit.translation import _
from crmkit_workflow.approvals.course import (
    announce,
    base_of,
    close_tasks,
    finish,
    go_on,
    lock,
    settle,
    tasks_of,
)
from crmkit_workflow.approvals.flows import PREVIOUS
from crmkit_workflow.approvals.plan import plan_of
from crmkit_workflow.approvals.requests import OPEN, ApprovalRequest, ApprovalTask
from crmkit_workflow.approvals.status import APPROVED, REJECTED
from crmkit_workflow.delegation.authority import Matter, in_force, mandates
from crmkit_workflow.errors import NotDecidableError, NoUserError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from crmkit import Session
    from crmkit_workflow.delegation.entities import Delegation

Verdict = Literal["approved", "rejected"]


@frozen(kw_only=True, eq=False)
class Part:
    """A task that the actor may decide; `delegation` is the one by which it does so for somebody else."""

    task: ApprovalTask
    delegation: Delegation | None


def approve(
    session: Session, request: ApprovalRequest, *, comment: str | None = None, step: str | None = None
) -> ApprovalRequest:
    """Approve a request in the step that awaits the actor, and return it as it is then.

    Raises:
        NotDecidableError: if nothing of it awaits the actor; it says whom it awaits.
        NoUserError: if the system wants to decide.
    """
    return decide(session, request, APPROVED, comment, step)


def reject(session: Session, request: ApprovalRequest, *, comment: str, step: str | None = None) -> ApprovalRequest:
    """Reject a request, with a reason; it goes back to the submitter or to the step before, as its flow says.

    Raises:
        NotDecidableError: if nothing of it awaits the actor, or the reason is missing.
        NoUserError: if the system wants to decide.
    """
    if not comment.strip():
        raise refused("comment", _("Say why, so that it can be mended."))
    return decide(session, request, REJECTED, comment, step)


def decide(
    session: Session, request: ApprovalRequest, verdict: Verdict | str, comment: str | None, step: str | None
) -> ApprovalRequest:
    """Note a decision of the actor, and go on with the request."""
    if session.principal.user is None:
        raise NoUserError
    with session.unit.command(writes_much=True):
        found = lock(session, request.id)
        part = chosen_part(session, found, step)
        delegation = None if part.delegation is None else part.delegation.ref
        decided = {
            "state": verdict,
            "decided_at": session.unit.now,
            "waited": session.unit.now - part.task.opened_at,
            "decided_by": session.actor_ref,
            "delegation": delegation,
            "comment": comment,
        }
        session.elevated.update_many([(part.task, decided)])
        return settle(session, found) if verdict == APPROVED else send_back(session, found)


def chosen_part(session: Session, request: ApprovalRequest, step: str | None) -> Part:
    """Return the one task of a request that the actor decides now.

    Raises:
        NotDecidableError: if there is none, or more than one and no step was named.
    """
    if not request.open:
        raise refused("status", _("It is closed already: {status}.", status=request.status))
    if session.principal.user == int(request.submitter):
        raise refused("approver", _("Nobody approves what it has submitted itself."))
    open_ = [each for each in tasks_of(session, request) if each.state == OPEN]
    parts = [each for each in parts_of(session, request, open_) if step in {None, each.task.step}]
    if not parts:
        names = session.elevated.rows(ApprovalTask, ["approver.name"], {"request": request, "state": OPEN}, order="id")
        awaited = ", ".join(dict.fromkeys(str(name) for (name,) in names))
        raise refused("approver", _("It doesn't await your decision. It awaits: {awaited}.", awaited=awaited))
    own = [each for each in parts if each.delegation is None] or parts
    if len({each.task.step for each in own}) > 1:
        steps = ", ".join(dict.fromkeys(each.task.step for each in own))
        raise refused("step", _("You decide in several steps. Name one of: {steps}.", steps=steps))
    return own[0]


def parts_of(session: Session, request: ApprovalRequest, tasks: Iterable[ApprovalTask]) -> list[Part]:
    """Return those tasks of a request that the actor may decide, the own ones first."""
    user = session.principal.user
    assert user is not None
    own = [Part(task=each, delegation=None) for each in tasks if each.approver == user]
    matter = Matter(entity=request.record.entity, flow=int(request.flow), amount=base_of(request))
    allowed = [each for each in mandates(in_force(session, session.today), user) if each.covers(matter)]
    by_approver = {each.approver: each.chain[-1] for each in reversed(allowed)}
    others = [
        Part(task=each, delegation=by_approver[int(each.approver)])
        for each in tasks
        if isinstance(each.approver, Ref) and int(each.approver) in by_approver and each.approver != user
    ]
    return [*own, *others]


def send_back(session: Session, request: ApprovalRequest) -> ApprovalRequest:
    """Send a rejected request back to the submitter, or to the last step before in which somebody decided."""
    plan, earlier = plan_of(request.plan), places_decided(session, request)
    if plan.rejects_to != PREVIOUS or not earlier:
        return finish(session, request, REJECTED)
    close_tasks(session, request)
    again = session.elevated.update(request, round=request.round + 1, place=earlier[-1])
    announce(session, again, REJECTED, to="previous")
    return go_on(session, again, earlier[-1])


def places_decided(session: Session, request: ApprovalRequest) -> Sequence[int]:
    """Return the places before the present one in which somebody has approved, in any round, in order."""
    where = "request == given.request and place < given.place and state == 'approved'"
    given = {"request": request, "place": request.place}
    rows = session.elevated.rows(ApprovalTask, ["place"], where, given=given)
    return sorted({int(str(place)) for (place,) in rows})


def refused(path: str, text: str) -> NotDecidableError:
    """Return the error for one reason."""
    return NotDecidableError(entity="approval_request", refusals=(Refusal(path=path, text=text),))
