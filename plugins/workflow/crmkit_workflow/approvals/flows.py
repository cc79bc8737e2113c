"""Approval flows as data: for which records, in which steps, and who decides in each."""

from __future__ import annotations

from crmkit import (
    Choice,
    Record,
    Ref,
    Rule,
    Unique,
    User,
    boolean,
    choice,
    integer,
    long_text,
    record,
    ref,
    tags,
    text,
)
from crmkit_workflow.positions.entities import Position

NAME = 41
FIRST, REFUSING = "first", "refusing"
START, PREVIOUS = "start", "previous"
ADMINISTRATOR, PASS = "administrator", "pass"
USERS, POSITION, SUPERIOR, SUPERIORS, CHOSEN = "users", "position", "superior", "superiors", "chosen"
ANY, ALL = "any", "all"


@record
class ApprovalFlow(Record):
    """How records of an entity are approved. A running request keeps the flow as it was when it was submitted."""

    name: str = text(unique=True, search=True)
    entity: str = text(max=NAME, index=True, help="The entity whose records are approved, such as opportunity.")
    condition: str | None = long_text(help="A filter that the records meet; empty for all of them.")
    rank: int = integer(default=100, help="Of several flows that fit, the one with the smallest rank counts.")
    active: bool = boolean(default=True)
    amount_field: str | None = text(
        max=NAME, label="Amount", help="The amount by which limits go; `amount` if nothing is said."
    )
    otherwise: str = choice(
        Choice(ADMINISTRATOR, "The administrator decides"),
        Choice(PASS, "It passes"),
        default=ADMINISTRATOR,
        label="If nobody is found",
        help="What happens when no step fits, or nobody is there to decide in one.",
    )
    administrator: Ref[User] | None = ref(help="Who decides when nobody else is found, and may recall any request.")
    rejects_to: str = choice(
        Choice(START, "Back to the submitter"),
        Choice(PREVIOUS, "Back to the step before"),
        default=START,
        label="A rejection sends it",
    )
    restarts_from: str = choice(
        Choice(FIRST, "At the first step"),
        Choice(REFUSING, "At the step that it had come to"),
        default=FIRST,
        label="Submitted again, it begins",
    )
    stages: tuple[str, ...] | None = tags(help="The stages that records enter only when this flow has approved them.")
    voided_by: tuple[str, ...] | None = tags(
        label="Fields that void it",
        help="Fields whose change makes an approval void, and parts such as order_line; the amount, and parts with "
        "amounts, if nothing is said.",
    )


@record
class ApprovalStep(Record):
    """A step of a flow. Steps with the same place are decided at the same time, places one after the other."""

    flow: Ref[ApprovalFlow] = ref(part_of=True)
    place: int = integer(min=1, default=1)
    name: str = text(max=80)
    condition: str | None = long_text(help="A filter: records that don't meet it skip the step.")
    approvers: str = choice(
        Choice(USERS, "Named users"),
        Choice(POSITION, "Whoever holds a position"),
        Choice(SUPERIOR, "The superior of the submitter"),
        Choice(SUPERIORS, "The superiors of the submitter, one after the other"),
        Choice(CHOSEN, "Whom the submitter chooses"),
        default=SUPERIOR,
    )
    position: Ref[Position] | None = ref()
    levels: int | None = integer(min=1, max=20, help="Up to which level superiors decide.")
    vote: str = choice(
        Choice(ANY, "One approval is enough"),
        Choice(ALL, "All must approve"),
        default=ALL,
        help="One rejection rejects.",
    )


@record(title="id")
class ApprovalStepUser(Record):
    """A user who is named as approver of a step."""

    step: Ref[ApprovalStep] = ref(part_of=True)
    user: Ref[User] = ref()


DECLARATIONS = (
    ApprovalFlow,
    ApprovalStep,
    ApprovalStepUser,
    Unique(entity="approval_step", fields=("flow", "name"), message="The flow has a step of this name."),
    Unique(entity="approval_step_user", fields=("step", "user"), message="The user is named already."),
    Rule(
        name="flow_names_administrator",
        entity="approval_flow",
        when="otherwise == 'administrator' and administrator is None",
        message="Name the administrator who decides when nobody else is found, or let such requests pass.",
        path="administrator",
    ),
    Rule(
        name="step_names_position",
        entity="approval_step",
        when="approvers == 'position' and position is None",
        message="Name the position.",
        path="position",
    ),
    Rule(
        name="step_says_levels",
        entity="approval_step",
        when="approvers == 'superiors' and levels is None",
        message="Say up to which level superiors decide.",
        path="levels",
    ),
)
