"""Claiming: a member takes records out of a pool and owns them.

A record is taken by an update of the version in which it lay in the pool without an owner, so that of any number who
want it at once exactly one gets it. What was claimed counts only where it was: a refusal uses nothing up.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from attrs import define, field

from crmkit import Record, Ref
from crmkit.core.declare.values import ref_class
from crmkit.core.exchange.writing import savepoint
from crmkit.core.lifecycle.seeing import shown
from crmkit.errors import AccessDeniedError, ConflictError, Refused
from crmkit.translation import _
from crmkit_workflow.ownership.giving import give
from crmkit_workflow.ownership.poolable import is_poolable
from crmkit_workflow.pools import limits
from crmkit_workflow.pools.results import Claimed, NotGiven, Reason, not_given
from crmkit_workflow.pools.terms import pools_of
from crmkit_workflow.restrictions import open_among

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from crmkit import EntityModel, Session, User
    from crmkit_workflow.pools.terms import PoolTerms

TRIES = 5


def claim(session: Session, records: Iterable[Record | Ref[object]]) -> list[Claimed | NotGiven]:
    """Take records out of their pools for the actor; return what became of each, in order.

    A record that a restriction keeps from the actor, as until it is reviewed, isn't there for it.

    Checked in this order: that it lies in an active pool of which the actor is a member, how many the actor may own,
    how many it may claim in the period, and the pool's cool-down.

    Raises:
        AccessDeniedError: if the system wants to claim something.
    """
    wanted = [each if isinstance(each, Ref) else each.ref for each in records]
    actor = session.actor_ref
    if actor is None:
        raise AccessDeniedError(action=_("claim"), entity=_("record"), actor=session.principal.name)
    with session.unit.command(writes_much=False):
        limits.hold(session, int(actor))
        found: dict[Ref[object], Claimed | NotGiven] = {}
        for name in dict.fromkeys(each.entity for each in wanted):
            ids = list(dict.fromkeys(int(each) for each in wanted if each.entity == name))
            found |= Claims(session, session.model.entity(name), int(actor)).claim(ids)
    return [found[each] for each in wanted]


@define
class Claims:
    """What a user claims of one entity, in one transaction."""

    session: Session
    entity: EntityModel
    user: int
    pools: Mapping[int, PoolTerms] = field(init=False)
    room: int | None = field(init=False)
    left: dict[int, int | None] = field(factory=dict, init=False)
    claimed: dict[int, int] = field(factory=dict, init=False)
    cooling: Mapping[int, datetime] = field(factory=dict, init=False)

    def claim(self, ids: list[int]) -> dict[Ref[object], Claimed | NotGiven]:
        """Claim records and count them."""
        ref = ref_class(self.entity.name)
        if not is_poolable(self.entity):
            return {ref(each): not_given(ref(each), "not_in_pool") for each in ids}
        pools = pools_of(self.session, self.entity.name)
        self.pools = {each.pool.id: each for each in pools}
        self.room = limits.room(self.session, self.entity, pools, self.user)
        if any(each.pool.cooldown for each in pools):
            self.cooling = limits.cooling(self.session, self.entity.name, ids, self.user)
        records = self.session.elevated.by_id(self.entity, open_among(self.session, self.entity, ids))
        found = {ref(each): self.claim_one(ref(each), records.get(each)) for each in ids}
        for pool, number in self.claimed.items():
            limits.note_claims(self.session, self.pools[pool].pool, self.user, number)
        return found

    def claim_one(self, ref: Ref[object], record: Record | None) -> Claimed | NotGiven:
        """Claim one record, again if somebody changes it meanwhile without taking it."""
        for _try in range(TRIES):
            if record is None:
                return not_given(ref, "not_found")
            reason = self.refusal(record)
            if reason is not None:
                return not_given(ref, reason)
            try:
                return self.take(record)
            except ConflictError:
                record = self.session.elevated.by_id(self.entity, [int(ref)]).get(int(ref))
            except Refused as error:
                return not_given(ref, "refused", str(error))
        return not_given(ref, "changed")

    def refusal(self, record: Record) -> Reason | None:
        """Return why the user can't claim a record, None if it can."""
        if getattr(record, str(self.entity.owner)) is not None:
            return "already_claimed"
        if record.pool is None:
            return "not_in_pool"
        pool = self.pools.get(int(cast("int", record.pool)))
        if pool is None:
            return "pool_closed"
        return self.refusal_of_limits(record, pool) if self.user in pool.members else "not_a_member"

    def refusal_of_limits(self, record: Record, pool: PoolTerms) -> Reason | None:
        """Return which limit keeps the user from claiming a record, None if none does."""
        if self.room is not None and self.room <= 0:
            return "hold_limit"
        left = self.left_of(pool)
        if left is not None and left <= 0:
            return "claim_limit"
        before, cooldown = self.cooling.get(record.id), pool.pool.cooldown
        is_cooling = before is not None and cooldown is not None and before + cooldown > self.session.unit.now
        return "cooling_down" if is_cooling else None

    def left_of(self, pool: PoolTerms) -> int | None:
        """Return how many records the user may still claim from a pool in this period; None for any number."""
        number, limit = pool.pool.id, pool.pool.claim_limit
        if number not in self.left:
            use = None if limit is None else limits.use_of(self.session, pool.pool, self.user)
            self.left[number] = None if limit is None else limit - (use.claimed if use else 0)
        return self.left[number]

    def take(self, record: Record) -> Claimed:
        """Make the user the record's owner, in a savepoint."""
        number = int(cast("int", record.pool))
        pool = self.pools[number].pool
        with savepoint(self.session):
            (taken,) = give(
                self.session,
                [record],
                how="claimed",
                owner=cast("Ref[User]", ref_class("user")(self.user)),
                along=pool.along or (),
            )
        self.claimed[number] = self.claimed.get(number, 0) + 1
        self.room = None if self.room is None else self.room - 1
        left = self.left_of(self.pools[number])
        self.left[number] = None if left is None else left - 1
        return Claimed(record=shown(self.session, self.entity, [taken])[0])
