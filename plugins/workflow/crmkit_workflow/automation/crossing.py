"""Crossing: whether a value has reached another one, from one side or the other. Pure functions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from crmkit.core.declare.kinds import DateKind, DateTimeKind, DecimalKind, DurationKind, IntegerKind, MoneyKind

if TYPE_CHECKING:
    from crmkit import FieldModel

MEASURABLE = (IntegerKind, DecimalKind, MoneyKind, DurationKind, DateKind, DateTimeKind)


def is_measurable(field: FieldModel) -> bool:
    """Return whether people give a field values that are in an order that means something."""
    return isinstance(field.kind, MEASURABLE) and not field.is_system


def measure(field: FieldModel, value: object) -> Any:
    """Return by what a value is compared: money by its worth in the base currency, everything else by itself."""
    if value is None:
        return None
    return field.kind.dump(value)[2] if isinstance(field.kind, MoneyKind) else value


def crosses(before: Any, after: Any, value: Any, direction: str) -> bool:
    """Return whether a change reaches a value: from below if it `rises`, from above if it `falls`, or `either`.

    No value lies below all others, as in sorting; but what is emptied has not fallen.
    """
    if after is None:
        return False
    rises = (before is None or before < value) and after >= value
    falls = before is not None and before > value and after <= value
    return (rises and direction != "falls") or (falls and direction != "rises")
