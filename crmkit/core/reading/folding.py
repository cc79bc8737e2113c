"""Folding: the database's partial sums become exact measures.

Databases multiply and add 64-bit integers and overflow, or turn to floats. So a value is taken apart into digits that
are added apart and put together here, on whole numbers of any size. Digits that are small enough may be multiplied by a
percent; by other weights rows are grouped as well, and the products are made here.
"""

from __future__ import annotations

from datetime import timedelta
from decimal import ROUND_HALF_EVEN, Context, Decimal
from typing import TYPE_CHECKING

from attrs import define, field, frozen

from crmkit.core.declare.kinds import IntegerKind, MoneyKind, PercentKind
from crmkit.core.reading.filters.families import family, scale_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from crmkit.core.declare.kinds import Kind
    from crmkit.core.reading.measures import Measure
    from crmkit.core.reading.paths import Path

DIVISION = Context(prec=100, rounding=ROUND_HALF_EVEN)
FEWEST_DECIMALS = 4
PERCENT_SCALE = 2
Shifts = tuple[int, ...]
WHOLE: Shifts = (0,)
HALVES: Shifts = (32, 0)
FOR_PERCENTS: Shifts = (24, 0)
"""Where the digits of a value begin, in bits, from the uppermost down.

A percent is stored as at most 1,000,000, so either digit of any value times a percent stays below 60 bits. Sums of half
a million of the largest lower digits stay below 63; amounts of everyday size leave room for many more.
"""


@frozen(kw_only=True, eq=False)
class Cell:
    """Where the partial results of a measure stand in a row.

    Attributes:
        first: the position of its first column.
        factor: the position of the weight that rows are grouped by, if there is one.
        weight: the percent that the database multiplies by, if there is one.
        shifts: where the digits begin that were added apart.
    """

    measure: Measure
    first: int
    factor: int | None = None
    weight: Path | None = None
    shifts: Shifts = WHOLE

    @property
    def width(self) -> int:
        """How many columns it has: one for each digit, and one more for the count of an average."""
        return len(self.shifts) + (self.measure.function == "avg")


@define
class Total:
    """What has been added up for one measure of one group."""

    cell: Cell
    number: int = 0
    count: int = 0
    extreme: object = field(default=None)

    def add(self, row: Sequence[object]) -> None:
        """Add the partial results of one row."""
        cell, first = self.cell, row[self.cell.first]
        function = cell.measure.function
        if function == "count":
            self.count += whole(first)
        elif function in {"min", "max"}:
            self._compare(first)
        elif first is not None:
            added = sum(whole(row[cell.first + place]) << shift for place, shift in enumerate(cell.shifts))
            weight = 1 if cell.factor is None else row[cell.factor]
            self.number += 0 if weight is None else added * whole(weight)
            self.count += whole(row[cell.first + len(cell.shifts)]) if function == "avg" else 0

    def _compare(self, value: object) -> None:
        if value is None:
            return
        is_new = self.extreme is None or (
            value < self.extreme if self.cell.measure.function == "min" else value > self.extreme  # type: ignore[operator]
        )
        self.extreme = value if is_new else self.extreme

    @property
    def result(self) -> object:
        """The measure."""
        measure = self.cell.measure
        if measure.function == "count":
            return self.count
        assert measure.path is not None
        kind = measure.path.kind
        if measure.function in {"min", "max"}:
            return None if self.extreme is None else loaded(kind, self.extreme)
        if measure.function == "sum":
            return self._sum(kind)
        return average(kind, self.number, self.count) if self.count else None

    def _sum(self, kind: Kind) -> object:
        factor = self.cell.measure.factor
        if factor is None:
            return loaded(kind, self.number)
        percent = PERCENT_SCALE if isinstance(factor.kind, PercentKind) else 0
        scale = scale_of(factor.kind) + percent
        if family(kind) == "duration":
            return timedelta(microseconds=round(Decimal(self.number).scaleb(-scale, DIVISION)))
        return shortest(Decimal(self.number).scaleb(-scale - scale_of(kind), DIVISION))


def whole(raw: object) -> int:
    """Return an integer of the database; PostgreSQL's sums come as decimals."""
    return raw if isinstance(raw, int) else int(str(raw))


def loaded(kind: Kind, raw: object) -> object:
    """Return a value of its one column; an amount is a decimal in the base currency."""
    if isinstance(kind, MoneyKind):
        return exact_number(whole(raw), scale_of(kind))
    if isinstance(kind, IntegerKind):
        return whole(raw)
    if family(kind) == "number":
        return exact_number(whole(raw), scale_of(kind))
    return raw if kind.is_plain else kind.load(raw)


def exact_number(number: int, scale: int) -> Decimal:
    """Return a scaled integer as a decimal, without trailing zeros."""
    return shortest(Decimal(number).scaleb(-scale, DIVISION))


def shortest(number: Decimal) -> Decimal:
    """Return the number without trailing zeros and without an exponent."""
    return Decimal(int(number)) if number == number.to_integral_value(context=DIVISION) else number.normalize(DIVISION)


def average(kind: Kind, total: int, count: int) -> object:
    """Return the average, rounded half to even to the kind's decimals (four for whole numbers and amounts)."""
    scale = scale_of(kind)
    if family(kind) == "duration":
        return timedelta(microseconds=round(DIVISION.divide(Decimal(total), Decimal(count))))
    exact = DIVISION.divide(Decimal(total).scaleb(-scale, DIVISION), Decimal(count))
    return exact.quantize(Decimal(1).scaleb(-max(scale, FEWEST_DECIMALS)), context=DIVISION)
