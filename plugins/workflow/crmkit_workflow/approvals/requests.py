"""The entities of running approvals: requests about records, and the tasks of those who decide."""

from __future__ import annotations

from datetime import datetime as Moment  # noqa: N812  (read off the annotations)
from datetime import timedelta

from crmkit import (
    Choice,
    Event,
    Record,
    Ref,
    Unique,
    User,
    any_ref,
    boolean,
    choice,
    datetime,
    duration,
    integer,
    json,
    locked,
    long_text,
    record,
    ref,
    text,
)
from crmkit_workflow.approvals.flows import ApprovalFlow
from crmkit_workflow.approvals.status import STATUSES
from crmkit_workflow.delegation.entities import Delegation

OPEN, NEEDLESS, REASSIGNED, PASSED = "open", "needless", "reassigned", "passed"


@record(title="id")
class ApprovalRequest(Record):
    """What somebody submitted to be approved; written by submitting, deciding and recalling, and by nothing else.

    `place` counts the places of `plan`, the flow as it was, from 0; `round` counts the submissions, and the returns to
    an earlier step, from 1.
    """

    record: Ref[object] = locked(any_ref(part_of=True))
    submitted: str = locked(text(help="The record as it was when it was submitted; a merge leads `record` elsewhere."))
    flow: Ref[ApprovalFlow] = locked(ref())
    status: str = locked(choice(*STATUSES, index=True))
    open: bool | None = locked(boolean(index=True, help="Whether it is running."))
    submitter: Ref[User] = locked(ref())
    submitted_at: Moment = locked(datetime(index=True))
    decided_at: Moment | None = locked(datetime(index=True))
    place: int = locked(integer(min=0))
    round: int = locked(integer(min=1))
    plan: object | None = locked(json())
    note: str | None = locked(long_text())


@record(title="step")
class ApprovalTask(Record):
    """The part of one approver in one step of a request: open, and then what was decided, by whom, and why."""

    request: Ref[ApprovalRequest] = locked(ref(part_of=True))
    round: int = locked(integer(min=1))
    place: int = locked(integer(min=0))
    step: str = locked(text(max=80))
    vote: str = locked(choice("any", "all"))
    approver: Ref[User] | None = locked(ref(help="Whose turn it is; empty of a step that passed as nobody was found."))
    reason: str = locked(
        choice(
            Choice("users", "Named"),
            Choice("position", "Holds the position"),
            Choice("superior", "Superior of the submitter"),
            Choice("superiors", "Superior of the submitter, of a level"),
            Choice("chosen", "Chosen by the submitter"),
            Choice("stand_in", "Stands in for an approver"),
            Choice("administrator", "Administrator of the flow"),
            Choice("nobody", "Nobody was found"),
            help="How the approver was found.",
        )
    )
    state: str = locked(
        choice(
            Choice(OPEN),
            Choice("approved"),
            Choice("rejected"),
            Choice(NEEDLESS, "No longer needed"),
            Choice(REASSIGNED, "Given to somebody else"),
            Choice(PASSED, "Passed without a decision"),
            index=True,
        )
    )
    opened_at: Moment = locked(datetime(index=True))
    decided_at: Moment | None = locked(datetime())
    decided_by: Ref[User] | None = locked(ref())
    delegation: Ref[Delegation] | None = locked(ref(help="By which somebody else decided for the approver."))
    waited: timedelta | None = locked(duration(help="How long it awaited a decision."))
    comment: str | None = locked(long_text())
    shared: bool | None = locked(boolean(help="Whether the record was opened to somebody for the decision."))
    opened_to: object | None = locked(json(help="The ids of the users to whom it was opened."))


DECLARATIONS = (
    ApprovalRequest,
    ApprovalTask,
    Unique(
        entity="approval_request",
        fields=("record",),
        where="open",
        message="The record is being approved already.",
    ),
    Unique(
        entity="approval_task",
        fields=("request", "round", "place", "step", "approver"),
        message="The approver has a part in this step already.",
    ),
    Event(name="approval.submitted", entity="approval_request", help="A record was submitted to be approved."),
    Event(name="approval.approved", entity="approval_request", help="All steps of a request have approved."),
    Event(name="approval.rejected", entity="approval_request", help="An approver has rejected a request."),
    Event(name="approval.recalled", entity="approval_request", help="A request was taken back before it was decided."),
    Event(name="approval.voided", entity="approval_request", help="What was approved was changed or submitted again."),
)
