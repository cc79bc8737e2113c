"""The compiler to a function: the same meaning as in SQL, over values that a caller fetches."""

from __future__ import annotations

from typing import TYPE_CHECKING, assert_never

from crmkit.core.declare.kinds import search_key
from crmkit.core.declare.values import Money, Ref
from crmkit.core.reading.filters import conditions as c
from crmkit.core.reading.filters.families import family

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from crmkit.core.reading.context import ReadContext
    from crmkit.core.reading.filters.filter import Filter
    from crmkit.core.reading.paths import Path

    Getter = Callable[[tuple[str, ...]], object]
    Test = Callable[[Getter], bool]


def predicate(filter: Filter, context: ReadContext, given: Mapping[str, object] | None = None) -> Test:
    """Return a function that says whether a record meets the filter.

    It is called with a getter, which returns the value of a field by its path, such as `("customer", "industry")`,
    and None where the path leads to no record that may be read.

    Raises:
        FilterError: if a given value is missing or doesn't fit.
    """
    return _Compiler(filter, filter.values(context, given)).test(filter.condition)


class _Compiler:
    def __init__(self, found: Filter, values: Sequence[object]) -> None:
        self.conventions = found.conventions
        self.values = values

    def test(self, condition: c.Condition) -> Test:
        match condition:
            case c.AllOf(parts):
                tests = [self.test(part) for part in parts]
                return lambda get: all(test(get) for test in tests)
            case c.AnyOf(parts):
                tests = [self.test(part) for part in parts]
                return lambda get: any(test(get) for test in tests)
            case c.Not(part):
                inner = self.test(part)
                return lambda get: not inner(get)
            case c.Always(truth):
                return lambda _: truth
        return self.test_of_value(condition)

    def test_of_value(self, condition: c.Test) -> Test:
        value = self.reader(condition.path)
        if isinstance(condition, c.IsTrue):
            return lambda get: value(get) is True
        if isinstance(condition, c.IsNone):
            return lambda get: value(get) is None
        if isinstance(condition, c.ComparePaths):
            return self.compare_paths(condition, value)
        return self.with_constant(condition, value)

    def with_constant(self, condition: c.ConstantTest, value: Callable[[Getter], object]) -> Test:
        match condition:
            case c.Compare():
                return self.compare(condition, value)
            case c.OneOf():
                return self.one_of(condition, value)
            case c.HasTag():
                return self.has_tag(condition, value)
            case c.Matches():
                return self.matches(condition, value)
            case _:
                assert_never(condition)

    def reader(self, path: Path) -> Callable[[Getter], object]:
        names, conventions = path.names, self.conventions
        if path.part is None:
            return lambda get: get(names)
        return lambda get: path.value(get(names), conventions)

    def compare(self, condition: c.Compare, value: Callable[[Getter], object]) -> Test:
        wanted, compare = self.values[condition.slot], c.APPLY[condition.operator]
        if wanted is None:
            return lambda _: False
        if isinstance(wanted, Money):
            return lambda get: _compare_money(compare, value(get), wanted)
        constant = comparable(condition.path, wanted)

        def test(get: Getter) -> bool:
            found = value(get)
            return found is not None and bool(compare(comparable(condition.path, found), constant))

        return test

    def compare_paths(self, condition: c.ComparePaths, value: Callable[[Getter], object]) -> Test:
        other, compare = self.reader(condition.other), c.APPLY[condition.operator]

        def test(get: Getter) -> bool:
            one, two = value(get), other(get)
            if one is None or two is None:
                return False
            return bool(compare(comparable(condition.path, one), comparable(condition.other, two)))

        return test

    def one_of(self, condition: c.OneOf, value: Callable[[Getter], object]) -> Test:
        values = self.values[condition.slot]
        if values is None:
            return lambda _: False
        assert isinstance(values, tuple)
        wanted = {comparable(condition.path, each) for each in values}

        def test(get: Getter) -> bool:
            found = value(get)
            return found is not None and (comparable(condition.path, found) in wanted) != condition.negated

        return test

    def has_tag(self, condition: c.HasTag, value: Callable[[Getter], object]) -> Test:
        wanted, has_keys = self.values[condition.slot], condition.path.field.key_column is not None

        def test(get: Getter) -> bool:
            tags = value(get)
            if wanted is None or not isinstance(tags, tuple):
                return False
            return wanted in (map(search_key, tags) if has_keys else tags)

        return test

    def matches(self, condition: c.Matches, value: Callable[[Getter], object]) -> Test:
        wanted, kind = self.values[condition.slot], condition.path.kind

        def test(get: Getter) -> bool:
            found = value(get)
            key = None if found is None else kind.key(found)
            if key is None or not isinstance(wanted, str):
                return False
            return key.startswith(wanted) if condition.at_start else wanted in key

        return test


def comparable(path: Path, value: object) -> object:
    """Return a value in the form in which it compares: an amount by its worth in base currency, a record by its id."""
    if isinstance(value, Money):
        return value.base
    if isinstance(value, Ref):
        return (value.entity, int(value)) if family(path.kind) == "any_ref" else int(value)
    return value


def _compare_money(compare: Callable[[object, object], object], found: object, wanted: Money) -> bool:
    if not isinstance(found, Money) or found.currency != wanted.currency:
        return False
    return bool(compare(found.amount, wanted.amount))
