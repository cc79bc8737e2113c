"""Measures: what `sum(amount, stage_kind == 'won')` means, read like a filter."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Literal, cast

from attrs import frozen

from crmkit.core.reading.filters.families import ORDERED, family
from crmkit.core.reading.filters.filter import Filter
from crmkit.core.reading.filters.parse import Parser, is_path
from crmkit.core.reading.filters.source import syntax_tree
from crmkit.translation import _

if TYPE_CHECKING:
    from crmkit.core.assemble.model import EntityModel, Model
    from crmkit.core.declare.conventions import Conventions
    from crmkit.core.reading.context import Visible
    from crmkit.core.reading.filters.families import Family
    from crmkit.core.reading.paths import Path

Function = Literal["count", "sum", "avg", "min", "max"]
SUMMED: frozenset[Family] = frozenset({"number", "money", "duration"})
NAMES = ("count", "sum", "avg", "min", "max", "weighted")
WEIGHT = "probability"


@frozen(kw_only=True, eq=False)
class Measure:
    """A measure.

    Attributes:
        path: what is measured; None counts records.
        factor: what every value is multiplied by before it is summed.
        filter: which records are measured; None for all.
    """

    expression: str
    function: Function
    path: Path | None
    factor: Path | None
    filter: Filter | None


def read_measure(
    model: Model, entity: EntityModel, expression: str, *, conventions: Conventions, visible: Visible | None
) -> Measure:
    """Read a measure over an entity.

    Raises:
        FilterError: pointing at what is wrong.
    """
    source, tree = syntax_tree(expression)
    parser = Parser(source, model, entity, conventions, visible)
    return _MeasureReader(parser).read(tree)


class _MeasureReader:
    def __init__(self, parser: Parser) -> None:
        self.parser = parser
        self.source = parser.source

    def read(self, tree: ast.expr) -> Measure:
        if not isinstance(tree, ast.Call) or not isinstance(tree.func, ast.Name) or tree.func.id not in NAMES:
            raise self.source.error(
                tree, _("A measure is one of {names}.", names=", ".join(f"{name}(…)" for name in NAMES))
            )
        if tree.keywords:
            raise self.source.error(tree, _("Write a field and, behind a comma, a condition."))
        name = tree.func.id
        if name == "count":
            return self.count(tree)
        if not 1 <= len(tree.args) <= 2:  # noqa: PLR2004
            raise self.source.error(tree, _("Write {name}(field) or {name}(field, condition).", name=name))
        path, factor = self.measured(tree.args[0], name)
        function = cast("Function", "sum" if name == "weighted" else name)
        return self.made(function, path, factor, tree.args[1] if tree.args[1:] else None)

    def count(self, tree: ast.Call) -> Measure:
        if len(tree.args) > 1:
            raise self.source.error(tree, _("Write count(), count(field) or count(condition)."))
        if not tree.args:
            return self.made("count", None, None, None)
        node = tree.args[0]
        if is_path(node) and family(self.parser.path(node).kind) != "boolean":
            return self.made("count", self.parser.path(node), None, None)
        return self.made("count", None, None, node)

    def measured(self, node: ast.expr, name: str) -> tuple[Path, Path | None]:
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult) and name == "sum":
            return self.path(node.left, SUMMED), self.path(node.right, frozenset({"number"}))
        path = self.path(node, ORDERED if name in {"min", "max"} else SUMMED)
        if name != "weighted":
            return path, None
        names = [*path.hop_names, WEIGHT]
        positions = [self.source.position(node)] * len(names)
        return path, self.parser.finder.follow(self.parser.entity, names, positions, self.source.expression)

    def path(self, node: ast.expr, families: frozenset[Family]) -> Path:
        if not is_path(node):
            raise self.source.error(node, _("A field is needed here."))
        path = self.parser.path(node)
        if family(path.kind) not in families:
            raise self.source.error(
                node, _("{path} can't be measured so: it is {kind}.", path=path.text, kind=path.kind.name)
            )
        return path

    def made(self, function: Function, path: Path | None, factor: Path | None, node: ast.expr | None) -> Measure:
        parser, found = self.parser, None
        if node is not None:
            found = Filter(
                expression=self.source.expression,
                entity=parser.entity,
                condition=parser.condition(node),
                slots=tuple(parser.slots),
                paths=tuple(parser.paths.values()),
                conventions=parser.conventions,
            )
        return Measure(expression=self.source.expression, function=function, path=path, factor=factor, filter=found)
