"""The command `crmkit queue`: what waits in queues, grabbing and declining it, giving it out, having it wait again."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from crmkit import Column, Table, User
from crmkit.core.reading.reports.standard.choosing import record_named
from crmkit.errors import AccessDeniedError, Refusal, Refused
from crmkit.translation import _
from crmkit_workflow.pools.commands import refs_of
from crmkit_workflow.queues.distributing import Distributed, distribute
from crmkit_workflow.queues.entities import Queue, QueueItem, QueueMember
from crmkit_workflow.queues.taking import NotTaken, Taken, assign_item, decline, grab, is_head, requeue
from crmkit_workflow.reach import may_with_all

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from crmkit import Session
    from crmkit.core.reading.reports.columns import Cell

MOST = 100


def queue_command(
    session: Session, *, do: str, queue: str | None, entity: str, records: tuple[str, ...] | None, to: str | None
) -> Table:
    """Do what `crmkit queue` is asked for.

    Raises:
        Refused: if a queue, a record or a user isn't named rightly.
        AccessDeniedError: if somebody gives out a queue whose head it isn't.
    """
    if do == "list":
        return listed(session, None if queue is None else queue_named(session, queue))
    if do == "distribute":
        return told(session, distribute(session, headed(session, queue)))
    refs = refs_of(session, entity, records or ())
    if do == "grab":
        return told(session, grab(session, refs))
    if do == "decline":
        return told(session, [decline(session, each) for each in refs])
    if do == "requeue":
        return told(session, [requeue(session, each) for each in refs])
    if not to:
        raise Refused(entity="queue", refusals=(Refusal(path="to", text=_("Say to whom: --to NAME.")),))
    user = record_named(session, session.model.entities["user"], to, "to")
    return told(session, [assign_item(session, each, user) for each in refs])


def headed(session: Session, name: str | None) -> Queue:
    """Return the queue of a name, whose head the actor is, or who may change all queues.

    Raises:
        Refused: if there is no such queue.
        AccessDeniedError: if the actor may not.
    """
    found = queue_named(session, name)
    user = session.principal.user
    if user is not None and not is_for_all(session) and not is_head(session, found, user):
        raise AccessDeniedError(action=_("give out"), entity=_("queue"), actor=session.principal.name)
    return found


def is_for_all(session: Session) -> bool:
    """Return whether the actor may change all queues, and so see to each."""
    return may_with_all(session, session.model.entities["queue"], "update")


def queue_named(session: Session, name: str | None) -> Queue:
    """Return the queue of a name.

    Raises:
        Refused: if there is no such queue, or none is named.
    """
    if not name:
        text = _("Say which queue: --queue NAME.")
        raise Refused(entity="queue", refusals=(Refusal(path="queue", text=text),))
    found = session.elevated.find(Queue, {"name": name})
    if not found:
        text = _("There is no queue {name!r}. `crmkit find queue` lists them.", name=name)
        raise Refused(entity="queue", refusals=(Refusal(path="queue", text=text),))
    return found[0]


def listed(session: Session, queue: Queue | None) -> Table:
    """Return what waits in the queues in which the actor works, or in one, the longest first.

    Whoever may change all queues sees what waits in each.
    """
    user, elevated = None if is_for_all(session) else session.principal.user, session.elevated
    queues = [int(row[0]) for row in elevated.rows(QueueMember, ["queue"], {"user": user})] if user else []  # type: ignore[call-overload]
    if queue is not None:
        queues = [each for each in queues if each == queue.id] if user else [queue.id]
        if not queues:
            text = _("You don't work in the queue {name!r}.", name=queue.name)
            raise Refused(entity="queue", refusals=(Refusal(path="queue", text=text),))
    is_narrowed = user is not None or queue is not None
    where = "state == 'waiting' and is_open" + (" and queue in given.queues" if is_narrowed else "")
    rows = elevated.rows(
        QueueItem,
        ["queue.name", "record", "entered_at"],
        where,
        given={"queues": queues} if is_narrowed else None,
        order="entered_at",
        limit=MOST,
    )
    return Table(
        [Column("queue", _("Queue")), Column("record", _("Record")), Column("since", _("Since"), "datetime")],
        [(cast("Cell", queue), str(record), cast("Cell", since)) for queue, record, since in rows],
        title=_("Waiting"),
    )


def told(session: Session, results: Sequence[Taken | NotTaken | Distributed]) -> Table:
    """Return what became of records, with the names of those who have them, as far as the actor sees these."""
    users = {each.item.assignee for each in results if not isinstance(each, NotTaken)} - {None}
    given = {"ids": [int(each) for each in users if each is not None]}
    rows = session.rows(User, ["id", "name"], "id in given.ids", given=given) if users else ()
    names = {row[0]: row[1] for row in rows}
    return Table(
        [Column("record", _("Record")), Column("result", _("Result"))],
        [row_of(each, names) for each in results],
        title=_("Queue"),
    )


def row_of(result: Taken | NotTaken | Distributed, names: Mapping[object, object]) -> tuple[Cell, ...]:
    """Return what became of one record."""
    if isinstance(result, NotTaken):
        return str(result.record), result.text
    item = result.item
    if item.assignee is None:
        return str(item.record), _("It waits.")
    return str(item.record), _("It is with {user}.", user=names.get(int(item.assignee)) or item.assignee)
