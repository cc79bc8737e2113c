"""Taking: members grab what waits and decline what they got; heads give it to somebody, and have it wait again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, cast

from attrs import evolve, frozen

from crmkit import Record, Ref, User
from crmkit.core.declare.values import ref_class
from crmkit.core.exchange.writing import savepoint
from crmkit.core.lifecycle.access import within
from crmkit.core.lifecycle.occasions import occasion
from crmkit.errors import AccessDeniedError, ConflictError, Refused
from crmkit.translation import Text, _
from crmkit_workflow.ownership.giving import give_each
from crmkit_workflow.pools import limits
from crmkit_workflow.queues.choosing import Found, Turn, choose
from crmkit_workflow.queues.distributing import Distributed, FromQueue, assigned, offer, open_items, why_of
from crmkit_workflow.queues.entities import AUTOMATIC, Queue, QueueItem, QueueMember
from crmkit_workflow.queues.staffing import folded, members_of, workers_of
from crmkit_workflow.restrictions import open_among

if TYPE_CHECKING:
    from collections.abc import Iterable

    from crmkit import Session

Reason = Literal[
    "not_waiting", "already_taken", "not_a_member", "not_to_grab", "at_capacity", "not_allowed", "changed", "refused"
]
TEXTS: dict[str, Text] = {
    "not_waiting": _("It waits in no queue."),
    "already_taken": _("Somebody else has taken it already."),
    "not_a_member": _("You don't work in its queue."),
    "not_to_grab": _("Its queue is not one from which people take by themselves."),
    "at_capacity": _("You have as many as the queue allows. Finish one first."),
    "not_allowed": _("You may not do this. Ask a head of the queue."),
    "changed": _("Somebody else is changing it at this very moment. Try again."),
    "refused": _("It was refused."),
}
TRIES = 5
Wanted = Record | Ref[object]


@frozen(kw_only=True)
class Taken:
    """A record that somebody got from a queue: its place there, as it is now."""

    item: QueueItem


@frozen(kw_only=True)
class NotTaken:
    """A record that nobody got, and why: for programs and for people."""

    record: Ref[object]
    reason: Reason
    text: str


def not_taken(record: Ref[object], reason: Reason, text: str = "") -> NotTaken:
    """Return that nobody got a record."""
    return NotTaken(record=record, reason=reason, text=text or TEXTS[reason])


def grab(session: Session, records: Iterable[Wanted]) -> list[Taken | NotTaken]:
    """Take waiting records for the actor; return what became of each, in order.

    Each is taken by an update of the version in which it waited: of any number who want it at once, one gets it.

    Raises:
        AccessDeniedError: if the system wants to take something.
    """
    refs = [each if isinstance(each, Ref) else each.ref for each in records]
    if session.actor_ref is None:
        raise AccessDeniedError(action=_("grab"), entity=_("record"), actor=session.principal.name)
    user = int(session.actor_ref)
    with session.unit.command(writes_much=False):
        limits.hold(session, user)
        return [take(session, each, user, how="grabbed") for each in refs]


def assign_item(session: Session, record: Wanted, user: Record | Ref[User]) -> Taken | NotTaken:
    """Give a waiting record to a user by hand; its queue's heads may, and whoever may transfer the record."""
    ref = record if isinstance(record, Ref) else record.ref
    goal = int(user if isinstance(user, Ref) else user.ref)
    with session.unit.command(writes_much=False):
        limits.hold(session, goal)
        return take(session, ref, goal, how="assigned")


def take(session: Session, ref: Ref[object], user: int, *, how: str) -> Taken | NotTaken:
    """Give a waiting record to a user, again if somebody changes it meanwhile without taking it."""
    for _try in range(TRIES):
        item = next(iter(open_items(session, [ref])), None)
        if item is None:
            return not_taken(ref, "not_waiting")
        if item.state != "waiting":
            return not_taken(ref, "already_taken")
        queue = session.elevated.get(item.queue)
        reason = refusal(session, queue, ref, user) if how == "grabbed" else refusal_by_hand(session, queue, ref)
        if reason is not None:
            return not_taken(ref, reason)
        try:
            return Taken(item=write(session, queue, item, user, how))
        except ConflictError:
            continue
        except Refused as error:
            return not_taken(ref, "refused", str(error))
    return not_taken(ref, "changed")


def write(session: Session, queue: Queue, item: QueueItem, user: int, how: str) -> QueueItem:
    """Write that a user takes a waiting record, in a savepoint."""
    entity = session.model.entity(queue.entity)
    number = int(item.record)
    record = session.elevated.by_id(entity, [number]).get(number)
    found = found_by_hand(session, queue, item, user, "grab" if how == "grabbed" else "manual")
    with savepoint(session):
        why = _("Queue {queue}.", queue=queue.name)
        (taken,) = assigned(session, [(item, record, ref_class("user")(user), found)], how=how, why=why)
    return taken


