"""Conditions: what a filter means, as values that both compilers read."""

from __future__ import annotations

import operator
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from attrs import frozen

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from crmkit.core.reading.paths import Path

Operand = Any
Operator = Literal["==", "!=", "<", "<=", ">", ">="]
OPPOSITE: Mapping[Operator, Operator] = {"==": "!=", "!=": "==", "<": ">=", "<=": ">", ">": "<=", ">=": "<"}
APPLY: Mapping[Operator, Callable[[Operand, Operand], object]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
"""For values as well as for columns."""
FLIPPED: Mapping[Operator, Operator] = {"==": "==", "!=": "!=", "<": ">", "<=": ">=", ">": "<", ">=": "<="}


@frozen(eq=False)
class AllOf:
    """All parts hold."""

    parts: tuple[Condition, ...]


@frozen(eq=False)
class AnyOf:
    """At least one part holds."""

    parts: tuple[Condition, ...]


@frozen(eq=False)
class Not:
    """The part doesn't hold; conditions have two values, so this one holds then."""

    part: Condition


@frozen(eq=False)
class Always:
    """Holds always, or never."""

    truth: bool


@frozen(eq=False)
class IsTrue:
    """A yes or no is yes."""

    path: Path


@frozen(eq=False)
class IsNone:
    """There is no value."""

    path: Path


@frozen(eq=False)
class Compare:
    """A value compares so with the constant in a slot; never, if one of them is None."""

    path: Path
    operator: Operator
    slot: int


@frozen(eq=False)
class ComparePaths:
    """Two values of the record compare so; never, if one of them is None."""

    path: Path
    operator: Operator
    other: Path


@frozen(eq=False)
class OneOf:
    """A value is (or, if negated, is there and is not) one of the constants in a slot."""

    path: Path
    slot: int
    negated: bool


@frozen(eq=False)
class HasTag:
    """The tags include the one in a slot."""

    path: Path
    slot: int


@frozen(eq=False)
class Matches:
    """The search key of a text contains, or starts with, the key in a slot."""

    path: Path
    slot: int
    at_start: bool


ConstantTest: TypeAlias = Compare | OneOf | HasTag | Matches
Test: TypeAlias = IsTrue | IsNone | ComparePaths | ConstantTest
Condition: TypeAlias = AllOf | AnyOf | Not | Always | Test
