"""Acting: what the levels that a record has reached say is done, once, and told."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from attrs import frozen

from crmkit.core.declare.values import ref_class
from crmkit.core.exchange.writing import write_all
from crmkit.errors import ConflictError, Refused
from crmkit.translation import Text, _
from crmkit_workflow.escalations.entities import Escalation
from crmkit_workflow.ownership.owners import owner_of
from crmkit_workflow.problems import as_kept, said_to_all
from crmkit_workflow.queues.distributing import distribute, open_items, put
from crmkit_workflow.queues.entities import Queue
from crmkit_workflow.staff import active_among, superiors_by_user

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
    from datetime import datetime

    from crmkit import EntityModel, Record, Session
    from crmkit_workflow.escalations.entities import EscalationLevel, EscalationRule


@frozen(kw_only=True)
class Due:
    """A record, the levels that it has reached, the lowest first, and the moment from which its age counts."""

    record: Record
    since: datetime
    levels: tuple[EscalationLevel, ...]


@frozen(kw_only=True)
class Deed:
    """What becomes of a record: the values that it gets, the queue to which it goes, and why it doesn't."""

    values: dict[str, object]
    queue: Queue | None = None
    problem: str | None = None


@frozen(kw_only=True)
class Done:
    """A record as it is after what was done, and why something could not be."""

    record: Record
    problem: str | None = None


def act(session: Session, entity: EntityModel, rule: EscalationRule, due: Sequence[Due]) -> None:
    """Do what is due, each record for itself; what is refused is noted, and told all the same.

    A record that somebody changes at this very moment is looked at again in the next run.
    """
    superior_of, queues, active = superiors_by_user(session), queues_of(session, due), active_heirs(session, due)

    def write(some: Sequence[Due]) -> Sequence[Done]:
        deeds = [deed_of(entity, each, superior_of, queues, active) for each in some]
        pairs = [(each.record, deed.values) for each, deed in zip(some, deeds, strict=True) if deed.values]
        after = {each.id: each for each in session.update_many(pairs)}
        queued = [(each, deed.queue) for each, deed in zip(some, deeds, strict=True) if deed.queue is not None]
        after |= queue_up(session, entity, queued)
        present = [after.get(each.record.id, each.record) for each in some]
        done = [Done(record=record, problem=deed.problem) for record, deed in zip(present, deeds, strict=True)]
        note(session, rule, [(each, one.record.updated_at, one.problem) for each, one in zip(some, done, strict=True)])
        return done

    told: list[dict[str, object]] = []
    for each, result in write_all(session, entity.name, due, write):
        if isinstance(result, Exception):
            if is_passing(result):
                continue
            note(session, rule, [(each, each.record.updated_at, said_to_all(session, result))])
        now = result.record if isinstance(result, Done) else each.record
        told += tellings(entity, rule, each, superior_of=superior_of, taker=taker_of(entity, each, now))
    session.notify_many(told)


def is_passing(error: Exception) -> bool:
    """Return whether an error comes of what somebody else does at this moment: change the record, or escalate it."""
    return isinstance(error, ConflictError) or (isinstance(error, Refused) and error.entity == "escalation")


def queues_of(session: Session, due: Iterable[Due]) -> dict[int, Queue]:
    """Return the queues to which levels give records, by their ids."""
    wanted = {int(level.to_queue) for each in due for level in each.levels if level.to_queue is not None}
    return cast("dict[int, Queue]", session.by_id(session.model.entity(Queue), wanted))


def active_heirs(session: Session, due: Iterable[Due]) -> set[int]:
    """Return those of the users to whom levels give records who can act, by id."""
    return active_among(session, (int(level.to) for each in due for level in each.levels if level.to is not None))


