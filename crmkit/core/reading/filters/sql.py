"""The compiler to SQL: conditions on the columns of a statement's tables.

A negation is pushed down to the comparisons, where it takes in the rows without a value. So every comparison that isn't
negated stays a plain `column = value`, which an index can answer, and NULL counts as false throughout.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, assert_never, cast

import sqlalchemy as sa

from crmkit.core.declare.kinds import AnyRefKind
from crmkit.core.reading.filters import conditions as c
from crmkit.core.reading.filters.encoding import encode, is_found_by_key
from crmkit.core.reading.filters.families import family

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from crmkit.core.reading.filters.encoding import Shape
    from crmkit.core.reading.paths import Path
    from crmkit.core.reading.sources import Sources

Clause = sa.ColumnElement[bool]
TRUE_FOR_ALL: Mapping[Shape, tuple[c.Operator, ...]] = {
    "unequal": ("!=",),
    "above": ("<", "<="),
    "below": (">", ">="),
}
ESCAPE = "/"
LAST_CHARACTER = 0x10FFFF
SURROGATES = range(0xD800, 0xE000)


class SqlFilter:
    """A filter with its values, ready to become a condition.

    Attributes:
        signature: equal for two filters of one text if the same SQL serves both.
        parameters: the values, by the names that the condition gives them.
    """

    def __init__(self, condition: c.Condition, values: Sequence[object], prefix: str = "f") -> None:
        self.condition = condition
        self.prefix = prefix
        encoded = encode(condition, values, prefix)
        self.shapes: dict[int, Shape] = {slot: each.shape for slot, each in encoded.items()}
        self.parameters = {name: value for each in encoded.values() for name, value in each.parameters.items()}
        self._derive(condition)
        self.signature = tuple(self.shapes.values())

    def clause(self, sources: Sources) -> Clause:
        """Return the condition on the tables of a statement."""
        return _Compiler(sources, self).clause(self.condition, holds=True)

    def _derive(self, condition: c.Condition) -> None:
        """Turn the texts that are looked for into patterns and ranges."""
        match condition:
            case c.AllOf(parts) | c.AnyOf(parts):
                for part in parts:
                    self._derive(part)
            case c.Not(part):
                self._derive(part)
            case c.Matches(_, slot, at_start) if self.shapes[slot] == "value":
                name = f"{self.prefix}{slot}"
                text = str(self.parameters[name])
                self.parameters |= {f"{name}_end": successor(text)} if at_start else {name: pattern(text)}
                if at_start and self.parameters[f"{name}_end"] is None:
                    self.shapes[slot] = "above"
            case c.HasTag(path, slot) if self.shapes[slot] == "value" and path.field.key_column:
                name = f"{self.prefix}{slot}"
                self.parameters[name] = pattern(str(self.parameters[name]))


def pattern(text: str) -> str:
    """Return the LIKE pattern for texts that contain this one."""
    for sign in (ESCAPE, "%", "_"):
        text = text.replace(sign, ESCAPE + sign)
    return f"%{text}%"


def successor(text: str) -> str | None:
    """Return the smallest text that is greater than all texts that begin with this one; None if there is none."""
    for index in range(len(text) - 1, -1, -1):
        code = ord(text[index]) + 1
        code = SURROGATES.stop if code in SURROGATES else code
        if code <= LAST_CHARACTER:
            return text[:index] + chr(code)
    return None


class _Compiler:
    def __init__(self, sources: Sources, found: SqlFilter) -> None:
        self.sources = sources
        self.shapes = found.shapes
        self.prefix = found.prefix

    def clause(self, condition: c.Condition, *, holds: bool) -> Clause:
        """Return when the condition holds or, if `holds` is false, when it does not."""
        match condition:
            case c.AllOf(parts) | c.AnyOf(parts):
                joined = [self.clause(part, holds=holds) for part in parts]
                is_and = isinstance(condition, c.AllOf) == holds
                return sa.and_(sa.true(), *joined) if is_and else sa.or_(sa.false(), *joined)
            case c.Not(part):
                return self.clause(part, holds=not holds)
            case c.Always(truth):
                return constant(truth == holds)
            case _:
                return self.test(condition, holds=holds)

    def test(self, condition: c.Test, *, holds: bool) -> Clause:
        if isinstance(condition, c.IsTrue):
            column = self.sources.column(condition.path)
            return column.is_(sa.true()) if holds else column.is_not(sa.true())
        if isinstance(condition, c.IsNone):
            return self.is_none(condition.path, holds=holds)
        if isinstance(condition, c.ComparePaths):
            return self.compare_paths(condition.path, condition.operator, condition.other, holds=holds)
        if not isinstance(condition, c.OneOf) and self.shapes[condition.slot] == "none":
            return constant(not holds)
        return self.with_constant(condition, f"{self.prefix}{condition.slot}", holds=holds)

    def with_constant(self, condition: c.ConstantTest, name: str, *, holds: bool) -> Clause:
        match condition:
            case c.Compare():
                return self.compare(condition, name, holds=holds)
            case c.OneOf():
                return self.one_of(condition, name, holds=holds)
            case c.HasTag():
                return self.has_tag(condition, name, holds=holds)
            case c.Matches():
                return self.matches(condition, name, holds=holds)
            case _:
                assert_never(condition)

    def is_none(self, path: Path, *, holds: bool) -> Clause:
        columns = self.sources.columns(path)
        if family(path.kind) != "opaque":
            columns = columns[:1]
        if holds:
            return sa.and_(*(column.is_(None) for column in columns))
        return sa.or_(*(column.is_not(None) for column in columns))

    def compare_paths(self, path: Path, sign: c.Operator, other: Path, *, holds: bool) -> Clause:
        if isinstance(path.kind, AnyRefKind):
            return self.compare_any_refs(path, sign, other, holds=holds)
        one, two = self.sources.column(path), self.sources.column(other)
        if holds:
            return applied(sign, one, two)
        return sa.or_(one.is_(None), two.is_(None), applied(c.OPPOSITE[sign], one, two))

    def compare_any_refs(self, path: Path, sign: c.Operator, other: Path, *, holds: bool) -> Clause:
        pairs = list(zip(self.sources.columns(path), self.sources.columns(other), strict=True))
        is_equal = sa.and_(*(one == two for one, two in pairs))
        is_unequal = sa.or_(*(one != two for one, two in pairs))
        if holds:
            return is_equal if sign == "==" else is_unequal
        missing = sa.or_(*(column.is_(None) for pair in pairs for column in pair))
        return sa.or_(missing, is_unequal if sign == "==" else is_equal)

    def compare(self, condition: c.Compare, name: str, *, holds: bool) -> Clause:
        shape = self.shapes[condition.slot]
        if shape == "currency":
            return self.compare_currency(condition, name, holds=holds)
        if isinstance(condition.path.kind, AnyRefKind):
            return self.compare_any_ref(condition, name, holds=holds)
        column = self.sources.column(condition.path)
        if shape != "value":
            return at_all(column, condition.operator in TRUE_FOR_ALL[shape], holds=holds)
        value = bound(name, column)
        if not holds:
            return sa.or_(column.is_(None), applied(c.OPPOSITE[condition.operator], column, value))
        if condition.operator == "==" and is_found_by_key(condition.path):
            key = self.sources.stored(condition.path, str(condition.path.field.key_column))
            return sa.and_(key == bound(f"{name}_key", key), column == value)
        return applied(condition.operator, column, value)

    def compare_currency(self, condition: c.Compare, name: str, *, holds: bool) -> Clause:
        field = condition.path.field.name
        amount = self.sources.stored(condition.path, field)
        currency = self.sources.stored(condition.path, f"{field}_currency")
        wanted, value = bound(f"{name}_currency", currency), bound(name, amount)
        if holds:
            return sa.and_(currency == wanted, applied(condition.operator, amount, value))
        opposite = applied(c.OPPOSITE[condition.operator], amount, value)
        return sa.or_(amount.is_(None), currency != wanted, opposite)

    def compare_any_ref(self, condition: c.Compare, name: str, *, holds: bool) -> Clause:
        entity, number = self.sources.columns(condition.path)
        values = bound(f"{name}_entity", entity), bound(name, number)
        is_equal = sa.and_(entity == values[0], number == values[1])
        is_unequal = sa.or_(entity != values[0], number != values[1])
        wanted = is_equal if (condition.operator == "==") == holds else is_unequal
        return wanted if holds else sa.or_(number.is_(None), wanted)

    def one_of(self, condition: c.OneOf, name: str, *, holds: bool) -> Clause:
        columns = self.sources.columns(condition.path)
        column = columns[-1]
        if isinstance(condition.path.kind, AnyRefKind):
            pair = sa.tuple_(*columns)
            is_in = pair.in_(sa.bindparam(name, expanding=True, type_=pair.type))
        else:
            is_in = column.in_(sa.bindparam(name, expanding=True, type_=column.type))
        if condition.negated:
            return sa.and_(column.is_not(None), ~is_in) if holds else sa.or_(column.is_(None), is_in)
        return is_in if holds else sa.or_(column.is_(None), ~is_in)

    def has_tag(self, condition: c.HasTag, name: str, *, holds: bool) -> Clause:
        field = condition.path.field
        column = self.sources.stored(condition.path, field.key_column or field.columns[0])
        found: Clause
        if field.key_column:
            found = column.like(bound(name, column), escape=ESCAPE)
        else:
            find = sa.func.instr if self.sources.dialect == "sqlite" else sa.func.strpos
            found = find(column, bound(name, column)) > 0
        return found if holds else sa.or_(column.is_(None), sa.not_(found))

    def matches(self, condition: c.Matches, name: str, *, holds: bool) -> Clause:
        column = self.sources.stored(condition.path, str(condition.path.field.key_column))
        if condition.at_start:
            found: Clause = column >= bound(name, column)
            if self.shapes[condition.slot] != "above":
                found = sa.and_(found, column < bound(f"{name}_end", column))
        else:
            found = column.like(bound(name, column), escape=ESCAPE)
        return found if holds else sa.or_(column.is_(None), sa.not_(found))


def applied(sign: c.Operator, one: object, other: object) -> Clause:
    """Return the comparison of two expressions."""
    return cast("Clause", c.APPLY[sign](one, other))


def bound(name: str, column: sa.ColumnElement[object]) -> sa.BindParameter[object]:
    """Return the parameter of a constant that is compared with a column."""
    return sa.bindparam(name, type_=column.type)


def constant(truth: bool) -> Clause:  # noqa: FBT001  (the value itself)
    """Return a condition that always, or never, holds."""
    return sa.true() if truth else sa.false()


def at_all(column: sa.ColumnElement[object], is_true: bool, *, holds: bool) -> Clause:  # noqa: FBT001
    """Return a comparison that has the same answer for every value there is, and is false without one."""
    if is_true:
        return column.is_not(None) if holds else column.is_(None)
    return constant(not holds)
