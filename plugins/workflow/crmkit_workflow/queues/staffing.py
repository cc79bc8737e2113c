"""Staffing: who works in a queue right now, read in few statements, and where its turn is."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from crmkit.core.declare.values import ref_class
from crmkit_workflow.queues.choosing import Turn, Worker
from crmkit_workflow.queues.entities import Absence, QueueCursor, QueueItem, QueueMember
from crmkit_workflow.staff import active_among

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from crmkit import EntityModel, Session
    from crmkit_workflow.queues.entities import Queue

OPEN = "stage.kind in ('open', 'waiting')"


def members_of(session: Session, queue: Queue) -> list[QueueMember]:
    """Return the members of a queue, in the order of their users."""
    return list(session.elevated.find(QueueMember, {"queue": queue}, order="user"))


def workers_of(session: Session, queue: Queue, members: Sequence[QueueMember]) -> list[Worker]:
    """Return the members of a queue as they are now: active or not, away or not, and how much they have."""
    users = [int(each.user) for each in members]
    if not users:
        return []
    active, absent = active_among(session, users), absent_among(session, users)
    loads = loads_of(session, session.model.entity(queue.entity), users)
    return [
        Worker(
            user=int(each.user),
            weight=each.weight,
            load=loads.get(int(each.user), 0),
            capacity=queue.capacity if each.capacity is None else each.capacity,
            skills=folded(each.skills),
            territories=folded(each.territories),
            is_active=int(each.user) in active,
            is_absent=int(each.user) in absent,
        )
        for each in members
    ]


def folded(tags: Iterable[str] | None) -> frozenset[str]:
    """Return tags as they are compared, whatever their case."""
    return frozenset(each.casefold() for each in tags or ())


def absent_among(session: Session, users: Sequence[int]) -> set[int]:
    """Return which of some users are away now."""
    where = "user in given.users and since <= now() and (until is None or until > now())"
    rows = session.elevated.rows(Absence, ["user"], where, given={"users": list(users)})
    return {int(cast("int", user)) for (user,) in rows}


def loads_of(session: Session, entity: EntityModel, users: Sequence[int]) -> dict[int, int]:
    """Return how many open records of an entity each user has, in one statement.

    Of records that have no owner, those that users have from queues count.
    """
    given = {"users": list(users), "entity": entity.name}
    if entity.owner is not None:
        where = f"{entity.owner} in given.users" + (f" and {OPEN}" if entity.staged else "")
        rows = session.elevated.aggregate(
            entity.name, by=[entity.owner], measures={"n": "count()"}, where=where, given={"users": list(users)}
        )
    else:
        where = "assignee in given.users and is_open and record.entity == given.entity"
        rows = session.elevated.aggregate(
            QueueItem, by=["assignee"], measures={"n": "count()"}, where=where, given=given
        )
    return {int(cast("int", user)): cast("int", number) for user, number in rows}


def cursor_of(session: Session, queue: Queue) -> QueueCursor | None:
    """Return the row that keeps the queue's turn, if it has had one."""
    found = session.elevated.find(QueueCursor, {"queue": queue})
    return found[0] if found else None


def turn_of(cursor: QueueCursor | None) -> Turn:
    """Return where a queue's turn is."""
    if cursor is None:
        return Turn()
    stored = cursor.gathered if isinstance(cursor.gathered, dict) else {}
    return Turn(last=int(cursor.last or 0), gathered={int(user): int(weight) for user, weight in stored.items()})


def keep_turn(session: Session, queue: Queue, cursor: QueueCursor | None, turn: Turn) -> None:
    """Keep where a queue's turn is; the transaction holds the queue's name.

    Raises:
        ConflictError: if somebody changed it without holding that.
    """
    if turn == turn_of(cursor):
        return
    values = {
        "last": ref_class("user")(turn.last) if turn.last else None,
        "gathered": {str(user): weight for user, weight in sorted(turn.gathered.items())},
    }
    if cursor is None:
        session.elevated.create(QueueCursor, queue=queue, **values)  # type: ignore[arg-type]
    else:
        session.elevated.update(cursor, **values)  # type: ignore[arg-type]
