"""The history of owners: who had a record, which pool it lay in, and how it went from one to the other."""

from __future__ import annotations

from datetime import datetime as Moment  # noqa: N812  (read off the annotations)

from crmkit import Choice, Record, Ref, User, record
from crmkit.core.declare import fields as f
from crmkit.core.declare.fields import locked
from crmkit.translation import _
from crmkit_workflow.pools.entities import Pool

HOWS = (
    Choice("pooled", _("Created in a pool")),
    "claimed",
    "assigned",
    "distributed",
    "grabbed",
    "declined",
    Choice("requeued", _("Put back into its queue")),
    "transferred",
    Choice("handed_over", _("Handed over")),
    "released",
    Choice("returned", _("Returned by a rule")),
    Choice("moved", _("Moved to another pool")),
)


@record(title="how", plural="Changes of owner", label="Change of owner")
class OwnershipRecord(Record):
    """One change of owner or pool. Only programs write it; it goes and comes back with its record."""

    record: Ref[object] = locked(f.any_ref(part_of=True))
    how: str = locked(f.choice(*HOWS, index=True))
    why: str | None = locked(f.text(max=500))
    from_owner: Ref[User] | None = locked(f.ref())
    to_owner: Ref[User] | None = locked(f.ref())
    from_pool: Ref[Pool] | None = locked(f.ref())
    to_pool: Ref[Pool] | None = locked(f.ref())
    by: Ref[User] | None = locked(f.ref(help="Who did it; empty if the system did."))
    at: Moment = locked(f.datetime(index=True))
