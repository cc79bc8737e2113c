"""Following up: activities with a record extend its protection, whoever did them."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from crmkit_workflow.ownership.poolable import is_poolable
from crmkit_workflow.pools.entities import ANY_KIND
from crmkit_workflow.pools.facts import LAST_CONTACT, read_follow_ups

if TYPE_CHECKING:
    from typing import TypeVar

    from crmkit import Batch, Record, Session, UpdateDraft

    R = TypeVar("R", bound=Record)

LAST_CONTACT_KIND = "last_contact_kind"


def followed_up(session: Session, record: R, *, kind: str = ANY_KIND, at: datetime | None = None) -> R:
    """Note that a record was followed up by an activity of a kind, at a moment (UTC), by default now.

    What is older than what is known changes nothing.
    """
    moment = at or session.unit.now
    known = read_follow_ups(record.follow_ups)
    if kind in known and known[kind] >= moment:
        return record
    return session.elevated.update(record, follow_ups=stored(known | {kind: moment}), returns_at=None)


def stored(moments: dict[str, datetime]) -> dict[str, str]:
    """Return the moments in the form in which a record keeps them."""
    return {kind: at.isoformat() for kind, at in sorted(moments.items())}


def note_contacts(drafts: Batch[UpdateDraft]) -> None:
    """Note the contacts that another plugin writes into a record as its last one, by their kind if it tells."""
    if LAST_CONTACT not in drafts.entity.fields or not is_poolable(drafts.entity):
        return
    for draft in drafts:
        at = draft.get(LAST_CONTACT) if draft.sets(LAST_CONTACT) else None
        if not isinstance(at, datetime):
            continue
        has_kind = LAST_CONTACT_KIND in drafts.entity.fields
        kind = str((draft.get(LAST_CONTACT_KIND) if has_kind else None) or ANY_KIND)
        known = read_follow_ups(draft.get("follow_ups"))
        draft.set("follow_ups", stored(known | {kind: max(at, known.get(kind, at))}))
        draft.set("returns_at", None)
