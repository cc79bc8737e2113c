"""Aggregation: records grouped by paths and measured, added up by the database."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import sqlalchemy as sa

from crmkit.core.declare.kinds import PercentKind
from crmkit.core.declare.names import nearest
from crmkit.core.reading.filters.sql import SqlFilter
from crmkit.core.reading.folding import FOR_PERCENTS, HALVES, WHOLE, Cell, Total, loaded
from crmkit.core.reading.measures import read_measure
from crmkit.core.reading.statements import Statement, labelled
from crmkit.errors import FilterError, listed
from crmkit.translation import _

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from crmkit.core.reading.execution import Execution
    from crmkit.core.reading.measures import Measure
    from crmkit.core.reading.paths import Path, PathFinder
    from crmkit.core.reading.requests import Request
    from crmkit.core.reading.sources import Sources

Column = sa.ColumnElement[object]
LARGEST_PERCENT = 100


class Aggregation:
    """One aggregation, checked and ready to run."""

    def __init__(
        self,
        execution: Execution,
        finder: PathFinder,
        request: Request,
        *,
        by: Sequence[str],
        measures: Mapping[str, str],
        given: Mapping[str, object],
    ) -> None:
        self.execution = execution
        self.request = request
        self.by = [self._group(finder, text) for text in by]
        self.names = [*by, *measures]
        self.measures = [self._measure(expression) for expression in measures.values()]
        context = execution.context
        self.filters = [
            None
            if measure.filter is None
            else SqlFilter(measure.filter.condition, measure.filter.values(context, given), f"m{index}_")
            for index, measure in enumerate(self.measures)
        ]

    def rows(self, order: str | Sequence[str] | None) -> list[tuple[object, ...]]:
        """Return the groups with their measures, sorted."""
        positions = self._order(order)
        try:
            found = self._run(is_split=False)
        except sa.exc.OperationalError as error:
            # SQLite refuses a sum beyond 64 bits; halves of the values can be added.
            if "integer overflow" not in str(error.orig):
                raise
            found = self._run(is_split=True)
        for position, is_descending in reversed(positions):
            found.sort(key=lambda row, at=position: (row[at] is not None, row[at]), reverse=is_descending)  # type: ignore[misc]
        return found

    def _group(self, finder: PathFinder, text: str) -> Path:
        path = finder.find(self.request.entity, text)
        if not path.kind.is_sortable:
            raise FilterError(
                expression=text,
                position=0,
                problem=_("{text} is {kind}; nothing groups by it.", text=text, kind=path.kind.name),
            )
        return path

    def _measure(self, expression: str) -> Measure:
        context = self.execution.context
        return read_measure(
            self.execution.model,
            self.request.entity,
            expression,
            conventions=context.conventions,
            visible=context.visible,
        )

    def _run(self, *, is_split: bool) -> list[tuple[object, ...]]:
        statement = self.execution.kept(self._key(is_split=is_split), lambda: self._statement(is_split=is_split))
        parameters = self.request.parameters
        for found in self.filters:
            parameters |= {} if found is None else found.parameters
        rows = self.execution.execute(statement, parameters)
        cells = self._cells(is_split=is_split)
        totals: dict[tuple[object, ...], list[Total]] = {}
        if not self.by:
            totals[()] = [Total(cell) for cell in cells]
        for row in rows:
            group = tuple(row[: len(self.by)])
            if group not in totals:
                totals[group] = [Total(cell) for cell in cells]
            for total in totals[group]:
                total.add(row)
        return [
            (*map(self._loaded, self.by, group), *(total.result for total in measured))
            for group, measured in totals.items()
        ]

    @staticmethod
    def _loaded(path: Path, raw: object) -> object:
        return None if raw is None else loaded(path.kind, raw)

    def _key(self, *, is_split: bool) -> tuple[object, ...]:
        signatures = tuple(None if each is None else each.signature for each in self.filters)
        by = tuple(path.text for path in self.by)
        expressions = tuple(measure.expression for measure in self.measures)
        return "aggregate", self.request.key, by, expressions, signatures, is_split

    def _factors(self, *, is_split: bool) -> list[Path]:
        """Return the weights that rows are grouped by: those that the database can't be trusted to multiply by."""
        factors = [each.factor for each in self.measures if each.factor is not None]
        return list({each.text: each for each in factors if is_split or not _is_percent(each)}.values())

    def _cells(self, *, is_split: bool) -> list[Cell]:
        factors = [path.text for path in self._factors(is_split=is_split)]
        position = len(self.by) + len(factors)
        cells = []
        for measure in self.measures:
            factor, weight, shifts = None, None, WHOLE
            if measure.factor is not None and measure.factor.text in factors:
                factor = len(self.by) + factors.index(measure.factor.text)
            elif measure.factor is not None:
                weight, shifts = measure.factor, FOR_PERCENTS
            if is_split and measure.function in {"sum", "avg"}:
                shifts = HALVES
            cells.append(Cell(measure=measure, first=position, factor=factor, weight=weight, shifts=shifts))
            position += cells[-1].width
        return cells

    def _statement(self, *, is_split: bool) -> Statement[Sequence[object]]:
        sources = self.execution.sources(self.request.entity)
        groups = [sources.column(path) for path in (*self.by, *self._factors(is_split=is_split))]
        partial: list[Column] = []
        for cell, found in zip(self._cells(is_split=is_split), self.filters, strict=True):
            partial += _partial(cell, sources, None if found is None else found.clause(sources))
        conditions = self.request.conditions(sources)
        made = sa.select(*labelled([*groups, *partial])).select_from(sources.from_clause).where(*conditions)
        # By position, as a database does not recognise an expression with parameters when it is repeated.
        made = made.group_by(*(sa.literal_column(str(index + 1)) for index in range(len(groups))))
        return Statement(select=made, load=_as_it_is, sort_positions=(), needs_local_time=sources.needs_local_time)

    def _order(self, order: str | Sequence[str] | None) -> list[tuple[int, bool]]:
        """Return the positions to sort by, and whether from the largest down; without an order, those of the groups."""
        expression = order if isinstance(order, str) else ", ".join(order or ())
        words = [word.strip() for word in expression.split(",")] if expression.strip() else self.names[: len(self.by)]
        found = []
        for word in words:
            name = word.removeprefix("-").strip()
            if name not in self.names:
                close = nearest(name, self.names)
                hint = (
                    _(" Did you mean {close!r}?", close=close)
                    if close
                    else _(" There are: {names}.", names=listed(self.names))
                )
                problem = _("There is no column {name!r} to sort by.{hint}", name=name, hint=hint)
                raise FilterError(expression=expression, position=max(expression.find(word), 0), problem=problem)
            found.append((self.names.index(name), word.startswith("-")))
        return found


