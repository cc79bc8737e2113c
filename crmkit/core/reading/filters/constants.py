"""Constants: the sides of comparisons that name no field, such as `10_000`, `now() - days(30)` or `given.customer`."""

from __future__ import annotations

import ast
import operator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from attrs import evolve, frozen

from crmkit.core.declare.conventions import Conventions
from crmkit.core.declare.kinds import DateKind, DateTimeKind
from crmkit.core.declare.names import nearest
from crmkit.core.declare.values import ref_class
from crmkit.core.reading.context import ReadContext
from crmkit.errors import InvalidValue, listed
from crmkit.translation import _

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from crmkit.core.reading.filters.source import Source

    Evaluate = Callable[[ReadContext, Mapping[str, object]], object]

MOST_LISTED = 1_000
MOST_GIVEN = 10_000
LARGEST_EXPONENT = 60
UNITS = {"weeks": 604_800_000_000, "days": 86_400_000_000, "hours": 3_600_000_000, "minutes": 60_000_000}
"""Microseconds."""
DAY = timedelta(days=1)
READERS = {"date": DateKind(), "datetime": DateTimeKind()}
ASKED = ("me", "my_team", "now", "today")
PROBE = ReadContext(
    now=datetime(2000, 1, 1, tzinfo=UTC),
    today=date(2000, 1, 1),
    actor=1,
    team=1,
    conventions=Conventions(),
    reach=lambda _entity, _table: None,
)
"""Some context, to find out whether an expression can be calculated at all."""
TESTS = ("contains", "starts")
FUNCTIONS = (*ASKED, *UNITS, *READERS, *TESTS)


@frozen(kw_only=True, eq=False)
class Constant:
    """A constant expression.

    Attributes:
        position: where it begins in the filter.
        evaluate: returns its value for a context and the given values.
        is_static: whether the value is the same always, so that it need be read only once.
        needs_given: whether it uses a given value, so that nothing is known of it before.
    """

    position: int
    evaluate: Evaluate
    is_static: bool = True
    needs_given: bool = False


