"""Parsing: from the text of a filter to its conditions, every name and constant checked against the model."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from crmkit.core.reading.filters import conditions as c
from crmkit.core.reading.filters.coercion import check_stage, coerced, coerced_list, match_key, tag_key
from crmkit.core.reading.filters.constants import FUNCTIONS, PROBE, TESTS, ConstantReader
from crmkit.core.reading.filters.families import allows, are_comparable, family
from crmkit.core.reading.filters.filter import Filter, Slot
from crmkit.core.reading.filters.source import Source, syntax_tree
from crmkit.core.reading.paths import PathFinder
from crmkit.errors import InvalidValue
from crmkit.translation import _

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from crmkit.core.assemble.model import EntityModel, Model
    from crmkit.core.declare.conventions import Conventions
    from crmkit.core.reading.context import Visible
    from crmkit.core.reading.filters.constants import Constant
    from crmkit.core.reading.paths import Path

MOST_TESTS = 200
SIGNS: dict[type[ast.cmpop], c.Operator] = {
    ast.Eq: "==",
    ast.NotEq: "!=",
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
}


def parse(
    model: Model,
    entity: EntityModel,
    expression: str,
    *,
    conventions: Conventions | None = None,
    visible: Visible | None = None,
) -> Filter:
    """Read a filter over an entity. Without `conventions`, the model's own are taken.

    Raises:
        FilterError: pointing at what is wrong: no expression, an unknown or hidden field, a value that doesn't fit.
    """
    source, tree = syntax_tree(expression)
    parser = Parser(source, model, entity, conventions or model.conventions, visible)
    condition = parser.condition(tree)
    return Filter(
        expression=expression,
        entity=entity,
        condition=condition,
        slots=tuple(parser.slots),
        paths=tuple(parser.paths.values()),
        conventions=parser.conventions,
    )


class Parser:
    """Reads the conditions of one filter, and gathers its constants and paths."""

    def __init__(
        self, source: Source, model: Model, entity: EntityModel, conventions: Conventions, visible: Visible | None
    ) -> None:
        self.source = source
        self.model = model
        self.entity = entity
        self.conventions = conventions
        self.finder = PathFinder(model, visible)
        self.constants = ConstantReader(source, conventions)
        self.slots: list[Slot] = []
        self.paths: dict[str, Path] = {}
        self.tests = 0

    def condition(self, node: ast.expr) -> c.Condition:
        """Return the condition that a node is.

        Raises:
            FilterError: if it is none.
        """
        if isinstance(node, ast.BoolOp):
            parts = tuple(self.condition(each) for each in node.values)
            return c.AllOf(parts) if isinstance(node.op, ast.And) else c.AnyOf(parts)
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
            return c.Not(self.condition(node.operand))
        return self._chain(node) if isinstance(node, ast.Compare) else self._single(node)

    def _single(self, node: ast.expr) -> c.Condition:
        match node:
            case ast.Constant(value=bool(truth)):
                return c.Always(truth)
            case ast.Call(func=ast.Name(id="contains" | "starts" as name)):
                return self._match(node, name)
            case ast.Name() | ast.Attribute() if is_path(node):
                return self._yes_or_no(node)
            case _:
                hint = _(" Functions are {names}.", names=", ".join(FUNCTIONS)) if isinstance(node, ast.Call) else ""
                raise self.source.error(node, _("A condition is needed here, such as a comparison.{hint}", hint=hint))

    def _yes_or_no(self, node: ast.expr) -> c.Condition:
        path = self.path(node)
        if family(path.kind) != "boolean":
            raise self.source.error(node, _("{path} is no yes or no; compare it with something.", path=path.text))
        self._count(node)
        return c.IsTrue(path)

    def _chain(self, node: ast.Compare) -> c.Condition:
        operands = [node.left, *node.comparators]
        pairs = zip(operands, node.ops, operands[1:], strict=False)
        parts = tuple(self._comparison(left, sign, right) for left, sign, right in pairs)
        return parts[0] if len(parts) == 1 else c.AllOf(parts)

    def _comparison(self, left: ast.expr, sign: ast.cmpop, right: ast.expr) -> c.Condition:
        self._count(left)
        if isinstance(sign, (ast.Is, ast.IsNot)):
            return negated_if(isinstance(sign, ast.IsNot), self._is_none(left, right))
        if isinstance(sign, (ast.In, ast.NotIn)):
            return self._membership(left, right, negated=isinstance(sign, ast.NotIn))
        operator = SIGNS[type(sign)]
        if is_path(left) and is_path(right):
            return self._two_paths(left, operator, right)
        if is_path(left):
            return self._with_constant(left, operator, right)
        if is_path(right):
            return self._with_constant(right, c.FLIPPED[operator], left)
        raise self.source.error(left, _("One side of a comparison must be a field."))

    def _count(self, node: ast.expr) -> None:
        self.tests += 1
        if self.tests > MOST_TESTS:
            raise self.source.error(
                node, _("A filter has at most {most_tests} comparisons; use `in` with a list.", most_tests=MOST_TESTS)
            )

    def _is_none(self, left: ast.expr, right: ast.expr) -> c.Condition:
        if not isinstance(right, ast.Constant) or right.value is not None:
            raise self.source.error(right, "`is` only asks for None; write == to compare.")
        if not is_path(left):
            raise self.source.error(left, _("Only a field can be None."))
        return c.IsNone(self.path(left))

    def _membership(self, left: ast.expr, right: ast.expr, *, negated: bool) -> c.Condition:
        if is_path(right):
            return negated_if(negated, self._has_tag(left, right))
        if not is_path(left):
            raise self.source.error(left, _("Before `in` stands a field, or behind it a field with tags."))
        path = self.path(left)
        self._check_operator(left, path, "==")
        if family(path.kind) == "money":
            return self._one_amount_of(path, right, negated=negated)
        constant = self.constants.read_list(right)
        if isinstance(right, ast.Attribute):
            slot = self._slot(constant, lambda values: coerced_list(path, values, self.conventions))
            return c.OneOf(path, slot, negated)
        read = self._reading(right, lambda value: coerced(path, value, self.conventions), path)
        return c.OneOf(path, self._slot(constant, lambda values: tuple(map(read, values))), negated)

    def _one_amount_of(self, path: Path, right: ast.expr, *, negated: bool) -> c.Condition:
        """Return a comparison with each amount, as every one may have a currency of its own."""
        if not isinstance(right, (ast.Tuple, ast.List)):
            raise self.source.error(right, _("{path} is an amount; write the list out.", path=path.text))
        parts = []
        for each in right.elts:
            self._count(each)
            parts.append(self._compare_constant(path, "!=" if negated else "==", each))
        return c.AllOf(tuple(parts)) if negated else c.AnyOf(tuple(parts))

    def _has_tag(self, left: ast.expr, right: ast.expr) -> c.Condition:
        path = self.path(right)
        if family(path.kind) != "tags":
            raise self.source.error(
                right, _("`in` needs a list or a field with tags; {path} has none.", path=path.text)
            )
        if is_path(left):
            raise self.source.error(left, _("Before `in` stands one tag, between quotes."))
        return c.HasTag(path, self._slot(self.constants.read(left), lambda value: tag_key(path, value)))

    def _two_paths(self, left: ast.expr, operator: c.Operator, right: ast.expr) -> c.Condition:
        path, other = self.path(left), self.path(right)
        self._check_operator(left, path, operator)
        if not are_comparable(path.kind, other.kind):
            problem = _(
                "{path} ({kind}) and {other} ({kind_other}) can't be compared.",
                path=path.text,
                kind=path.kind.name,
                other=other.text,
                kind_other=other.kind.name,
            )
            raise self.source.error(right, problem)
        return c.ComparePaths(path, operator, other)

    def _with_constant(self, left: ast.expr, operator: c.Operator, right: ast.expr) -> c.Condition:
        path = self.path(left)
        self._check_operator(left, path, operator)
        return self._compare_constant(path, operator, right)

    def _compare_constant(self, path: Path, operator: c.Operator, node: ast.expr) -> c.Condition:
        constant = self.constants.read(node)
        read = self._reading(node, lambda value: coerced(path, value, self.conventions), path)
        return c.Compare(path, operator, self._slot(constant, read))

    def _reading(self, node: ast.expr, read: Callable[[object], object], path: Path) -> Callable[[object], object]:
        """Return how a constant is read; a stage that is written out must be one of the entity's."""
        if isinstance(node, ast.Attribute):
            return read
        names = (each.name for pipeline in self.model.pipelines_of(path.entity.name) for each in pipeline.stages)
        stages = tuple(dict.fromkeys(names))

        def checked(value: object) -> object:
            check_stage(path, value, stages)
            return read(value)

        return checked

    def _check_operator(self, node: ast.expr, path: Path, operator: c.Operator) -> None:
        if not allows(path.kind, operator):
            raise self.source.error(
                node,
                _(
                    "{path} can't be compared by {operator}: {hints}",
                    path=path.text,
                    operator=operator,
                    hints=HINTS.get(family(path.kind), ""),
                ),
            )

    def _match(self, node: ast.Call, name: str) -> c.Condition:
        self._count(node)
        if node.keywords or len(node.args) != len(TESTS) or not is_path(node.args[0]):
            raise self.source.error(node, _("Write {name}(field, 'text').", name=name))
        path = self.path(node.args[0])
        if path.field.key_column is None or path.part or family(path.kind) != "text":
            problem = _(
                "{path} has no search key, so {name}() can't look into it. These have: {keyed}.",
                path=path.text,
                name=name,
                keyed=self._keyed(path),
            )
            raise self.source.error(node.args[0], problem)
        slot = self._slot(self.constants.read(node.args[1]), lambda value: match_key(path, value))
        return c.Matches(path, slot, name == "starts")

    def _keyed(self, path: Path) -> str:
        seen = (each for each in path.entity.fields.values() if self.finder.sees(path.entity, each))
        return ", ".join(each.name for each in seen if each.key_column and family(each.kind) == "text") or _("none")

    def _slot(self, constant: Constant, read: Callable[..., object]) -> int:
        value = None
        if not constant.needs_given:
            try:
                value = read(constant.evaluate(PROBE, {}))
            except InvalidValue as error:
                raise self.source.error_at(constant.position, str(error)) from None
        self.slots.append(Slot(constant=constant, read=read, value=value))
        return len(self.slots) - 1

    def path(self, node: ast.expr) -> Path:
        """Return the path that a node names, and note it.

        Raises:
            FilterError: if it leads nowhere.
        """
        names, positions = self._names_of(node)
        path = self.finder.follow(self.entity, names, positions, self.source.expression)
        return self.paths.setdefault(path.text, path)

    def _names_of(self, node: ast.expr) -> tuple[Sequence[str], Sequence[int]]:
        found: list[tuple[str, int]] = []
        while isinstance(node, ast.Attribute):
            found.append((node.attr, self.source.last_name(node)))
            node = node.value
        assert isinstance(node, ast.Name)
        found.append((node.id, self.source.position(node)))
        names, positions = zip(*reversed(found), strict=True)
        return names, positions


HINTS = {
    "tags": _("write 'x' in it."),
    "boolean": _("it is a yes or no."),
    "ref": _("it is a reference; follow it to a field."),
    "any_ref": _("it is a reference."),
    "opaque": _("only `is None` and its parts can be asked for."),
}


def is_path(node: ast.expr) -> bool:
    """Return whether a node is a field's path: names with dots between, other than a given value."""
    if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "given":
        return False
    while isinstance(node, ast.Attribute):
        node = node.value
    return isinstance(node, ast.Name)


def negated_if(is_negated: bool, condition: c.Condition) -> c.Condition:  # noqa: FBT001  (it is the first of two values)
    """Return the condition, or its negation."""
    return c.Not(condition) if is_negated else condition
