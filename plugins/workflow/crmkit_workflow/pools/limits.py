"""Limits: how many records a user may own, how many it may claim, and what it must leave alone for a while.

Whoever asks holds the user's name to the end of the transaction (`hold`), so that two transactions can't both use the
last place. The row of what was claimed is changed by its version besides.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, cast

from crmkit import Opportunity
from crmkit.core.declare.values import ref_class
from crmkit_workflow.ownership.entities import OwnershipRecord
from crmkit_workflow.pools.entities import PoolUse

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from crmkit import EntityModel, Session
    from crmkit_workflow.pools.entities import Pool
    from crmkit_workflow.pools.terms import PoolTerms

CLOSED = ("lost", "done", "void")


def hold(session: Session, user: int) -> None:
    """Wait until nobody else counts what a user owns and claims, to the end of the transaction."""
    session.serialise(f"owner {user}")


def hold_limit(pool: PoolTerms, user: int) -> int | None:
    """Return how many records a member may own by a pool; None for any number."""
    own = pool.members[user].hold_limit if user in pool.members else None
    return pool.pool.hold_limit if own is None else own


def room(session: Session, entity: EntityModel, pools: Iterable[PoolTerms], user: int) -> int | None:
    """Return how many more records a user may own, by the pools of which it is a member; None for any number."""
    limits = [(hold_limit(each, user), each.pool.hold_spares_won) for each in pools if user in each.members]
    left = [limit - owned(session, entity, user, spares_won=spares) for limit, spares in limits if limit is not None]
    return min(left, default=None)


def owned(session: Session, entity: EntityModel, user: int, *, spares_won: bool) -> int:
    """Return how many living records a user owns that are not closed; won ones left out if wished."""
    owner, elevated = str(entity.owner), session.elevated
    tests = [f"{owner} == given.user"]
    if entity.staged:
        closed = (*CLOSED, "won") if spares_won else CLOSED
        tests.append(f"stage.kind not in ({', '.join(map(repr, closed))})")
    count = elevated.count(entity.declared.declared, " and ".join(tests), given={"user": user})
    return count - (won_with(session, entity, user) if spares_won else 0)


def won_with(session: Session, entity: EntityModel, user: int) -> int:
    """Return with how many of a user's records something was won."""
    opportunities = session.model.entities["opportunity"]
    links = [name for name in opportunities.references if opportunities.fields[name].target == entity.name]
    if not links:
        return 0
    where = f"stage.kind == 'won' and {links[0]}.{entity.owner} == given.user"
    if entity.staged:
        where += f" and {links[0]}.stage.kind not in ('lost', 'done', 'void', 'won')"
    rows = session.elevated.aggregate(
        Opportunity, by=[links[0]], measures={"n": "count()"}, where=where, given={"user": user}
    )
    return len(rows)


def period_start(pool: Pool, day: date) -> date:
    """Return the first day of the period in which claims of a day are counted."""
    if pool.claim_period == "month":
        return day.replace(day=1)
    return day - timedelta(days=day.weekday()) if pool.claim_period == "week" else day


def use_of(session: Session, pool: Pool, user: int) -> PoolUse | None:
    """Return what a user has claimed from a pool in the present period."""
    day = period_start(pool, session.today)
    found = session.elevated.find(PoolUse, {"pool": pool, "user": ref_class("user")(user), "day": day})
    return found[0] if found else None


def note_claims(session: Session, pool: Pool, user: int, number: int) -> None:
    """Count further claims of a user; the transaction holds the user's name.

    Raises:
        ConflictError: if somebody counted without holding it.
    """
    before, elevated = use_of(session, pool, user), session.elevated
    if before is not None:
        elevated.update(before, claimed=before.claimed + number)
        return
    elevated.create(
        PoolUse, pool=pool, user=ref_class("user")(user), day=period_start(pool, session.today), claimed=number
    )


def cooling(session: Session, entity: str, ids: Sequence[int], user: int) -> Mapping[int, datetime]:
    """Return when a user last had records that then came into a pool, by their ids."""
    rows = session.elevated.aggregate(
        OwnershipRecord,
        by=["record.id"],
        measures={"at": "max(at)"},
        where="record.entity == given.entity and record.id in given.ids and from_owner == given.user"
        " and to_pool is not None",
        given={"entity": entity, "ids": list(ids), "user": ref_class("user")(user)},
    )
    return {int(cast("int", number)): cast("datetime", at) for number, at in rows}