class ConstantReader:
    """Reads the constant expressions of one filter."""

    def __init__(self, source: Source, conventions: Conventions) -> None:
        self.source = source
        self.conventions = conventions

    def read(self, node: ast.expr) -> Constant:
        """Return a constant expression.

        Raises:
            FilterError: if it is something else.
        """
        match node:
            case ast.Constant():
                return self._literal(node)
            case ast.UnaryOp(op=ast.USub() | ast.UAdd()):
                return self._signed(node)
            case ast.BinOp(op=ast.Add() | ast.Sub()):
                return self._sum(node)
            case ast.Call(func=ast.Name(id=name)):
                return self._call(node, name)
            case ast.Attribute(value=ast.Name(id="given")):
                return self._given(node)
            case _:
                raise self.source.error(node, _("This can't stand here; compare a field with a value."))

    def read_list(self, node: ast.expr) -> Constant:
        """Return a list of constants: written out, or given as a whole."""
        if isinstance(node, ast.Attribute):
            given = self._given(node)
            return evolve(given, evaluate=lambda context, names: self._sequence(node, given.evaluate(context, names)))
        if not isinstance(node, (ast.Tuple, ast.List)):
            raise self.source.error(node, _("`in` needs a list such as ('a', 'b'); a single one is written ('a',)."))
        if len(node.elts) > MOST_LISTED:
            problem = _("A list has at most {most_listed} values; pass a longer one as given.", most_listed=MOST_LISTED)
            raise self.source.error(node.elts[MOST_LISTED], problem)
        parts = tuple(self.read(each) for each in node.elts)
        return Constant(
            position=self.source.position(node),
            evaluate=lambda context, given: tuple(part.evaluate(context, given) for part in parts),
            is_static=all(part.is_static for part in parts),
            needs_given=any(part.needs_given for part in parts),
        )

    def _sequence(self, node: ast.expr, value: object) -> object:
        if isinstance(value, (str, bytes, dict)) or not hasattr(value, "__iter__"):
            raise self.source.error(node, _("A list of values is needed here."))
        found = tuple(value)
        if len(found) > MOST_GIVEN:
            raise self.source.error(
                node,
                _(
                    "{count} values are given; at most {most_given} fit into one filter.",
                    count=len(found),
                    most_given=MOST_GIVEN,
                ),
            )
        if None in found:
            raise self.source.error(node, _("A list holds no None; ask with `is None`."))
        return found

    def _literal(self, node: ast.Constant) -> Constant:
        value: object = node.value
        if value is None:
            raise self.source.error(node, _("Nothing compares with None; ask with `is None` or `is not None`."))
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            value = self._number(node)
        return Constant(position=self.source.position(node), evaluate=lambda _context, _given: value)

    def _number(self, node: ast.Constant) -> Decimal:
        try:
            number = Decimal(self.source.text(node))
        except ArithmeticError:
            number = Decimal("inf")
        if not number.is_finite() or abs(number.adjusted()) > LARGEST_EXPONENT:
            raise self.source.error(node, _("This number is out of range."))
        return number

    def _signed(self, node: ast.UnaryOp) -> Constant:
        inner = self.read(node.operand)
        is_negative = isinstance(node.op, ast.USub)

        def evaluate(context: ReadContext, given: Mapping[str, object]) -> object:
            value = inner.evaluate(context, given)
            if isinstance(value, bool) or not isinstance(value, (int, Decimal, timedelta)):
                raise self.source.error(node, _("Only a number or a duration has a sign."))
            if isinstance(value, timedelta):
                return -value if is_negative else value
            return Decimal(value).copy_negate() if is_negative else value

        return evolve(inner, position=self.source.position(node), evaluate=evaluate)

    def _sum(self, node: ast.BinOp) -> Constant:
        left, right = self.read(node.left), self.read(node.right)
        apply = operator.sub if isinstance(node.op, ast.Sub) else operator.add

        def evaluate(context: ReadContext, given: Mapping[str, object]) -> object:
            one, other = left.evaluate(context, given), right.evaluate(context, given)
            if not _can_be_added(one, other, is_difference=apply is operator.sub):
                raise self.source.error(
                    node, _("Only times and durations are calculated with; write numbers as they are.")
                )
            try:
                return apply(one, other)
            except (OverflowError, TypeError):
                problem = _("This moment is outside the calendar, or one of two moments has no time zone.")
                raise self.source.error(node, problem) from None

        return Constant(
            position=self.source.position(node),
            evaluate=evaluate,
            is_static=left.is_static and right.is_static,
            needs_given=left.needs_given or right.needs_given,
        )

    def _call(self, node: ast.Call, name: str) -> Constant:
        if name in TESTS:
            raise self.source.error(node, _("{name}() is a condition of its own; it can't be compared.", name=name))
        if name not in FUNCTIONS:
            close = nearest(name, FUNCTIONS)
            hint = (
                _(" Did you mean {close}()?", close=close)
                if close
                else _(" There are: {names}.", names=listed(FUNCTIONS))
            )
            raise self.source.error(node, _("There is no function {name}().{hint}", name=name, hint=hint))
        wanted = 0 if name in ASKED else 1
        if node.keywords or len(node.args) != wanted:
            raise self.source.error(
                node,
                _("{name}() takes {value} in its brackets.", name=name, value="one value" if wanted else "nothing"),
            )
        if name in ASKED:
            return Constant(
                position=self.source.position(node), evaluate=lambda context, _: _asked(name, context), is_static=False
            )
        return self._converted(node, name, self.read(node.args[0]))

    def _converted(self, node: ast.Call, name: str, inner: Constant) -> Constant:
        def evaluate(context: ReadContext, given: Mapping[str, object]) -> object:
            value = inner.evaluate(context, given)
            try:
                return _length(name, value) if name in UNITS else self._moment(name, value)
            except (InvalidValue, OverflowError, ValueError) as error:
                problem = (
                    str(error)
                    if isinstance(error, InvalidValue)
                    else _("{name}({value}) is out of range.", name=name, value=value)
                )
                raise self.source.error_at(inner.position, problem) from None

        return evolve(inner, position=self.source.position(node), evaluate=evaluate)

    def _moment(self, name: str, value: object) -> object:
        if not isinstance(value, str):
            raise InvalidValue(_("{name}() takes a text such as '2026-03-31'.", name=name))
        return READERS[name].parse(value, self.conventions)

    def _given(self, node: ast.Attribute) -> Constant:
        if not isinstance(node.value, ast.Name) or node.value.id != "given":
            raise self.source.error(node, _("`in` needs a list such as ('a', 'b'), or a given one."))

        def evaluate(_context: ReadContext, given: Mapping[str, object]) -> object:
            if node.attr not in given:
                close = nearest(node.attr, given)
                hint = (
                    _(" Did you mean {close!r}?", close=close)
                    if close
                    else _(" Given are: {names}.", names=listed(given))
                )
                raise self.source.error_at(
                    self.source.last_name(node), _("No value {attr!r} is given.{hint}", attr=node.attr, hint=hint)
                )
            return given[node.attr]

        position = self.source.position(node)
        return Constant(position=position, evaluate=evaluate, is_static=False, needs_given=True)


def _asked(name: str, context: ReadContext) -> object:
    if name == "me":
        return None if context.actor is None else ref_class("user")(context.actor)
    if name == "my_team":
        return None if context.team is None else ref_class("team")(context.team)
    return context.now if name == "now" else context.today


def _length(unit: str, value: object) -> timedelta:
    if isinstance(value, bool) or not isinstance(value, (int, Decimal)):
        raise InvalidValue(_("{unit}() takes a number.", unit=unit))
    return timedelta(microseconds=int(Decimal(value) * UNITS[unit]))


def _can_be_added(one: object, other: object, *, is_difference: bool) -> bool:
    """Return whether two values are a time and a duration, two durations or, to be subtracted, two times of a sort."""
    if isinstance(other, timedelta):
        return isinstance(one, (timedelta, datetime)) or (isinstance(one, date) and not other % DAY)
    if is_difference:
        return isinstance(one, date) and type(one) is type(other)
    return isinstance(one, timedelta) and isinstance(other, date) and _can_be_added(other, one, is_difference=False)
