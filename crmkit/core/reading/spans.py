"""Spans: the days between two dates of records, per group."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

from crmkit.core.reading.folding import loaded
from crmkit.core.reading.quantiles import Summary, summarised, summary_of
from crmkit.core.reading.statements import Statement, labelled

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from crmkit.core.assemble.model import EntityModel
    from crmkit.core.reading.reader import Reader
    from crmkit.core.reading.requests import Request

Group = tuple[object, ...]
Select = sa.Select[*tuple[object, ...]]
DAYS = "days"


def spans(
    reader: Reader,
    entity: EntityModel,
    start: str,
    end: str,
    *,
    by: Sequence[str] = (),
    where: str | None = None,
    given: Mapping[str, object] | None = None,
    ranked: bool = False,
) -> dict[Group, Summary]:
    """Return, by the values of `by`, a summary of the whole days from one date to another.

    Records that lack a date take no part. Median and ninth decile are found only if `ranked`, as they cost a sort.

    Raises:
        FilterError: if a path or the filter is wrong; it says where.
    """
    request = reader.selection(entity, where, given)
    execution = reader.execution
    paths = [reader.finder.find(entity, text) for text in by]

    def build() -> Statement[Sequence[object]]:
        return _statement(reader, request, start, end, by, ranked=ranked)

    statement = execution.kept(("spans", request.key, start, end, tuple(by), ranked), build)
    found: dict[Group, Summary] = {}
    for row in execution.execute(statement, request.parameters):
        raw, measured = row[: len(by)], row[len(by) :]
        group = tuple(None if each is None else loaded(path.kind, each) for path, each in zip(paths, raw, strict=True))
        if int(str(measured[0])):
            found[group] = summary_of(measured) if ranked else _plain(measured)
    return found


def days_between(start: sa.ColumnElement[object], end: sa.ColumnElement[object], dialect: str) -> sa.ColumnElement[int]:
    """Return the expression for the whole days from one date to another."""
    if dialect == "sqlite":
        return sa.cast(sa.func.julianday(end) - sa.func.julianday(start), sa.BigInteger)
    return sa.type_coerce(end.op("-")(start), sa.BigInteger)


def _statement(
    reader: Reader, request: Request, start: str, end: str, by: Sequence[str], *, ranked: bool
) -> Statement[Sequence[object]]:
    sources = reader.execution.sources(request.entity)
    first, last, *groups = (sources.column(reader.finder.find(request.entity, text)) for text in (start, end, *by))
    days = days_between(first, last, sources.dialect)
    conditions = [*request.conditions(sources), first.is_not(None), last.is_not(None)]
    inner: Select = sa.select(*labelled(groups), days.label(DAYS)).select_from(sources.from_clause).where(*conditions)
    values = inner.subquery("spans")
    names = [f"c{index}" for index in range(len(groups))]
    made = summarised(values, names, DAYS) if ranked else _added(values, names)
    return Statement(select=made, load=lambda row: row, sort_positions=(), needs_local_time=sources.needs_local_time)


def _added(values: sa.Subquery, names: Sequence[str]) -> Select:
    groups = [values.c[name] for name in names]
    return sa.select(*groups, sa.func.count(), sa.func.sum(values.c[DAYS])).group_by(*groups)


def _plain(raw: Sequence[object]) -> Summary:
    count, total = (int(str(each)) for each in raw)
    return Summary(count=count, total=total)
