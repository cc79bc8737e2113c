"""Thresholds: the values that rules and watches wait for, kept as people wrote them, and whether one is reached."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from attrs import evolve

from crmkit import Money
from crmkit.errors import InvalidValue
from crmkit.translation import _
from crmkit_workflow.automation.crossing import crosses, is_measurable, measure

if TYPE_CHECKING:
    from crmkit import Change, FieldModel, Session
    from crmkit.core.lifecycle.drafts import Draft


def check_threshold(session: Session, draft: Draft, field: FieldModel) -> None:
    """Refuse a field that can't reach a value, or a value that it can't have."""
    if not is_measurable(field):
        text = _("{name} has no values that could be reached: it is no number, date or duration.", name=field.name)
        draft.refuse("field", text)
        return
    try:
        if draft.get("value") is not None:
            threshold(session, field, str(draft.get("value")))
    except InvalidValue as error:
        draft.refuse("value", str(error))


def reaches(session: Session, field: FieldModel, change: Change, text: str | None, direction: str) -> bool:
    """Return whether a field has reached a value by a change; one that it can't have any more is never reached."""
    try:
        value = threshold(session, field, text or "")
    except InvalidValue:
        return False
    before = None if change.before is None else getattr(change.before, field.name)
    return crosses(measure(field, before), measure(field, getattr(change.after, field.name)), value, direction)


def threshold(session: Session, field: FieldModel, text: str) -> Any:
    """Return by what a value that is to be reached is compared; of a foreign amount, its worth at today's rate.

    Raises:
        InvalidValue: if the field can't have it, or its currency has no rate.
    """
    from crmkit.core.lifecycle.values import rate_of

    value = field.kind.parse(text, session.model.conventions) if is_measurable(field) else None
    if value is None:
        raise InvalidValue(_("A value is required."))
    if isinstance(value, Money) and value.currency != session.model.conventions.currency and value.rate is None:
        rate, day = rate_of(session, value.currency), session.today.isoformat()
        if rate is None:
            text = _(
                "There is no exchange rate of {currency} for {day}. Add one first.", currency=value.currency, day=day
            )
            raise InvalidValue(text)
        value = evolve(value, rate=rate)
    return measure(field, value)
