"""Families of kinds: what can be compared with what."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Literal

from crmkit.core.declare.kinds import (
    AnyRefKind,
    BooleanKind,
    ChoiceKind,
    DateKind,
    DateTimeKind,
    DecimalKind,
    DurationKind,
    IntegerKind,
    MoneyKind,
    RefKind,
    TagsKind,
    TextKind,
)

if TYPE_CHECKING:
    from crmkit.core.declare.kinds import Kind
    from crmkit.core.reading.filters.conditions import Operator

Family = Literal[
    "text", "number", "money", "date", "datetime", "duration", "boolean", "ref", "any_ref", "tags", "opaque"
]
FAMILIES: tuple[tuple[tuple[type[Kind], ...], Family], ...] = (
    ((TextKind, ChoiceKind), "text"),
    ((IntegerKind, DecimalKind), "number"),
    ((MoneyKind,), "money"),
    ((DateKind,), "date"),
    ((DateTimeKind,), "datetime"),
    ((DurationKind,), "duration"),
    ((BooleanKind,), "boolean"),
    ((RefKind,), "ref"),
    ((AnyRefKind,), "any_ref"),
    ((TagsKind,), "tags"),
)
ORDERED: frozenset[Family] = frozenset({"text", "number", "money", "date", "datetime", "duration"})
COMPARED: frozenset[Family] = ORDERED | {"boolean", "ref", "any_ref"}


def family(kind: Kind) -> Family:
    """Return the family of a kind; what belongs to none can only be tested with `is None`."""
    declared: type = type(kind)
    return _family_of(declared)


@cache
def _family_of(kind: type) -> Family:
    return next((name for kinds, name in FAMILIES if issubclass(kind, kinds)), "opaque")


def scale_of(kind: Kind) -> int:
    """Return how many decimals the stored integer of a number or an amount stands for."""
    if isinstance(kind, MoneyKind):
        return 4
    return kind.scale if isinstance(kind, DecimalKind) else 0


def allows(kind: Kind, operator: Operator) -> bool:
    """Return whether values of a kind can be compared so."""
    return family(kind) in (COMPARED if operator in {"==", "!="} else ORDERED)


def are_comparable(one: Kind, other: Kind) -> bool:
    """Return whether two fields of these kinds can be compared with each other.

    Numbers must be kept with equally many decimals: databases compare the stored integers.
    """
    if family(one) != family(other) or family(one) not in COMPARED:
        return False
    if isinstance(one, RefKind) and isinstance(other, RefKind):
        return one.target == other.target
    return scale_of(one) == scale_of(other)
