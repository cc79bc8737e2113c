"""Guarding pools: definitions that could not work, pools that can't go, and owners who have as many as they may."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, cast

from crmkit import Ref
from crmkit.core.lifecycle.contacts import kinds_of_contacts
from crmkit.core.lifecycle.occasions import occasion_of
from crmkit.translation import _, ngettext
from crmkit_workflow import conditions
from crmkit_workflow.ownership.giving import Giving
from crmkit_workflow.ownership.poolable import is_poolable
from crmkit_workflow.pools import limits
from crmkit_workflow.pools.entities import ANY_KIND, Pool, PoolExtension, PoolRule
from crmkit_workflow.pools.facts import CHANGE, LAST_CONTACT
from crmkit_workflow.pools.handling import is_admin
from crmkit_workflow.pools.terms import pools_of

if TYPE_CHECKING:
    from crmkit import Batch, DeleteDraft, EntityModel, Session
    from crmkit.core.lifecycle.drafts import Draft
    from crmkit_workflow.pools.terms import PoolTerms


def check_pools(session: Session, drafts: Batch[Draft]) -> None:
    """Refuse pools of which nothing could come, and note since when their rules count."""
    for draft in drafts.of(Pool):
        check_entity(session, draft)
        for day in cast("tuple[str, ...]", draft.get("remind_before") or ()):
            if not day.isdecimal():
                draft.refuse("remind_before", _("{day!r} is no number of days.", day=day))
        if draft.sets("rules_active", "active") and (draft.record is not None or draft.get("rules_since") is None):
            is_on = bool(draft.get("rules_active") and draft.get("active"))
            draft.set("rules_since", session.unit.now if is_on else None)


def check_entity(session: Session, draft: Draft) -> None:
    """Refuse a pool of an entity whose records can't lie in one, and a target for other records."""
    name = str(draft.get("entity"))
    entity = session.model.entities.get(name)
    if entity is None or not is_poolable(entity):
        can = ", ".join(each.name for each in session.model.entities.values() if is_poolable(each))
        draft.refuse("entity", _("Records of {name!r} can't lie in a pool. These can: {can}.", name=name, can=can))
        return
    for each in cast("tuple[str, ...]", draft.get("along") or ()):
        other = session.model.entities.get(each)
        links = [] if other is None else [n for n in other.references if other.fields[n].target == name]
        if other is None or other.owner is None or not links:
            draft.refuse("along", _("{each!r} has no owner, or does not refer to {name}.", each=each, name=name))
    conditions.check(session, draft, entity, "exempt_if")
    is_aiming = draft.sets("target", "entity", "active") and draft.get("active")
    target = draft.related("target") if is_aiming else None
    if target is not None and (target.entity != name or not target.active):
        draft.refuse("target", _("Records can only return to an active pool of the same entity."))
    if draft.record is not None and draft.sets("entity"):
        draft.refuse("entity", _("A pool keeps its entity. Make another pool."))


def check_rules(session: Session, drafts: Batch[Draft]) -> None:
    """Refuse rules that can't be asked: a wrong filter, a level, a date or kinds of contact that there aren't."""
    for draft in drafts.of(PoolRule):
        pool = draft.related("pool")
        entity = session.model.entities.get(str(pool.entity)) if pool is not None else None
        if entity is None:
            continue
        conditions.check(session, draft, entity, "exempt_if")
        if draft.get("level") is not None and "level" not in entity.fields:
            draft.refuse("level", _("{entity} has no level.", entity=entity.name))
        check_kinds(session, draft, entity, "activity_kinds")
        if draft.get("activity_kinds") and draft.get("kind") != "follow_up":
            draft.refuse("activity_kinds", _("Only rules that ask for follow-ups name kinds of activities."))
        field = entity.fields.get(str(draft.get("date_field")))
        if draft.get("kind") == "date" and (field is None or field.kind.name not in {"date", "datetime"}):
            draft.refuse("date_field", _("Name the date of {entity} from which the days count.", entity=entity.name))
    for draft in drafts.of(PoolExtension):
        pool = draft.related("pool")
        entity = session.model.entities.get(str(pool.entity)) if pool is not None else None
        if entity is not None:
            check_kinds(session, draft, entity, "activity_kind")


def check_kinds(session: Session, draft: Draft, entity: EntityModel, path: str) -> None:
    """Refuse kinds of activities of which no contact can come, if it is known of which any can.

    Those that stay as they are may be of a plugin that is gone.
    """
    known = kinds_of_contacts(session.model, entity.name) if draft.sets(path) else None
    given = draft.get(path) or ()
    if known is None:
        return
    also = {ANY_KIND} if LAST_CONTACT in entity.fields else {ANY_KIND, CHANGE}
    for kind in (given,) if isinstance(given, str) else cast("tuple[str, ...]", given):
        if kind not in known | also:
            there = ", ".join(sorted(known))
            draft.refuse(path, _("There is no kind of contact {kind!r}. There are: {known}.", kind=kind, known=there))