def _as_it_is(row: Sequence[object]) -> Sequence[object]:
    return row


def _partial(cell: Cell, sources: Sources, condition: sa.ColumnElement[bool] | None) -> list[Column]:
    """Return the columns of a measure's partial results."""
    path, function = cell.measure.path, cell.measure.function
    if path is None and condition is None:
        return [sa.type_coerce(sa.func.count(), sa.BigInteger())]
    value: Column = sa.literal_column("1", sa.BigInteger()) if path is None else sources.column(path)
    value = value if condition is None else sa.case((condition, value))
    counted: Column = sa.type_coerce(sa.func.count(value), sa.BigInteger())
    if function == "count":
        return [counted]
    if function in {"min", "max"}:
        return [sa.func.min(value) if function == "min" else sa.func.max(value)]
    added = _digits(value, cell.shifts)
    if cell.weight is not None:
        weight = sources.column(cell.weight)
        added = [digit * weight for digit in added]
    return [*map(sa.func.sum, added), *([counted] if function == "avg" else [])]


def _digits(value: Column, shifts: Sequence[int]) -> list[Column]:
    """Return the digits of a value; the uppermost has its sign."""
    found = [value.bitwise_rshift(_constant(shift)) if shift else value for shift in shifts]
    masks = (_constant((1 << (above - shift)) - 1) for above, shift in pairwise(shifts))
    return [found[0], *(digit.bitwise_and(mask) for digit, mask in zip(found[1:], masks, strict=True))]


def _constant(number: int) -> sa.ColumnClause[int]:
    """Return a number as it stands; as a parameter it would be of 64 bits, by which PostgreSQL does not shift."""
    return sa.literal_column(str(number), sa.BigInteger())


def _is_percent(path: Path) -> bool:
    """Return whether a weight is a share of 0 to 100 percent."""
    kind = path.kind
    if not isinstance(kind, PercentKind) or kind.min is None or kind.max is None:
        return False
    return kind.min >= 0 and kind.max <= LARGEST_PERCENT
