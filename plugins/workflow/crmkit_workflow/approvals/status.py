"""The status of a record's approval, as a field that an entity must have so that flows can be about it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crmkit import Choice, Customer, Opportunity, Order, choice, extend, locked
from crmkit.core.declare.kinds import ChoiceKind, RefKind
from crmkit.translation import _

if TYPE_CHECKING:
    from crmkit import EntityModel, Model, Record

APPROVAL = "approval"
PENDING, APPROVED, REJECTED, RECALLED, VOID, DRAFT = "pending", "approved", "rejected", "recalled", "void", "draft"
STATUSES = (
    Choice(DRAFT, "Not submitted"),
    Choice(PENDING, "Being approved"),
    Choice(APPROVED),
    Choice(REJECTED),
    Choice(RECALLED),
    Choice(VOID, "Void"),
)


def approvable(entity: type[Record]) -> type:
    """Return the extension by which records of an entity can be approved; yield it, and flows can be about them.

    The field `approval` says `draft` of what a flow is there for and nobody has submitted, `pending` while it is
    decided about and locked, `approved`, `rejected`, `recalled`, or `void` when what had been approved was changed.
    Customers, opportunities and orders have it. A plugin above yields `approvable(Contract)` for its own.
    """

    @extend(entity)
    class Approvable:
        """Whether a record was approved."""

        approval: str | None = locked(choice(*STATUSES, label=_("Approval"), index=True))

    return Approvable


DECLARATIONS = (approvable(Customer), approvable(Opportunity), approvable(Order))


def contents(model: Model, entity: EntityModel) -> list[EntityModel]:
    """Return the entities whose records are parts of one entity's: declared for it, not attached to whatever it be."""
    return [
        each
        for each in model.entities.values()
        if each.whole is not None and isinstance(each.whole.kind, RefKind) and each.whole.target == entity.name
    ]


def is_approvable(entity: EntityModel) -> bool:
    """Return whether records of an entity can be approved."""
    field = entity.fields.get(APPROVAL)
    return field is not None and field.declared.locked and isinstance(field.kind, ChoiceKind)
