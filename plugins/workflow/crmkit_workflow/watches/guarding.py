"""Guarding watches: of fields that can reach a value and that their owners may see."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crmkit import Ref
from crmkit.errors import InvalidValue
from crmkit.translation import _
from crmkit_workflow.automation.crossing import is_measurable
from crmkit_workflow.watches.entities import Watch

if TYPE_CHECKING:
    from crmkit import Batch, Session
    from crmkit.core.lifecycle.drafts import Draft


def check(session: Session, drafts: Batch[Draft]) -> None:
    """Refuse watches that could never fire, and note since when one is armed."""
    for draft in drafts.of(Watch):
        check_field(session, draft)
        if draft.record is None or (draft.sets("armed") and not getattr(draft.record, "armed", False)):
            draft.set("armed_at", session.unit.now if draft.get("armed") else None)


def check_field(session: Session, draft: Draft) -> None:
    """Refuse a field that there isn't or that the actor may not see, and a value that it can't have."""
    record, name, value = draft.get("record"), str(draft.get("field")), draft.get("value")
    entity = session.model.entities.get(record.entity) if isinstance(record, Ref) else None
    if entity is None:
        return
    field = entity.fields.get(name)
    if field is None or not session.acting.principal.sees(entity, field):
        draft.refuse("field", _("{entity} has no field {name}.", entity=entity.name, name=name))
        return
    if not is_measurable(field) or field.is_system:
        text = _("{name} has no values that could be reached: it is no number, date or duration.", name=name)
        draft.refuse("field", text)
        return
    try:
        if value is not None:
            field.kind.parse(value, session.model.conventions)
    except InvalidValue as error:
        draft.refuse("value", str(error))
