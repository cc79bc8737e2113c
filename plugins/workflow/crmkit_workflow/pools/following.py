"""Following up: activities with a record extend its protection, whoever did them."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from crmkit.core.lifecycle.contacts import contacts_by_kind
from crmkit.errors import AccessDeniedError
from crmkit.translation import _
from crmkit_workflow.ownership.poolable import is_poolable
from crmkit_workflow.pools.entities import ANY_KIND
from crmkit_workflow.pools.facts import LAST_CONTACT, is_known, read_follow_ups

if TYPE_CHECKING:
    from typing import TypeVar

    from crmkit import Batch, Record, Session, UpdateDraft

    R = TypeVar("R", bound=Record)


def followed_up(session: Session, record: R, *, kind: str = ANY_KIND, at: datetime | None = None) -> R:
    """Note that a record was followed up by an activity of a kind, at a moment (UTC), by default now.

    What is older than what is known changes nothing, and a moment that is to come counts as now.

    Raises:
        AccessDeniedError: if the actor may not change the record.
    """
    from crmkit.core.lifecycle.access import within

    if not within(session, record.ref.entity, [record.id], "update"):
        raise AccessDeniedError(action=_("follow up"), entity=record.ref.entity, actor=session.principal.name)
    now = session.unit.now
    moment = now if at is None else min(at, now)
    known = read_follow_ups(record.follow_ups)
    if kind in known and known[kind] >= moment:
        return record
    return session.elevated.update(record, follow_ups=stored(known | {kind: moment}), returns_at=None)


def stored(moments: dict[str, datetime]) -> dict[str, str]:
    """Return the moments in the form in which a record keeps them."""
    return {kind: at.isoformat() for kind, at in sorted(moments.items())}


def note_contacts(session: Session, drafts: Batch[UpdateDraft]) -> None:
    """Note the contacts that are written into records as their last ones, unless it is known of which kind they were.

    What contact sources know is asked for where it matters; it isn't kept a second time.
    """
    entity = drafts.entity
    if LAST_CONTACT not in entity.fields or not is_poolable(entity):
        return
    contacted = [(draft, at) for draft in drafts if isinstance(at := draft.values.get(LAST_CONTACT), datetime)]
    known = contacts_by_kind(session, entity.name, [draft.record.id for draft, _at in contacted if draft.record])
    for draft, at in contacted:
        draft.set("returns_at", None)
        if draft.record is None or is_known(at, known.get(draft.record.id, {})):
            continue
        moments = read_follow_ups(draft.get("follow_ups"))
        draft.set("follow_ups", stored(moments | {ANY_KIND: max(at, moments.get(ANY_KIND, at))}))
