"""What people meet of approvals: the command, the worklist and the report."""

from __future__ import annotations

from crmkit import Command, Parameter, Report, WorklistKind
from crmkit.core.declare.kinds import AnyRefKind, DateKind, IntegerKind

DECLARATIONS = (
    Command(
        name="approvals",
        run="crmkit_workflow.approvals.commands:approvals",
        help="List what awaits my approval, or submit a record, approve, reject or recall a request.",
        public=True,
        parameters=(
            Parameter(name="submit", kind=AnyRefKind(), help="A record to be approved, such as opportunity:5."),
            Parameter(name="approve", kind=IntegerKind(min=1), help="The number of a request to approve."),
            Parameter(name="reject", kind=IntegerKind(min=1), help="The number of a request to reject."),
            Parameter(name="recall", kind=IntegerKind(min=1), help="The number of a request to take back."),
            Parameter(name="comment", help="Why; a rejection needs it."),
            Parameter(name="step", help="The step, where several await me."),
        ),
    ),
    WorklistKind(
        name="awaiting_approval",
        label="Awaiting my approval",
        help="Records that await my approval.",
        entity="approval_task",
        where="state == 'open' and approver == me()",
        order="opened_at",
    ),
    WorklistKind(
        name="awaiting_review",
        label="Awaiting my review",
        help="New and changed records that await my review.",
        entity="review",
        where="state == 'pending' and reviewer == me()",
        order="submitted_at",
    ),
    WorklistKind(
        name="sent_back",
        label="Sent back to me",
        help="Requests of mine that were rejected and can be mended and submitted again.",
        entity="approval_request",
        where="status == 'rejected' and submitter == me()",
        order="decided_at",
    ),
    Report(
        name="approval_times",
        run="crmkit_workflow.approvals.times:approval_times",
        help="How long approvals wait in each step, and how many are approved, rejected or still open.",
        reads=("customer", "opportunity", "order"),
        parameters=(
            Parameter(name="since", kind=DateKind(), help="The first day on which a step was opened that counts."),
            Parameter(name="until", kind=DateKind(), help="The last day on which a step was opened that counts."),
        ),
    ),
)