def refuse_closing(session: Session, drafts: Batch[Draft]) -> None:
    """Refuse to switch off the last active pool of an entity, and a pool in which records lie."""
    for draft in drafts.of(Pool):
        if draft.record is not None and draft.record.active and not draft.get("active"):
            check_closing(session, draft, "active")


def refuse_deleting(session: Session, drafts: Batch[DeleteDraft]) -> None:
    """Refuse to delete the last active pool of an entity, and a pool in which records lie."""
    for draft in drafts.of(Pool):
        if draft.record is not None:
            check_closing(session, draft, "id")


def check_closing(session: Session, draft: Draft, path: str) -> None:
    """Refuse that a pool goes which can't."""
    assert draft.record is not None
    entity = session.model.entities.get(str(draft.record.entity))
    if entity is None or not is_poolable(entity):
        return
    session.serialise(f"pools of {entity.name}")
    lying = session.count(entity.declared.declared, {"pool": draft.record})
    if lying:
        draft.refuse(
            path,
            ngettext(
                "{count} record lies in the pool. Move it to another one first.",
                "{count} records lie in the pool. Move them to another one first.",
                lying,
            ),
        )
    for (name,) in session.rows(Pool, ["name"], "target == given.pool and active", given={"pool": draft.record.id}):
        draft.refuse(path, _("What the pool {pool} takes returns to it. Have that return elsewhere first.", pool=name))
    others = session.count(
        Pool,
        "entity == given.entity and active and id != given.pool",
        given={"entity": entity.name, "pool": draft.record.id},
    )
    if draft.record.active and not others and session.principal.user is not None:
        draft.refuse(path, _("This is the last active pool of {entity}. Make another one first.", entity=entity.name))


def check_owners(session: Session, drafts: Batch[Draft]) -> None:
    """Refuse records that would lie in a pool which isn't for them, and more for an owner than its pools allow."""
    entity = drafts.entity
    if not is_poolable(entity):
        return
    check_goals(session, drafts)
    check_locks(session, drafts)
    if is_unlimited(entity, occasion_of(session, Giving)):
        return
    owner = str(entity.owner)
    gaining = [draft for draft in drafts if draft.sets(owner) and draft.get(owner) is not None and gains(draft, owner)]
    pools = [each for each in pools_of(session, entity.name) if has_limit(each)] if gaining else []
    if not pools:
        return
    wanted = Counter(int(cast("int", draft.get(owner))) for draft in gaining)
    for user in sorted(wanted):
        limits.hold(session, user)
        room = limits.room(session, entity, pools, user)
        mine = [draft for draft in gaining if int(cast("int", draft.get(owner))) == user]
        for draft in mine[max(room, 0) :] if room is not None else ():
            draft.refuse(owner, _("The owner has as many as the pool allows. Choose another one."))


def is_unlimited(entity: EntityModel, said: Giving | None) -> bool:
    """Return whether nothing is counted here: an heir has no choice, and claims count for themselves."""
    if said is None:
        return False
    return said.how == "handed_over" or (said.how == "claimed" and said.entity == entity.name)


def has_limit(pool: PoolTerms) -> bool:
    """Return whether a pool limits how many records its members may own."""
    return pool.pool.hold_limit is not None or any(each.hold_limit is not None for each in pool.members.values())


def gains(draft: Draft, owner: str) -> bool:
    """Return whether the owner gets a record that it didn't have."""
    return draft.record is None or getattr(draft.record, owner) != draft.get(owner)


def check_locks(session: Session, drafts: Batch[Draft]) -> None:
    """Refuse to keep records from pools, or to do so no more, by whoever may not change all and looks after none."""
    entity, principal = drafts.entity, session.principal
    changing = [
        each for each in drafts if each.sets("pool_locked") and is_locked(each) != bool(each.get("pool_locked"))
    ]
    if not changing or principal.user is None or "all" in principal.rights.levels(entity, "update"):
        return
    pools = [each for each in pools_of(session, entity.name) if is_admin(session, each)]
    for draft in changing:
        owner = draft.get(str(entity.owner))
        if not any(owner in each.members or draft.get("pool") == each.pool.id for each in pools):
            draft.refuse("pool_locked", _("Ask who looks after the owner's pool."))


def is_locked(draft: Draft) -> bool:
    """Return whether a record is kept from pools as it is now."""
    return draft.record is not None and bool(draft.record.pool_locked)


def check_goals(session: Session, drafts: Batch[Draft]) -> None:
    """Refuse to put records into a pool that is not active, or is for other records."""
    goals = {int(goal) for draft in drafts if draft.sets("pool") and isinstance(goal := draft.get("pool"), Ref)}
    if not goals:
        return
    session.serialise(f"pools of {drafts.entity.name}")
    pools = session.by_id(session.model.entity(Pool), goals)
    for draft in drafts:
        goal = draft.get("pool") if draft.sets("pool") else None
        pool = pools.get(int(goal)) if isinstance(goal, Ref) else None
        if pool is not None and (pool.entity != drafts.entity.name or not pool.active):
            draft.refuse("pool", _("The pool is not active, or not for these records."))
