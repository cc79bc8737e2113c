"""Guarding watches: of fields that can reach a value and that their owners may see."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crmkit import Ref
from crmkit.translation import _
from crmkit_workflow.automation.thresholds import check_threshold
from crmkit_workflow.watches.entities import Watch

if TYPE_CHECKING:
    from crmkit import Batch, Session
    from crmkit.core.lifecycle.drafts import Draft

WATCHED = frozenset({"record", "field", "value"})


def check(session: Session, drafts: Batch[Draft]) -> None:
    """Refuse watches that could never fire, and note since when one is armed; any can be switched off."""
    for draft in drafts.of(Watch):
        if draft.record is None or draft.values.keys() & WATCHED or draft.values.get("armed"):
            check_field(session, draft)
        if draft.record is None or (draft.sets("armed") and not getattr(draft.record, "armed", False)):
            draft.set("armed_at", session.unit.now if draft.get("armed") else None)


def check_field(session: Session, draft: Draft) -> None:
    """Refuse a field that there isn't or that the actor may not see, and a value that it can't have."""
    record, name = draft.get("record"), str(draft.get("field"))
    entity = session.model.entities.get(record.entity) if isinstance(record, Ref) else None
    if entity is None:
        return
    field = entity.fields.get(name)
    if field is None or not session.acting.principal.sees(entity, field):
        draft.refuse("field", _("{entity} has no field {name}.", entity=entity.name, name=name))
        return
    check_threshold(session, draft, field)
