"""Routing: rules give records to queues or to users; of those for an entity, in their order, the first match counts.

A rule whose goal can't take a record is passed over: its queue is off or gone, its user is off, away, or has as many as
the pools allow.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import frozen

from crmkit.core.lifecycle.occasions import occasion, occasion_of
from crmkit.translation import _
from crmkit_workflow.conditions import ask
from crmkit_workflow.ownership.giving import give
from crmkit_workflow.ownership.poolable import is_poolable
from crmkit_workflow.pools import limits
from crmkit_workflow.pools.terms import pools_of
from crmkit_workflow.queues.distributing import distribute, put
from crmkit_workflow.queues.entities import AssignmentRule, Queue
from crmkit_workflow.queues.staffing import absent_among
from crmkit_workflow.staff import active_among

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from crmkit import Batch, Change, EntityModel, Record, Ref, Session


@frozen(kw_only=True)
class Routed:
    """Which rule a record matched, and whether it was given to a user or put into a queue; all None if none did."""

    record: Ref[object]
    rule: Ref[object] | None = None
    user: Ref[object] | None = None
    queue: Ref[object] | None = None


@frozen
class Routing:
    """The occasion on which rules give out records: what is written then is not asked for rules again."""


def route(session: Session, records: Iterable[Record], *, new: bool = False) -> list[Routed]:
    """Give records to users and queues by the active rules; return which rule each matched, in order.

    What matches no rule stays as it is. What comes into a queue that gives out by itself is given out at once. For
    programs and plugins: whoever calls it has made sure that the actor may.
    """
    wanted = list(records)
    found: dict[Ref[object], Routed] = {}
    for name in dict.fromkeys(each.ref.entity for each in wanted):
        given = {"entity": name}
        where = "entity == given.entity and active" + (" and on_create" if new else "")
        rules = session.elevated.find(AssignmentRule, where, given=given, order="position, id")
        if rules:
            some = [each for each in wanted if each.ref.entity == name]
            with occasion(session, Routing()):
                found |= by_rules(session, session.model.entity(name), some, rules)
    return [found.get(each.ref, Routed(record=each.ref)) for each in wanted]


def by_rules(
    session: Session, entity: EntityModel, records: Sequence[Record], rules: Sequence[AssignmentRule]
) -> dict[Ref[object], Routed]:
    """Give records of one entity out by rules, a statement for each rule that has a condition."""
    left = {each.id: each for each in records}
    found: dict[Ref[object], Routed] = {}
    open_queues, present = active_queues(session, rules), present_users(session, rules)
    queues: dict[int, None] = {}
    for rule in rules:
        if not left:
            break
        if (rule.queue is not None and rule.queue not in open_queues) or (
            rule.user is not None and rule.user not in present
        ):
            continue
        met = [left[number] for number in matching(session, entity, list(left), rule)]
        matched = met if rule.user is None else with_room(session, entity, int(rule.user), met)
        for each in matched:
            del left[each.id]
            found[each.ref] = Routed(record=each.ref, rule=rule.ref, user=rule.user, queue=rule.queue)
        if rule.user is not None:
            there = list(session.elevated.by_id(entity, [each.id for each in matched]).values())
            give(session, there, how="assigned", why=_("Rule {rule}.", rule=rule.name), owner=rule.user)
        elif rule.queue is not None and matched:
            put(session, open_queues[rule.queue], matched, rule=rule.name)
            queues[int(rule.queue)] = None
    for number in queues:
        distribute(session, open_queues[number])
    return found


def with_room(session: Session, entity: EntityModel, user: int, records: Sequence[Record]) -> Sequence[Record]:
    """Return which of some records a user can have: what it has already, and further ones as far as the pools allow."""
    if not is_poolable(entity):
        return records
    limits.hold(session, user)
    room = limits.room(session, entity, pools_of(session, entity.name), user)
    if room is None:
        return records
    further = [each for each in records if getattr(each, str(entity.owner)) != user]
    over = {each.id for each in further[max(room, 0) :]}
    return [each for each in records if each.id not in over]


def active_queues(session: Session, rules: Sequence[AssignmentRule]) -> dict[int, Queue]:
    """Return the active queues that rules name, by id."""
    named = sorted({int(each.queue) for each in rules if each.queue is not None})
    found = session.elevated.find(Queue, "active and id in given.ids", given={"ids": named}) if named else []
    return {each.id: each for each in found}


def present_users(session: Session, rules: Sequence[AssignmentRule]) -> set[int]:
    """Return the users whom rules name, by id, who are active and not away."""
    named = sorted({int(each.user) for each in rules if each.user is not None})
    return active_among(session, named) - absent_among(session, named) if named else set()


def matching(session: Session, entity: EntityModel, ids: list[int], rule: AssignmentRule) -> list[int]:
    """Return which records meet a rule's condition: none, if it can't be asked any more."""
    if not rule.condition:
        return ids
    met = ask(session, entity, ids, [rule.condition])
    return [each for each in sorted(ids) if met[each]]


def route_new(session: Session, changes: Batch[Change]) -> None:
    """Give out new records by the rules that are for them."""
    entity = changes.entity
    if entity.whole is None and entity.owner is not None and occasion_of(session, Routing) is None:
        route(session, [change.after for change in changes], new=True)
