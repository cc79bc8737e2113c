"""What a record needs to lie in a pool: the fields that `poolable` adds to an entity that has an owner."""

from __future__ import annotations

from datetime import datetime as Moment  # noqa: N812  (read off the annotations)
from typing import TYPE_CHECKING

from crmkit import Customer, Opportunity, Ref, extend
from crmkit.core.declare import fields as f
from crmkit.core.declare.fields import bookkeeping, locked
from crmkit.translation import _
from crmkit_workflow.pools.entities import Pool

if TYPE_CHECKING:
    from crmkit import EntityModel, Record

FIELDS = ("pool", "pooled_at", "owned_since", "follow_ups", "returns_at", "pool_locked")


def poolable(entity: type[Record]) -> type:
    """Return the extension by which records of an entity with an owner can lie in a pool; yield it to have it.

    Customers and opportunities have it. A plugin above yields `poolable(Lead)` for its own.
    """

    @extend(entity)
    class Poolable:
        """Where a record lies that nobody owns, and since when it is whose."""

        pool: Ref[Pool] | None = f.ref(help="The pool in which it lies; it has no owner then.")
        pooled_at: Moment | None = locked(f.datetime(label="In the pool since"))
        owned_since: Moment | None = locked(f.datetime(help="Since when its owner has it."))
        follow_ups: object | None = locked(f.json(help="When it was last followed up, by kind of activity."))
        returns_at: Moment | None = bookkeeping(
            f.datetime(
                index=True,
                label=_("Returns to the pool"),
                help="When it returns to a pool unless something happens; noted by the sweep once that is near.",
            )
        )
        pool_locked: bool = f.boolean(
            default=False, label=_("Kept from the pool"), help="Whether no rule returns it to a pool."
        )

    return Poolable


DECLARATIONS = (poolable(Customer), poolable(Opportunity))


def is_poolable(entity: EntityModel) -> bool:
    """Return whether records of an entity can lie in a pool."""
    return entity.owner is not None and all(name in entity.fields for name in FIELDS)
