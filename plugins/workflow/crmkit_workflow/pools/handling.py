"""Handling: releasing records into a pool, moving them to another one, and giving them to somebody by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from crmkit import Record, Ref, User
from crmkit.core.declare.values import ref_class
from crmkit.core.exchange.writing import write_all
from crmkit.core.lifecycle.seeing import shown
from crmkit.errors import CommandError, ConflictError, Refused
from crmkit_workflow.ownership.giving import give
from crmkit_workflow.ownership.owners import owner_of
from crmkit_workflow.ownership.poolable import is_poolable
from crmkit_workflow.pools import limits
from crmkit_workflow.pools.results import Given, NotGiven, Reason, not_given
from crmkit_workflow.pools.terms import pools_of
from crmkit_workflow.restrictions import open_among

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from crmkit import EntityModel, Session
    from crmkit_workflow.pools.entities import Pool
    from crmkit_workflow.pools.terms import PoolTerms

Handled = Given | NotGiven
Wanted = Record | Ref[object]


def release(
    session: Session, records: Iterable[Wanted], pool: Record | Ref[Pool] | None = None, *, why: str = ""
) -> list[Handled]:
    """Give records back into a pool; return what became of each, in order.

    Their owner may, who looks after a pool of which the owner is a member and after the one into which they go, and
    whoever may transfer them. Without a pool, each goes to the one to which it would return: that of its owner's pools
    with the lowest priority.
    """
    chosen = None if pool is None else pool if isinstance(pool, Ref) else pool.ref

    def of(record: Record, pools: Sequence[PoolTerms], may_give: set[int]) -> int | Reason:
        owner = owner_of(session.model.entity(record), record)
        if owner is None and record.pool is not None:
            return "already_claimed" if chosen is None else "not_allowed"
        governing = [each for each in pools if owner is None or int(owner) in each.members]
        usual = governing[0].terms.target if governing and owner is not None else None
        goal = usual if chosen is None else int(chosen)
        found = next((each for each in pools if each.pool.id == goal), None)
        if found is None:
            return "no_pool" if chosen is None else "pool_closed"
        looks_after = is_admin(session, found) and any(is_admin(session, each) for each in governing)
        if looks_after or owner == session.principal.user or record.id in may_give:
            return found.pool.id
        return "not_allowed"

    return handled(session, records, of, how="released", why=why)


def move(session: Session, records: Iterable[Wanted], pool: Record | Ref[Pool], *, why: str = "") -> list[Handled]:
    """Move records from their pools to another one; return what became of each, in order.

    Who looks after both pools may, and whoever may transfer the records.
    """
    chosen = int(pool if isinstance(pool, Ref) else pool.ref)

    def of(record: Record, pools: Sequence[PoolTerms], may_give: set[int]) -> int | Reason:
        by_id = {each.pool.id: each for each in pools}
        if record.pool is None:
            return "not_in_pool"
        if chosen not in by_id:
            return "pool_closed"
        source = by_id.get(int(cast("int", record.pool)))
        looks_after = source is not None and is_admin(session, source) and is_admin(session, by_id[chosen])
        return chosen if looks_after or record.id in may_give else "not_allowed"

    return handled(session, records, of, how="moved", why=why)


def assign(session: Session, records: Iterable[Wanted], user: Record | Ref[User], *, why: str = "") -> list[Handled]:
    """Give records that lie in a pool to a user; return what became of each, in order.

    Who looks after the pool may, and whoever may transfer them. How many may be claimed, and the cool-down, don't
    count; how many the user may own does.
    """
    goal = cast("Ref[User]", user if isinstance(user, Ref) else user.ref)

    def of(record: Record, pools: Sequence[PoolTerms], may_give: set[int]) -> int | Reason:
        if owner_of(session.model.entity(record), record) is not None:
            return "already_claimed"
        if record.pool is None:
            return "not_in_pool"
        source = next((each for each in pools if each.pool.id == int(cast("int", record.pool))), None)
        if (source is not None and is_admin(session, source)) or record.id in may_give:
            return int(cast("int", record.pool))
        return "not_allowed"

    limits.hold(session, int(goal))
    return handled(session, records, of, how="assigned", why=why, owner=goal)


def handled(
    session: Session,
    wanted: Iterable[Wanted],
    choose: Callable[[Record, Sequence[PoolTerms], set[int]], int | Reason],
    *,
    how: str,
    why: str,
    owner: Ref[User] | None = None,
) -> list[Handled]:
    """Give every record to the owner, or into the pool that is chosen for it, unless a reason is returned.

    What chooses is told which records the actor may transfer, by id.
    """
    from crmkit.core.lifecycle.access import those_within

    refs = [each if isinstance(each, Ref) else each.ref for each in wanted]
    results: dict[Ref[object], Handled] = {}
    for name in dict.fromkeys(each.entity for each in refs):
        entity = session.model.entity(name)
        of_entity = list(dict.fromkeys(each for each in refs if each.entity == name))
        if not is_poolable(entity):
            results |= {each: not_given(each, "no_pool") for each in of_entity}
            continue
        pools = pools_of(session, name)
        records = session.elevated.by_id(entity, open_among(session, entity, [int(each) for each in of_entity]))
        may_give = those_within(session, name, records, "transfer")
        goals: dict[int, list[Record]] = {}
        for each in of_entity:
            record = records.get(int(each))
            goal = "not_found" if record is None else choose(record, pools, may_give)
            if isinstance(goal, str):
                results[each] = not_given(each, goal)
            elif record is not None:
                goals.setdefault(goal, []).append(record)
        along = {each.pool.id: tuple(each.pool.along or ()) for each in pools}
        for goal, chosen in goals.items():
            pool = pool_ref(goal) if owner is None else None
            done = given(session, chosen, how=how, why=why, owner=owner, pool=pool, along=along.get(goal, ()))
            results |= {ref: as_seen(session, entity, each) for ref, each in done.items()}
    return [results[each] for each in refs]


def as_seen(session: Session, entity: EntityModel, result: Handled) -> Handled:
    """Return what became of a record, without the fields that the actor may not see."""
    return Given(record=shown(session, entity, [result.record])[0]) if isinstance(result, Given) else result


def given(
    session: Session,
    records: Sequence[Record],
    *,
    how: str,
    why: str = "",
    owner: Ref[User] | None = None,
    pool: Ref[Pool] | None = None,
    along: Sequence[str] = (),
) -> dict[Ref[object], Handled]:
    """Give records of one entity away, those that can't be left out; return what became of each."""

    def write(some: Sequence[Record]) -> list[Record]:
        return give(session, some, how=how, why=why, owner=owner, pool=pool, along=along)

    found: dict[Ref[object], Handled] = {}
    for record, result in write_all(session, records[0].ref.entity, records, write):
        if isinstance(result, Record):
            found[record.ref] = Given(record=result)
        else:
            found[record.ref] = not_given(record.ref, reason_of(result), str(result) if is_said(result) else "")
    return found


def reason_of(error: Exception) -> Reason:
    """Return why a record stays, by the error that giving it away raised."""
    return "changed" if isinstance(error, ConflictError) else "refused"


def is_said(error: Exception) -> bool:
    """Return whether an error says more than its reason does."""
    return isinstance(error, (Refused, CommandError)) and not isinstance(error, ConflictError)


def is_admin(session: Session, pool: PoolTerms) -> bool:
    """Return whether the actor looks after a pool."""
    user = session.principal.user
    if user is None:
        return True
    return user in pool.members and pool.members[user].is_admin


def pool_ref(number: int) -> Ref[Pool]:
    """Return the reference to a pool."""
    return cast("Ref[Pool]", ref_class("pool")(number))
