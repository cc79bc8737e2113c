"""Statements: SELECTs that were built once, with how their rows become what was asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, TypeVar

import sqlalchemy as sa
from attrs import frozen

from crmkit.core.assemble.classes import builder
from crmkit.core.reading import paging
from crmkit.core.reading.requests import ordered

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from crmkit.core.assemble.model import EntityModel, FieldModel
    from crmkit.core.declare.records import Record
    from crmkit.core.reading.paging import Run
    from crmkit.core.reading.paths import Path
    from crmkit.core.reading.requests import Request
    from crmkit.core.reading.sources import Sources

T = TypeVar("T")
LIMIT = "page_limit"


@frozen(kw_only=True, eq=False)
class Shape(Generic[T]):
    """What each row becomes: the columns it needs, and the function that makes it."""

    columns: Callable[[Sources], list[sa.ColumnElement[object]]]
    load: Callable[[Sequence[object]], T]


@frozen(kw_only=True, eq=False)
class Statement(Generic[T]):
    """A SELECT and how to read its rows.

    Attributes:
        sort_positions: where the sort values stand in a row.
    """

    select: sa.Select[*tuple[object, ...]]
    load: Callable[[Sequence[object]], T]
    sort_positions: tuple[int, ...]
    needs_local_time: bool


@frozen(kw_only=True, eq=False)
class Included:
    """A record to fetch with another one: the references that lead to it, and its fields that may be seen."""

    path: str
    hops: tuple[FieldModel, ...]
    entity: EntityModel
    fields: Sequence[FieldModel]


def record_shape(record: type[Record], fields: Sequence[FieldModel]) -> Shape[Record]:
    """Return the shape of whole records, with the fields that may be seen."""
    return Shape(columns=lambda sources: sources.record_columns((), fields), load=builder(record, fields))


def record_and_included(
    entity: EntityModel, fields: Sequence[FieldModel], included: Sequence[Included]
) -> Shape[tuple[Record, dict[str, Record]]]:
    """Return the shape of a record with the ones it refers to; the id is the first column of each."""
    build = builder(entity.record_class, fields)
    parts: list[tuple[str, int, int, Callable[[Sequence[object]], Record]]] = []
    position = width_of(fields)
    for each in included:
        end = position + width_of(each.fields)
        parts.append((each.path, position, end, builder(each.entity.record_class, each.fields)))
        position = end

    def load(row: Sequence[object]) -> tuple[Record, dict[str, Record]]:
        found = {path: make(row[start:stop]) for path, start, stop, make in parts if row[start] is not None}
        return build(row), found

    def columns(sources: Sources) -> list[sa.ColumnElement[object]]:
        found = sources.record_columns((), fields)
        for each in included:
            found += sources.record_columns(each.hops, each.fields)
        return found

    return Shape(columns=columns, load=load)


def width_of(fields: Sequence[FieldModel]) -> int:
    """Return how many columns some fields have."""
    return sum(len(field.columns) for field in fields)


def row_shape(paths: Sequence[Path]) -> Shape[tuple[object, ...]]:
    """Return the shape of rows with one value for each path."""
    return Shape(
        columns=lambda sources: [column for path in paths for column in sources.columns(path)], load=row_loader(paths)
    )


def row_loader(paths: Sequence[Path]) -> Callable[[Sequence[object]], tuple[object, ...]]:
    """Return the function that makes values of a row's columns."""
    loads: list[tuple[Callable[..., object] | None, int, int]] = []
    position = 0
    for path in paths:
        width = 1 if path.part else len(path.field.columns)
        loads.append((None if path.kind.is_plain else path.kind.load, position, position + width))
        position += width
    end = position
    if all(load is None for load, _, _ in loads):
        return lambda row: tuple(row[:end])

    def load_row(row: Sequence[object]) -> tuple[object, ...]:
        return tuple(row[start] if load is None else _loaded(load, row[start:stop]) for load, start, stop in loads)

    return load_row


def _loaded(load: Callable[..., object], raw: Sequence[object]) -> object:
    return None if all(each is None for each in raw) else load(*raw)


def page_statement(
    request: Request, sources: Sources, shape: Shape[T], run: Run, after: Sequence[object], *, is_limited: bool
) -> Statement[T]:
    """Return the statement for one run of a page; of `after` only matters which values are None."""
    columns = shape.columns(sources)
    sort_columns = [sources.column(key.path) for key in request.keys]
    positions = tuple(_position(columns, column) for column in sort_columns) if is_limited else ()
    conditions = request.conditions(sources)
    if run != "all":
        conditions.append(paging.clause(run, request.keys, sort_columns, after))
    made = sa.select(*labelled(columns)).select_from(sources.from_clause).where(*conditions)
    made = made.order_by(*ordered(request.keys, sort_columns, sources.dialect))
    if is_limited:
        made = made.limit(sa.bindparam(LIMIT, type_=sa.Integer()))
    return Statement(select=made, load=shape.load, sort_positions=positions, needs_local_time=sources.needs_local_time)


def plain_statement(sources: Sources, shape: Shape[T], conditions: Sequence[sa.ColumnElement[bool]]) -> Statement[T]:
    """Return a statement without order and limit."""
    columns = shape.columns(sources)
    made = sa.select(*labelled(columns)).select_from(sources.from_clause).where(*conditions)
    return Statement(select=made, load=shape.load, sort_positions=(), needs_local_time=sources.needs_local_time)


def labelled(columns: Sequence[sa.ColumnElement[object]]) -> list[sa.Label[object]]:
    """Return the columns under names of their own, as several tables have a column of one name."""
    return [column.label(f"c{index}") for index, column in enumerate(columns)]


def _position(columns: list[sa.ColumnElement[object]], column: sa.ColumnElement[object]) -> int:
    """Return where a column stands, adding it if it isn't there."""
    for index, each in enumerate(columns):
        if each is column:
            return index
    columns.append(column)
    return len(columns) - 1
