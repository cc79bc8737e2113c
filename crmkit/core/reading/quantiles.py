"""Quantiles: count, sum, median and ninth decile of whole numbers per group, found by the database.

SQLite has no percentile functions, so the values are numbered in their order on both databases and picked by place.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import sqlalchemy as sa
from attrs import frozen

if TYPE_CHECKING:
    from collections.abc import Sequence

Column = sa.ColumnElement[int]


@frozen(kw_only=True)
class Summary:
    """What is known of some whole numbers.

    Attributes:
        median: the middle one; of an even number of them, the mean of the two in the middle.
        p90: the smallest one that nine tenths of them don't exceed (nearest rank).
    """

    count: int
    total: int
    median: Decimal | None = None
    p90: int | None = None

    @property
    def mean(self) -> Decimal | None:
        """The mean, None if there are no numbers."""
        return None if not self.count else Decimal(self.total) / self.count


def summarised(values: sa.Subquery, groups: Sequence[str], value: str) -> sa.Select[*tuple[object, ...]]:
    """Return a statement for the summary of one column per group: the groups, then what `summary_of` reads."""
    keys = [values.c[name] for name in groups]
    place: Column = sa.func.row_number().over(partition_by=keys, order_by=values.c[value])
    size: Column = sa.func.count().over(partition_by=keys)
    ranked = sa.select(*keys, values.c[value].label("v"), place.label("place"), size.label("size")).subquery("ranked")
    of = ranked.c

    def at(rank: Column) -> Column:
        return sa.func.max(sa.case((of.place == rank, of.v)))

    grouped = [of[name] for name in groups]
    return sa.select(
        *grouped,
        sa.func.count(),
        sa.func.sum(of.v),
        at((of.size + 1) // 2),
        at(of.size // 2 + 1),
        at((of.size * 9 + 9) // 10),
    ).group_by(*grouped)


def summary_of(raw: Sequence[object]) -> Summary:
    """Return the summary that the last five columns of a row are."""
    count, total, low, high, p90 = (int(str(each)) for each in raw)
    return Summary(count=count, total=total, median=Decimal(low + high) / 2, p90=p90)
