"""Paging: which records come after a cursor, as conditions that an index can answer.

None sorts first. A condition like `amount < x OR amount IS NULL` can't be read off an index, so what comes after a
cursor falls into at most two runs, those with and those without a value of the first key; they are read one after the
other, and the second one only when the first did not fill the page.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import sqlalchemy as sa

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from crmkit.core.reading.sorting import SortKey

Clause = sa.ColumnElement[bool]
Column = sa.ColumnElement[object]
Run = Literal["all", "behind", "nulls", "values"]
"""`behind`: behind the cursor, in the same run; `nulls`, `values`: the whole other run."""


def runs_after(keys: Sequence[SortKey], values: Sequence[object]) -> tuple[Run, ...]:
    """Return the runs of records behind a cursor, in their order."""
    if not keys[0].is_nullable:
        return ("behind",)
    if keys[0].is_descending:
        return ("behind",) if values[0] is None else ("behind", "nulls")
    return ("behind", "values") if values[0] is None else ("behind",)


def names_of(keys: Sequence[SortKey]) -> tuple[str, ...]:
    """Return the names of the parameters that hold a cursor's values."""
    return tuple(f"after_{index}" for index in range(len(keys)))


def parameters(keys: Sequence[SortKey], values: Sequence[object]) -> Mapping[str, object]:
    """Return the parameters of the run behind a cursor."""
    return {name: value for name, value in zip(names_of(keys), values, strict=True) if value is not None}


def clause(run: Run, keys: Sequence[SortKey], columns: Sequence[Column], values: Sequence[object]) -> Clause:
    """Return the condition of a run; of the values only matters which of them are None."""
    if run == "all":
        return sa.true()
    if run == "nulls":
        return columns[0].is_(None)
    if run == "values":
        return columns[0].is_not(None)
    bounds = [
        None if value is None else sa.bindparam(name, type_=column.type)
        for name, column, value in zip(names_of(keys), columns, values, strict=True)
    ]
    return _behind(keys, columns, bounds)


def _behind(keys: Sequence[SortKey], columns: Sequence[Column], bounds: Sequence[Column | None]) -> Clause:
    """Return when a record comes behind the bounds and has a first key just if they have one."""
    first, bound, is_descending = columns[0], bounds[0], keys[0].is_descending
    if bound is None:
        return sa.and_(first.is_(None), _after(keys[1:], columns[1:], bounds[1:]))
    if len(keys) == 1:
        return _beyond(first, bound, is_descending=is_descending)
    if len(keys) == 2 and keys[1].is_descending == is_descending and bounds[1] is not None:  # noqa: PLR2004
        pair, limits = sa.tuple_(*columns), sa.tuple_(bound, bounds[1])
        return pair < limits if is_descending else pair > limits
    inclusive = first <= bound if is_descending else first >= bound
    rest = sa.and_(first == bound, _after(keys[1:], columns[1:], bounds[1:]))
    return sa.and_(inclusive, sa.or_(_beyond(first, bound, is_descending=is_descending), rest))


def _after(keys: Sequence[SortKey], columns: Sequence[Column], bounds: Sequence[Column | None]) -> Clause:
    """Return when the remaining keys come behind the remaining bounds."""
    column, bound, key = columns[0], bounds[0], keys[0]
    beyond: Clause
    equal: Clause
    if bound is None:
        beyond = sa.false() if key.is_descending else column.is_not(None)
        equal = column.is_(None)
    else:
        beyond = _beyond(column, bound, is_descending=key.is_descending)
        if key.is_descending and key.is_nullable:
            beyond = sa.or_(beyond, column.is_(None))
        equal = column == bound
    if len(keys) == 1:
        return beyond
    return sa.or_(beyond, sa.and_(equal, _after(keys[1:], columns[1:], bounds[1:])))


def _beyond(column: Column, bound: Column, *, is_descending: bool) -> Clause:
    return column < bound if is_descending else column > bound
