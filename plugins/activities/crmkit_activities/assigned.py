"""Customers and deals that are new to their owners, as somebody else gave them."""

from __future__ import annotations

from datetime import datetime as Moment  # noqa: N812  (read off the annotations)
from typing import TYPE_CHECKING

from crmkit import Customer, Opportunity, WorklistKind, extend
from crmkit.core.declare import fields as f
from crmkit.translation import _

if TYPE_CHECKING:
    from crmkit import Batch, Session
    from crmkit.core.lifecycle.drafts import Draft

GIVEN = "When somebody else gave it to its owner; set by itself."
MINE = "owner == me() and stage.kind in ('open', 'waiting') and assigned_at is not None"


@extend(Customer)
class CustomerAssigned:
    """When a customer came to its owner."""

    assigned_at: Moment | None = f.locked(f.datetime(help=GIVEN))


@extend(Opportunity)
class OpportunityAssigned:
    """When a deal came to its owner."""

    assigned_at: Moment | None = f.locked(f.datetime(help=GIVEN))


DECLARATIONS = (
    CustomerAssigned,
    OpportunityAssigned,
    WorklistKind(
        name="new_customers",
        label=_("Newly assigned customers"),
        help=_("Customers that others gave to you and whom nobody has contacted since."),
        entity="customer",
        where=f"{MINE} and (last_contacted_at is None or last_contacted_at < assigned_at)",
        order="-assigned_at",
        position=31,
    ),
    WorklistKind(
        name="new_opportunities",
        label=_("Newly assigned opportunities"),
        help=_("Opportunities that others gave to you and that have not been moved since."),
        entity="opportunity",
        where=f"{MINE} and stage.since <= assigned_at",
        order="-assigned_at",
        position=32,
    ),
)


def note(session: Session, drafts: Batch[Draft]) -> None:
    """Note when somebody has got a customer or a deal from somebody else."""
    for entity in (Customer, Opportunity):
        for draft in drafts.of(entity):
            if draft.sets("owner"):
                owner = draft.get("owner")
                is_given = owner is not None and owner != session.actor_ref
                draft.set("assigned_at", session.unit.now if is_given else None)
