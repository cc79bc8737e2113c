"""The entity of delegations."""

from __future__ import annotations

from datetime import date as Date  # noqa: N812  (read off the annotations)

from crmkit import Money, Record, Ref, Rule, User, boolean, date, money, record, ref, text
from crmkit_workflow.approvals.flows import NAME, ApprovalFlow


@record(owner="delegator", title="id")
class Delegation(Record):
    """Somebody lets somebody else decide: about everything, or about an entity, a flow, amounts up to a limit."""

    delegator: Ref[User] = ref(help="Whose authority it is.")
    delegate: Ref[User] = ref(help="Who may decide, too.")
    entity: str | None = text(max=NAME, help="Only about records of this entity, such as opportunity.")
    flow: Ref[ApprovalFlow] | None = ref(help="Only in this flow.")
    limit: Money | None = money(min=0, help="Only up to this amount.")
    since: Date = date(help="The first day.")
    until: Date | None = date(help="The last day; empty for no end.")
    substitute: bool = boolean(
        default=False, help="Whether the other one stands in, as during a leave: it is told of what comes in."
    )
    note: str | None = text()


DECLARATIONS = (
    Delegation,
    Rule(
        name="delegated_in_order",
        entity="delegation",
        when="until < since",
        message="The last day is before the first.",
        path="until",
    ),
    Rule(
        name="delegated_to_another",
        entity="delegation",
        when="delegator == delegate",
        message="Nobody delegates to itself. Choose somebody else.",
        path="delegate",
    ),
)
