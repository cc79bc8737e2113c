"""Routing: rules give records to queues or to users; of those for an entity, in their order, the first match counts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import frozen

from crmkit.core.lifecycle.occasions import occasion, occasion_of
from crmkit.translation import _
from crmkit_workflow.conditions import ask
from crmkit_workflow.ownership.giving import give
from crmkit_workflow.queues.distributing import distribute, put
from crmkit_workflow.queues.entities import AssignmentRule, Queue

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
    session: Session, entity: EntityModel, records: Sequence[Record], rules: Iterable[AssignmentRule]
) -> dict[Ref[object], Routed]:
    """Give records of one entity out by rules, a statement for each rule that has a condition."""
    left = {each.id: each for each in records}
    found: dict[Ref[object], Routed] = {}
    queues: dict[int, None] = {}
    for rule in rules:
        if not left:
            break
        matched = [left.pop(number) for number in matching(session, entity, list(left), rule)]
        for each in matched:
            found[each.ref] = Routed(record=each.ref, rule=rule.ref, user=rule.user, queue=rule.queue)
        if rule.user is not None:
            present = list(session.elevated.by_id(entity, [each.id for each in matched]).values())
            give(session, present, how="assigned", why=_("Rule {rule}.", rule=rule.name), owner=rule.user)
        elif rule.queue is not None and matched:
            put(session, session.elevated.get(rule.queue), matched, rule=rule.name)
            queues[int(rule.queue)] = None
    for number in queues:
        distribute(session, session.elevated.get(Queue, number))
    return found


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