def found_by_hand(session: Session, queue: Queue, item: QueueItem, user: int, strategy: str) -> Found:
    """Return that somebody took a record, or was given it, and which members of the queue could have."""
    workers = workers_of(session, queue, members_of(session, queue))
    declined = frozenset(int(each) for each in item.declined_by or ())
    return evolve(choose(strategy, workers, Turn(), needs=folded(item.needs), declined=declined), user=user)


def refusal(session: Session, queue: Queue, ref: Ref[object], user: int) -> Reason | None:
    """Return why a user can't grab a record that waits in a queue, None if it can."""
    if not open_among(session, session.model.entity(queue.entity), [int(ref)]):
        return "not_waiting"
    if queue.strategy != "grab" or not queue.active:
        return "not_to_grab"
    members = [each for each in members_of(session, queue) if int(each.user) == user]
    if not members:
        return "not_a_member"
    (worker,) = workers_of(session, queue, members)
    return "at_capacity" if worker.capacity is not None and worker.load >= worker.capacity else None


def refusal_by_hand(session: Session, queue: Queue, ref: Ref[object]) -> Reason | None:
    """Return why the actor can't give a record that waits in a queue to somebody, None if it can."""
    if session.principal.user is None or is_head(session, queue, session.principal.user):
        return None
    entity = session.model.entity(queue.entity)
    may = entity.owner is not None and within(session, entity.name, [int(ref)], "transfer")
    return None if may else "not_allowed"


def is_head(session: Session, queue: Queue, user: int) -> bool:
    """Return whether a user is a head of a queue."""
    given = {"queue": queue.id, "user": user}
    where = "queue == given.queue and user == given.user and is_head"
    return session.elevated.count(QueueMember, where, given=given) > 0


def decline(session: Session, record: Wanted) -> Distributed | NotTaken:
    """Give back what the actor got from a queue, which offers it to the others.

    Who declined isn't offered it again until all have declined: then it waits, and is everybody's again.
    """
    ref = record if isinstance(record, Ref) else record.ref
    with session.unit.command(writes_much=False):
        item = next(iter(open_items(session, [ref])), None)
        if item is None or item.state != "assigned":
            return not_taken(ref, "not_waiting")
        if item.assignee is None or int(item.assignee) != session.principal.user:
            return not_taken(ref, "not_allowed")
        queue = session.elevated.get(item.queue)
        session.serialise(f"queue {queue.id}")
        with savepoint(session):
            back = give_back(session, queue, item)
            if queue.active and queue.strategy in AUTOMATIC:
                return offer(session, queue, [back])[0]
        return not_offered(back)


def give_back(session: Session, queue: Queue, item: QueueItem) -> QueueItem:
    """Write that a record waits again, declined by whoever had it."""
    user = int(cast("int", item.assignee))
    declined = sorted({*(item.declined_by or ()), str(user)}, key=int)
    back = wait_again(session, queue, item, how="declined", declined_by=declined)
    session.elevated.emit("queue_item.declined", back, {"user": user})
    return back


def wait_again(
    session: Session, queue: Queue, item: QueueItem, *, how: str, declined_by: list[str] | None
) -> QueueItem:
    """Write that a record waits again, and belongs to nobody if it belonged to whoever got it from the queue."""
    elevated, entity = session.elevated, session.model.entity(queue.entity)
    number = int(item.record)
    record = elevated.by_id(entity, [number]).get(number)
    owner = None if record is None or entity.owner is None else getattr(record, entity.owner)
    if record is not None and owner is not None and owner == item.assignee:
        with occasion(session, FromQueue()):
            give_each(session, [(record, None)], how=how, why=why_of(queue))
    return elevated.update(item, state="waiting", assignee=None, assigned_at=None, declined_by=declined_by)


def not_offered(item: QueueItem) -> Distributed:
    """Return that a record waits again, in a queue that gives nothing out by itself."""
    found = Found(user=None, strategy="", candidates=(), passed_over={}, turn=Turn())
    return Distributed(item=item, found=found)


def requeue(session: Session, record: Wanted) -> Distributed | NotTaken:
    """Have a record wait for everybody again, whoever has it or declined it; its queue's heads may.

    It is nobody's then, keeps its place among those that wait, and the queue offers it with them the next time.
    """
    ref = record if isinstance(record, Ref) else record.ref
    with session.unit.command(writes_much=False):
        item = next(iter(open_items(session, [ref])), None)
        if item is None:
            return not_taken(ref, "not_waiting")
        queue = session.elevated.get(item.queue)
        reason = refusal_by_hand(session, queue, ref)
        if reason is not None:
            return not_taken(ref, reason)
        session.serialise(f"queue {queue.id}")
        with savepoint(session):
            return not_offered(wait_again(session, queue, item, how="requeued", declined_by=None))
