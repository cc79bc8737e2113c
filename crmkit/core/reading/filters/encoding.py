"""Encoding: the values of a filter's constants as a database compares them, and what shape of SQL they call for."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Literal

from attrs import frozen

from crmkit.core.declare.kinds import DurationKind
from crmkit.core.declare.kinds.numbers import LARGEST, MONEY_SCALE, scaled_bound
from crmkit.core.declare.values import Money, Ref
from crmkit.core.reading.filters import conditions as c
from crmkit.core.reading.filters.families import family, scale_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from crmkit.core.declare.kinds import Kind
    from crmkit.core.reading.paths import Path

Shape = Literal["value", "currency", "none", "unequal", "below", "above"]
"""`none`: there is no value; `unequal`: no stored value can be equal; `below`, `above`: all stored values are greater,
or smaller; `currency`: an amount in one currency."""
SMALLEST = -LARGEST - 1
MICROSECOND = timedelta(microseconds=1)


@frozen(eq=False)
class Encoded:
    """A constant as the database gets it."""

    shape: Shape
    parameters: Mapping[str, object]


def encode(condition: c.Condition, values: Sequence[object], prefix: str) -> dict[int, Encoded]:
    """Return every slot's constant for the conditions in a tree, its parameters named after the slot."""
    found: dict[int, Encoded] = {}
    _collect(condition, values, prefix, found)
    return found


def _collect(condition: c.Condition, values: Sequence[object], prefix: str, found: dict[int, Encoded]) -> None:
    match condition:
        case c.AllOf(parts) | c.AnyOf(parts):
            for part in parts:
                _collect(part, values, prefix, found)
        case c.Not(part):
            _collect(part, values, prefix, found)
        case c.Compare(path, operator, slot):
            found[slot] = _compared(path, operator, values[slot], f"{prefix}{slot}")
        case c.OneOf(path, slot):
            found[slot] = _listed(path, values[slot], f"{prefix}{slot}")
        case c.HasTag(path, slot):
            found[slot] = _text(_tag_pattern(path, values[slot]), f"{prefix}{slot}")
        case c.Matches(_, slot):
            found[slot] = _text(values[slot], f"{prefix}{slot}")


def _compared(path: Path, operator: c.Operator, value: object, name: str) -> Encoded:
    if value is None:
        return Encoded("none", {})
    if isinstance(value, Money):
        amount = scaled_bound(value.amount, MONEY_SCALE, up=False)
        return Encoded("currency", {name: amount, f"{name}_currency": value.currency})
    if isinstance(value, Ref):
        return _reference(path, value, name)
    number = _as_number(path.kind, value)
    if number is None:
        parameters = {name: value}
        if operator == "==" and is_found_by_key(path):
            parameters[f"{name}_key"] = path.kind.key(value)
        return Encoded("value", parameters)
    return _bounded(number, scale_of(path.kind), operator, name)


def _bounded(number: Decimal, scale: int, operator: c.Operator, name: str) -> Encoded:
    """Return the stored integer that compares as the number does, though it may have more decimals than are stored."""
    low = scaled_bound(number, scale, up=False)
    high = scaled_bound(number, scale, up=True)
    if operator in {"==", "!="}:
        fits = low == high and SMALLEST <= low <= LARGEST
        return Encoded("value", {name: low}) if fits else Encoded("unequal", {})
    bound = high if operator in {"<", ">="} else low
    if bound > LARGEST:
        return Encoded("above", {})
    return Encoded("below", {}) if bound < SMALLEST else Encoded("value", {name: bound})


def _listed(path: Path, values: object, name: str) -> Encoded:
    assert isinstance(values, tuple)
    if family(path.kind) == "any_ref":
        return Encoded("value", {name: [(value.entity, int(value)) for value in values]})
    if family(path.kind) == "ref":
        return Encoded("value", {name: [int(value) for value in values if value is not None]})
    if family(path.kind) == "number" and not scale_of(path.kind):
        whole = [int(value) for value in values if value is not None and value == int(value)]
        return Encoded("value", {name: [each for each in whole if SMALLEST <= each <= LARGEST]})
    encoded = (_compared(path, "!=", value, name) for value in values)
    return Encoded("value", {name: [each.parameters[name] for each in encoded if each.shape == "value"]})


def _reference(path: Path, value: Ref[object], name: str) -> Encoded:
    if family(path.kind) == "any_ref":
        return Encoded("value", {name: int(value), f"{name}_entity": value.entity})
    return Encoded("value", {name: int(value)})


def _text(value: object, name: str) -> Encoded:
    return Encoded("none", {}) if value is None else Encoded("value", {name: value})


def _tag_pattern(path: Path, value: object) -> str | None:
    del path
    return None if value is None else f"\n{value}\n"


def _as_number(kind: Kind, value: object) -> Decimal | None:
    if isinstance(value, timedelta) and isinstance(kind, DurationKind):
        return Decimal(value // MICROSECOND)
    is_number = isinstance(value, (int, Decimal)) and not isinstance(value, bool)
    return Decimal(value) if is_number else None  # type: ignore[arg-type]  # mypy doesn't follow is_number


def is_found_by_key(path: Path) -> bool:
    """Return whether equality is looked up by the search key, because only that is indexed."""
    return path.part is None and path.field.declared.unique and path.field.key_column is not None
