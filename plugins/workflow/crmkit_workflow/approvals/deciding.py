"""Deciding: one decision by each approver in each step, for oneself or for whom one stands in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from crmkit.errors import Refusal
from crmkit.translation import _
from crmkit_workflow.approvals.course import (
    announce,
    close_tasks,
    finish,
    go_on,
    lock,
    settle,
    tasks_of,
)
from crmkit_workflow.approvals.flows import PREVIOUS
from crmkit_workflow.approvals.following import follow
from crmkit_workflow.approvals.parts import as_seen, known, parts_of
from crmkit_workflow.approvals.plan import plan_of
from crmkit_workflow.approvals.requests import OPEN, ApprovalRequest, ApprovalTask
from crmkit_workflow.approvals.status import APPROVED, REJECTED
from crmkit_workflow.errors import NotDecidableError, NoUserError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from crmkit import Session
    from crmkit_workflow.approvals.parts import Part

Verdict = Literal["approved", "rejected"]


def approve(
    session: Session, request: ApprovalRequest, *, comment: str | None = None, step: str | None = None
) -> ApprovalRequest:
    """Approve a request in the step that awaits the actor, and return it as it is then, as far as the actor may see it.

    Raises:
        NotDecidableError: if nothing of it awaits the actor; it says whom it awaits.
        NotFoundError: if the request doesn't concern the actor.
        NoUserError: if the system wants to decide.
    """
    return decide(session, request, APPROVED, comment, step)


def reject(session: Session, request: ApprovalRequest, *, comment: str, step: str | None = None) -> ApprovalRequest:
    """Reject a request, with a reason; it goes back to the submitter or to the step before, as its flow says.

    Raises:
        NotDecidableError: if nothing of it awaits the actor, or the reason is missing.
        NotFoundError: if the request doesn't concern the actor.
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
        found = known(session, follow(session, lock(session, request.id)))
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
        after = settle(session, found) if verdict == APPROVED else send_back(session, found)
        return as_seen(session, after)


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