def deed_of(
    entity: EntityModel,
    due: Due,
    superior_of: Callable[[int], int | None],
    queues: Mapping[int, Queue],
    active: Collection[int],
) -> Deed:
    """Return what becomes of a record; of several levels the highest that can be done counts.

    A record that goes to a queue has no owner until somebody gets it from there.
    """
    values: dict[str, object] = {}
    queue: Queue | None = None
    problem: Text | None = None
    owner = owner_id(entity, due.record)
    for level in due.levels:
        if level.field is not None:
            values[level.field] = level.value
        if entity.owner is not None and (level.to is not None or level.to_superior):
            heir = heir_of(level, owner, superior_of)
            if heir is not None and (level.to_superior or heir in active):
                values[entity.owner], queue, problem = heir, None, None
            else:
                problem = _("Nobody active is there to get it.")
        if level.to_queue is not None:
            chosen = queues.get(int(level.to_queue))
            is_there = chosen is not None and chosen.active
            problem = None if is_there else _("The queue is not active, or not for these records.")
            if is_there:
                queue = chosen
                values |= {} if entity.owner is None else {entity.owner: None}
    return Deed(values=values, queue=queue, problem=problem)


def heir_of(level: EscalationLevel, owner: int | None, superior_of: Callable[[int], int | None]) -> int | None:
    """Return the user to whom a level gives what somebody owns, by id; None if there is no superior."""
    if level.to_superior:
        return None if owner is None else superior_of(owner)
    return None if level.to is None else int(level.to)


def queue_up(session: Session, entity: EntityModel, queued: Sequence[tuple[Due, Queue]]) -> dict[int, Record]:
    """Put records into queues and have these give them out; return the records as they are then, by their ids.

    They leave other queues. Who let a record lie is passed over, as if it had declined it.
    """
    if not queued:
        return {}
    owners = {each.record.ref: owner_id(entity, each.record) for each, _queue in queued}
    there = open_items(session, list(owners))
    session.elevated.update_many((each, {"state": "closed", "is_open": False}) for each in there)
    for queue in {each.id: each for _due, each in queued}.values():
        items = put(session, queue, [each.record.ref for each, goal in queued if goal.id == queue.id])
        session.elevated.update_many(
            (each, {"declined_by": (str(owners[each.record]),)}) for each in items if owners[each.record] is not None
        )
        distribute(session, queue)
    return session.by_id(entity, [each.record.id for each, _queue in queued])


def taker_of(entity: EntityModel, due: Due, now: Record) -> int | None:
    """Return who has got a record from a queue; None if it didn't go to one, or waits there."""
    return owner_id(entity, now) if any(each.to_queue is not None for each in due.levels) else None


def note(session: Session, rule: EscalationRule, done: Iterable[tuple[Due, datetime, str | None]]) -> None:
    """Write down which levels were reached, with when the record was last changed, which may be by that."""
    rows = [
        {
            "record": due.record,
            "rule": rule,
            "level": level,
            "since": due.since,
            "touched_at": touched_at,
            "problem": as_kept(session, problem),
        }
        for due, touched_at, problem in done
        for level in due.levels
    ]
    session.create_many(Escalation, rows)


def tellings(
    entity: EntityModel,
    rule: EscalationRule,
    due: Due,
    *,
    superior_of: Callable[[int], int | None],
    taker: int | None,
) -> Iterator[dict[str, object]]:
    """Yield what is told those whom the levels name: the owner that the record had, who gets it, superiors, others."""
    owner = owner_id(entity, due.record)
    for level in due.levels:
        told = [owner] if level.tell_owner else []
        told += [superior_of(owner)] if owner is not None and (level.tell_superior or level.to_superior) else []
        told += [int(each) for each in (level.tell, level.to) if each is not None]
        told += [taker] if level.to_queue is not None else []
        to = [ref_class("user")(each) for each in dict.fromkeys(told) if each is not None]
        if to:
            key = f"escalation {due.record.ref} {level.id} {due.since.isoformat()}"
            text = words(entity, rule, due)
            yield {"to": to, "text": text, "about": due.record.ref, "kind": "escalated", "key": key}


def words(entity: EntityModel, rule: EscalationRule, due: Due) -> Text:
    """Return what is told; it names the record by its number, which shows nothing of it."""
    return _("{entity} {number} needs attention: {rule}.", entity=entity.label, number=due.record.id, rule=rule.name)


def owner_id(entity: EntityModel, record: Record) -> int | None:
    """Return the id of a record's owner."""
    found = owner_of(entity, record)
    return None if found is None else int(found)
