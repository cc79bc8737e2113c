"""Distributing: what waits in queues is given to their members, or stays there until somebody can take it."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from attrs import frozen

from crmkit import Record, Ref
from crmkit.core.declare.values import ref_class
from crmkit.core.exchange.writing import write_all
from crmkit.core.lifecycle.occasions import occasion
from crmkit.translation import Text, _
from crmkit_workflow.ownership.giving import give_each
from crmkit_workflow.queues.choosing import Found, choose, loaded
from crmkit_workflow.queues.entities import AUTOMATIC, Queue, QueueItem, QueueMember
from crmkit_workflow.queues.staffing import cursor_of, folded, keep_turn, members_of, turn_of, workers_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from crmkit import Session

Wanted = Record | Ref[object]


@frozen(kw_only=True)
class Distributed:
    """What became of a record that waited.

    Attributes:
        item: its place in the queue, as it is now.
        found: who was found, who could have been, and why the others couldn't.
        problem: why whoever was found didn't get it, for people; empty if it did, or if nobody was found.
    """

    item: QueueItem
    found: Found
    problem: str = ""


@frozen
class FromQueue:
    """The occasion on which a queue gives records to somebody, or takes them back: they don't leave it by that."""


def put(
    session: Session, queue: Queue, records: Iterable[Wanted], *, rule: str | None = None, without: int | None = None
) -> list[QueueItem]:
    """Put records into a queue, where they wait; those that are in a queue already stay there.

    `rule` is the name of the rule that puts them there; to `without`, who has let go of them, they aren't offered
    first. For programs and plugins: whoever calls it has made sure that the actor may.

    Raises:
        Refused: if a record isn't of the queue's entity, or isn't there.
    """
    refs = list(dict.fromkeys(each if isinstance(each, Ref) else each.ref for each in records))
    if not refs:
        return []
    session.serialise(f"queue {queue.id}")
    elevated = session.elevated
    there = {each.record for each in open_items(session, refs)}
    needs = needs_of(session, queue, refs)
    rows = [
        {
            "queue": queue,
            "record": each,
            "state": "waiting",
            "is_open": True,
            "entered_at": session.unit.now,
            "needs": needs.get(int(each)),
            "rule": rule,
            "declined_by": None if without is None else [str(without)],
        }
        for each in refs
        if each not in there
    ]
    return elevated.create_many(QueueItem, rows)


def open_items(session: Session, refs: Sequence[Ref[object]]) -> list[QueueItem]:
    """Return the places in queues that records have now."""
    found: list[QueueItem] = []
    for name in dict.fromkeys(each.entity for each in refs):
        given = {"entity": name, "ids": [int(each) for each in refs if each.entity == name]}
        where = "is_open and record.entity == given.entity and record.id in given.ids"
        found += session.elevated.find(QueueItem, where, given=given)
    return found


def needs_of(session: Session, queue: Queue, refs: Sequence[Ref[object]]) -> dict[int, tuple[str, ...]]:
    """Return which skills or territories records need, by the field that the queue names, if it is still there."""
    entity = session.model.entity(queue.entity)
    if queue.needs_field not in entity.fields:
        return {}
    rows = session.elevated.rows(
        entity.declared.declared,
        ["id", str(queue.needs_field)],
        "id in given.ids",
        given={"ids": [int(each) for each in refs]},
    )
    return {cast("int", number): as_tags(value) for number, value in rows if value is not None}


def as_tags(value: object) -> tuple[str, ...]:
    """Return the value of any field as tags."""
    return tuple(str(each) for each in value) if isinstance(value, tuple) else (str(value),)


def distribute(session: Session, queue: Queue, *, limit: int | None = None) -> list[Distributed]:
    """Give what waits in a queue to its members, the longest waiting first; return what became of each.

    The queue's name is held to the end of the transaction, so that two of these never share a turn. Who can't take any
    more, is away or declined is passed over. What nobody can take waits on, and the queue's heads are told, once a day.
    """
    session.serialise(f"queue {queue.id}")
    if not queue.active or queue.strategy not in AUTOMATIC:
        return []
    waiting = session.elevated.find(
        QueueItem, {"queue": queue, "state": "waiting", "is_open": True}, order="entered_at", limit=limit
    )
    return offer(session, queue, waiting)


