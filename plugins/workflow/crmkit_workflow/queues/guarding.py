"""Guarding queues: definitions that could not work are refused, and what has left a queue is closed there.

A queue in which something waits, or to which a rule gives records, can't be deleted; it can be switched off.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from crmkit.core.declare.stages import CLOSED_KINDS
from crmkit.core.lifecycle.occasions import occasion_of
from crmkit.errors.root import listed
from crmkit.translation import _, ngettext
from crmkit_workflow import conditions
from crmkit_workflow.queues.distributing import FromQueue, open_items
from crmkit_workflow.queues.entities import AssignmentRule, Queue, QueueItem

if TYPE_CHECKING:
    from crmkit import Batch, Change, DeleteDraft, Session
    from crmkit.core.lifecycle.drafts import Draft


def check_queues(session: Session, drafts: Batch[Draft]) -> None:
    """Refuse queues and rules that could not work."""
    for draft in drafts.of(Queue):
        entity = session.model.entities.get(str(draft.get("entity")))
        if entity is None or entity.whole is not None:
            draft.refuse("entity", _("There is no entity {name!r} whose records could wait.", name=draft.get("entity")))
        elif draft.record is not None and draft.sets("entity"):
            draft.refuse("entity", _("A queue keeps its entity. Make another queue."))
        elif draft.get("needs_field") is not None and str(draft.get("needs_field")) not in entity.fields:
            draft.refuse("needs_field", _("{entity} has no such field.", entity=entity.name))
    for draft in drafts.of(AssignmentRule):
        check_rule(session, draft)


def check_rule(session: Session, draft: Draft) -> None:
    """Refuse a rule that gives nothing to anybody, or can't be asked."""
    entity = session.model.entities.get(str(draft.get("entity")))
    if entity is None or entity.owner is None:
        draft.refuse("entity", _("Records of {name!r} have no owner.", name=draft.get("entity")))
        return
    queue = draft.related("queue")
    if queue is not None and draft.get("user") is not None:
        draft.refuse("queue", _("A rule gives records to a queue or to a user, not to both."))
    if queue is not None and queue.entity != entity.name:
        draft.refuse("queue", _("The queue is for other records."))
    conditions.check(session, draft, entity, "condition")


def refuse_deleting(session: Session, drafts: Batch[DeleteDraft]) -> None:
    """Refuse to delete queues in which something waits, or that rules name."""
    elevated = session.elevated
    for draft in drafts.of(Queue):
        given = {"queue": draft.record}
        waiting = elevated.count(QueueItem, "queue == given.queue and is_open and state == 'waiting'", given=given)
        if waiting:
            text = ngettext(
                "{count} record waits in the queue. Give it out first, or switch the queue off.",
                "{count} records wait in the queue. Give them out first, or switch the queue off.",
                waiting,
            )
            draft.refuse("id", text)
        rules = elevated.find(AssignmentRule, "queue == given.queue", given=given, order="position, id")
        if rules:
            names = listed([each.name for each in rules])
            draft.refuse("id", _("Rules give records to the queue: {names}. Change them first.", names=names))


def close_deleted(session: Session, changes: Batch[Change]) -> None:
    """Close the places of what somebody has got from queues that are deleted now; the records stay with them."""
    gone = [change.after.id for change in changes.of(Queue)]
    if gone:
        items = session.elevated.find(QueueItem, "is_open and queue in given.ids", given={"ids": gone})
        session.elevated.update_many((each, {"state": "closed", "is_open": False}) for each in items)


def settle(session: Session, changes: Batch[Change]) -> None:
    """Close the places in queues of records that went another way: to somebody else, into a pool, to their end."""
    entity = changes.entity
    if entity.name == "queue_item" or entity.whole is not None:
        return
    by_queue = occasion_of(session, FromQueue) is not None
    fields = {entity.owner} if entity.owner is not None and not by_queue else set()
    left = [
        change.after.ref
        for change in changes
        if change.before is not None
        and (change.changed & fields or ("stage_kind" in change.changed and change.after.stage_kind in CLOSED_KINDS))
    ]
    if not left:
        return
    items = open_items(session, left)
    gone = [each for each in items if each.state == "waiting" or not is_with_owner(entity.owner, each, changes)]
    session.elevated.update_many((each, {"state": "closed", "is_open": False}) for each in gone)


def is_with_owner(owner: str | None, item: QueueItem, changes: Batch[Change]) -> bool:
    """Return whether a record is with whoever got it from the queue, and still open."""
    if owner is None:
        return False
    for change in changes:
        if change.after.ref == item.record:
            is_closed = "stage_kind" in change.changed and change.after.stage_kind in CLOSED_KINDS
            return getattr(change.after, owner) == item.assignee and not is_closed
    return False
