"""On time: between two nights, what is due by now returns.

The nightly sweep looks at everything, and notes what is near. Only protections end in the middle of a day; short ones
can begin and end between two nights.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from crmkit_workflow.pools.sweep import entities_with_pools, sweep_batch
from crmkit_workflow.pools.terms import pools_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from crmkit import JobRun, Session
    from crmkit_workflow.pools.terms import PoolTerms

JOB = "pool_returns"
DUE = "returns_at <= now()"
NEW = "(returns_at is None and updated_at > now() - days(2))"
SHORT = timedelta(days=1)


def returns_job(session: Session, run: JobRun, entity: str | None = None, after: str | None = None) -> None:
    """Return what is due, a batch of each entity, and ask for the next."""
    for each in entities_with_pools(session) if entity is None else [session.model.entity(entity)]:
        only = f"{DUE} or {NEW}" if are_short(pools_of(session, each.name)) else DUE
        found = sweep_batch(session, each, after, only=only)
        if found.next is not None:
            session.enqueue(JOB, key=f"{run.id} {each.name}", entity=each.name, after=found.next)


def are_short(pools: Iterable[PoolTerms]) -> bool:
    """Return whether a protection may end, or an activity may extend it, within a day."""
    lengths = ((each.initial, each.longest, *each.extensions.values()) for each in (one.terms for one in pools))
    return any(length is not None and length < SHORT for each in lengths for length in each)