def offer(session: Session, queue: Queue, waiting: Sequence[QueueItem]) -> list[Distributed]:
    """Find somebody for each of some waiting records and give it to them."""
    if not waiting:
        return []
    members = members_of(session, queue)
    workers, cursor = workers_of(session, queue, members), cursor_of(session, queue)
    turn = turn_of(cursor)
    found: list[tuple[QueueItem, Found]] = []
    for item in waiting:
        declined = frozenset(int(each) for each in item.declined_by or ())
        one = choose(queue.strategy, workers, turn, needs=folded(item.needs), declined=declined)
        found.append((item, one))
        turn = one.turn
        if one.user is not None:
            workers = loaded(workers, one.user)
    keep_turn(session, queue, cursor, turn)
    results = hand_out(session, queue, [(item, one) for item, one in found if one.user is not None])
    left = [(item, one) for item, one in found if one.user is None]
    if left:
        results |= wait_on(session, left)
        tell_heads(session, queue, members)
    return [results[item.id] for item, _one in found]


def hand_out(session: Session, queue: Queue, chosen: Sequence[tuple[QueueItem, Found]]) -> dict[int, Distributed]:
    """Give records to those who were found for them, each with its place in the queue; return what became of each."""
    entity = session.model.entity(queue.entity)
    records = session.elevated.by_id(entity, [int(item.record) for item, _found in chosen])
    why = why_of(queue)

    def write(some: Sequence[tuple[QueueItem, Found]]) -> list[QueueItem]:
        return assigned(
            session,
            [(item, records.get(int(item.record)), user_ref(cast("int", one.user)), one) for item, one in some],
            how="distributed",
            why=why,
        )

    results: dict[int, Distributed] = {}
    for (item, one), result in write_all(session, "queue_item", chosen, write):
        if isinstance(result, Exception):
            results[item.id] = Distributed(item=item, found=one, problem=str(result))
        else:
            results[item.id] = Distributed(item=result, found=one)
    return results


def assigned(
    session: Session,
    given: Sequence[tuple[QueueItem, Record | None, Ref[object], Found | None]],
    *,
    how: str,
    why: str,
) -> list[QueueItem]:
    """Write that records go to users: their places in the queue, and their owners, if the entity has any.

    Raises:
        ConflictError, Refused: as `update_many`; nothing is written then.
    """
    pairs = [(record, user) for _item, record, user, _found in given if record is not None]
    if pairs and session.model.entity(pairs[0][0]).owner is not None:
        with occasion(session, FromQueue()):
            give_each(session, pairs, how=how, why=why)
    changes: list[tuple[QueueItem, dict[str, object]]] = []
    for item, _record, user, found in given:
        values: dict[str, object] = {"state": "assigned", "assignee": user, "assigned_at": session.unit.now}
        if found is not None:
            values["result"] = as_stored(found)
        changes.append((item, values))
    items = session.elevated.update_many(changes)
    for each in items:
        session.elevated.emit("queue_item.assigned", each, {"user": int(cast("int", each.assignee)), "how": how})
    return items


def as_stored(found: Found) -> dict[str, object]:
    """Return how somebody was found in the form in which the queue keeps it."""
    return {
        "strategy": found.strategy,
        "user": found.user,
        "candidates": list(found.candidates),
        "passed_over": {str(user): reason for user, reason in sorted(found.passed_over.items())},
    }


def wait_on(session: Session, left: Sequence[tuple[QueueItem, Found]]) -> dict[int, Distributed]:
    """Let records wait, and note why; what everybody declined is offered to everybody again the next time."""
    changes = [
        (item, {"result": as_stored(found), **({"declined_by": None} if found.is_declined_by_all else {})})
        for item, found in left
    ]
    items = session.elevated.update_many(changes)
    return {item.id: Distributed(item=item, found=found) for item, (_item, found) in zip(items, left, strict=True)}


def why_of(queue: Queue) -> Text:
    """Return why a record went where it went, for people."""
    return _("Queue {queue}: {strategy}.", queue=queue.name, strategy=queue.strategy.replace("_", " "))


def tell_heads(session: Session, queue: Queue, members: Sequence[QueueMember]) -> None:
    """Tell the queue's heads that nobody can take what waits, once a day."""
    heads = [each.user for each in members if each.is_head]
    if heads:
        text = _("Nobody can take what waits in the queue {queue}.", queue=queue.name)
        key = f"queue {queue.id} waits {session.today.isoformat()}"
        session.notify(heads, text, about=queue, kind="queue_waits", key=key)


def user_ref(number: int) -> Ref[object]:
    """Return the reference to a user."""
    return ref_class("user")(number)
