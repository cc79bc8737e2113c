"""Submitting a record to be approved, again if need be, and taking it back."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from crmkit.errors import AccessDeniedError, NotFoundError, Refusal
from crmkit.translation import _
from crmkit_workflow.approvals.course import announce, finish, go_on, lock
from crmkit_workflow.approvals.flows import CHOSEN, REFUSING
from crmkit_workflow.approvals.matters import answering
from crmkit_workflow.approvals.parts import as_seen, known
from crmkit_workflow.approvals.plan import fitting_flow, is_same_course, make_plan, plan_of
from crmkit_workflow.approvals.requests import ApprovalRequest
from crmkit_workflow.approvals.status import PENDING, RECALLED, REJECTED, is_approvable
from crmkit_workflow.approvals.voiding import approved_requests, end
from crmkit_workflow.errors import NotRecallableError, NotSubmittableError, NoUserError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from crmkit import EntityModel, Record, Ref, Session
    from crmkit_workflow.approvals.plan import Plan


def submit(
    session: Session,
    record: Record,
    *,
    note: str | None = None,
    chosen: Mapping[str, Iterable[Record | Ref[object] | int]] | None = None,
) -> ApprovalRequest:
    """Submit a record to be approved by the flow that fits it, and lock it until that is decided.

    What was rejected or recalled is submitted again as the same request, in a new round; what the flow has approved
    counts no more when it is asked again. `chosen` names the approvers, by step, that a flow leaves to the submitter.

    Raises:
        NotSubmittableError: if no flow fits, it is being approved already, or nobody can approve it.
        ConflictError: if somebody else changed the record since it was read.
        AccessDeniedError: if the actor may not change the record.
        NotFoundError: if the actor doesn't see the record.
        NoUserError: if the system wants to submit.
    """
    if session.principal.user is None:
        raise NoUserError
    entity = session.model.entity(record)
    picked = {step: [id_of(each) for each in users] for step, users in (chosen or {}).items()}
    with session.unit.command(writes_much=True):
        whole = checked(session, entity, record)
        approved = approved_requests(session, [whole.ref])
        flow = fitting_flow(session, entity, whole, {int(each.flow) for each in approved})
        if flow is None:
            raise refused(entity, _("No approval flow is there for this record. Ask an administrator for one."))
        plan = make_plan(session, entity, flow, whole, picked)
        check_chosen(entity, plan)
        session.elevated.update(whole, approval=PENDING)
        end(session, [each for each in approved if each.flow == flow.ref])
        request, place = begin(session, plan, {"record": whole, "flow": flow, "note": note})
        announce(session, request, "submitted")
        return as_seen(session, go_on(session, request, place))


def id_of(user: Record | Ref[object] | int) -> int:
    """Return the id of a user."""
    return int(user) if isinstance(user, int) else user.id


def checked(session: Session, entity: EntityModel, record: Record) -> Record:
    """Return the record whole, as the actor read it, if the actor may submit it."""
    from crmkit.core.lifecycle.access import within
    from crmkit.core.lifecycle.changing import current, refused_update

    if not is_approvable(entity):
        raise refused(entity, _("Records of this entity are not approved: it has no field for it."))
    if record.id not in session.readable_ids(entity.name, [record.id]):
        raise NotFoundError(entity=entity.name, id=record.id)
    if not session.principal.reaches_all and not within(session, entity.name, [record.id], "update"):
        raise AccessDeniedError(action=_("submit"), entity=entity.name, actor=session.principal.name)
    whole = session.elevated.by_id(entity, [record.id])[record.id]
    read = current(session, record)
    if whole.version != read.version:
        raise refused_update(session, entity, read, ("update",))
    if dict(whole.items())["approval"] == PENDING:
        raise refused(entity, _("It is being approved already."))
    return whole


def refused(entity: EntityModel, text: str) -> NotSubmittableError:
    """Return the error for one reason."""
    return NotSubmittableError(entity=entity.name, refusals=(Refusal(path="approval", text=text),))


def check_chosen(entity: EntityModel, plan: Plan) -> None:
    """Refuse a submission that leaves approvers open that the submitter has to choose."""
    open_ = [step.name for place in plan.places for step in place if step.approvers == CHOSEN and not step.users]
    if open_:
        raise refused(entity, _("Choose approvers for: {steps}.", steps=", ".join(open_)))


def begin(session: Session, plan: Plan, given: dict[str, object]) -> tuple[ApprovalRequest, int]:
    """Return the request, a new one or the one that goes into another round, and the place at which it begins."""
    values = {
        **given,
        "submitted": str(cast("Record", given["record"]).ref),
        "status": PENDING,
        "open": True,
        "submitter": session.principal.user,
        "submitted_at": session.unit.now,
        "decided_at": None,
        "plan": plan.to_json(),
    }
    where = {"record": given["record"], "flow": given["flow"]}
    before = session.elevated.find(ApprovalRequest, where, order="-id", limit=1)
    if not before or before[0].status not in {REJECTED, RECALLED}:
        return session.elevated.create_many(ApprovalRequest, [{**values, "place": 0, "round": 1}])[0], 0
    last = lock(session, before[0].id)
    stays = plan.restarts_from == REFUSING and is_same_course(plan_of(last.plan), plan, last.place)
    place = last.place if stays else 0
    (again,) = session.elevated.update_many([(last, {**values, "place": place, "round": last.round + 1})])
    return again, place


def recall(session: Session, request: ApprovalRequest) -> ApprovalRequest:
    """Take a request back before it is decided, which unlocks its record.

    Raises:
        NotRecallableError: if it is closed, or the actor is neither the submitter, or the record's owner when the
            submitter has left, nor the administrator of the flow.
        NotFoundError: if the request doesn't concern the actor.
    """
    with session.unit.command(writes_much=True):
        found = known(session, lock(session, request.id))
        if not found.open:
            raise NotRecallableError(
                entity="approval_request",
                refusals=(Refusal(path="status", text=_("It is closed already: {status}.", status=found.status)),),
            )
        user = session.principal.user
        if user is not None and user not in {answering(session, found), plan_of(found.plan).administrator}:
            text = _("Only who submitted it, or the administrator of its flow, may recall it.")
            raise NotRecallableError(entity="approval_request", refusals=(Refusal(path="submitter", text=text),))
        return as_seen(session, finish(session, found, RECALLED))
