"""Stage history: how far records have come in a pipeline and how long they stayed in its stages.

History is read joined with its records, so it shows what the actor may see of them and what a filter selects.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa
from attrs import frozen

from crmkit.core.reading.quantiles import Summary, summarised, summary_of
from crmkit.core.reading.statements import Statement
from crmkit.core.storage.column_types import MOMENT

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from crmkit.core.assemble.model import EntityModel
    from crmkit.core.reading.reader import Reader
    from crmkit.core.reading.requests import Request
    from crmkit.core.reading.sources import Sources

Select = sa.Select[*tuple[object, ...]]
TO_THE_SECOND = 19
"""The length of a moment in SQLite without its fraction: `2026-03-02 09:00:00`."""


@frozen(kw_only=True)
class Route:
    """A way through a pipeline, and how many records took it.

    Attributes:
        furthest: the position of the furthest of the asked open stages that they were in; None if in none of them.
        ends: those of the asked closed stages that they were ever in.
        pipeline, stage: where they are now; the pipeline may be another one.
    """

    furthest: int | None
    ends: frozenset[str]
    pipeline: str
    stage: str
    count: int


def routes(
    reader: Reader,
    entity: EntityModel,
    pipeline: str,
    *,
    flow: Sequence[str],
    ends: Sequence[str],
    where: str | None = None,
    given: Mapping[str, object] | None = None,
    start: datetime | None = None,
    end: datetime | None = None,
) -> list[Route]:
    """Return the ways that records took through a pipeline which they entered from `start` on and before `end`.

    `flow` are its open stages in order, `ends` its closed ones. A record entered the pipeline when its history there
    begins.

    Raises:
        FilterError: if the filter is wrong; it says where.
    """
    request = reader.selection(entity, where, given)
    limits = {name: value for name, value in (("entered_from", start), ("entered_before", end)) if value is not None}
    key = ("routes", request.key, pipeline, tuple(flow), tuple(ends), tuple(limits))

    def build() -> Statement[Route]:
        sources = reader.execution.sources(entity)
        inner = _routes(reader, request, sources, pipeline, flow=flow, ends=ends, limits=limits)
        grouped = list(inner.subquery("routes").c)[1:]
        select = sa.select(*grouped, sa.func.count()).group_by(*grouped)
        return Statement(select=select, load=load, sort_positions=(), needs_local_time=sources.needs_local_time)

    def load(row: Sequence[object]) -> Route:
        now_in, stage, furthest, *were, count = row
        reached = frozenset(name for name, was in zip(ends, were, strict=True) if was)
        position = None if furthest is None else int(str(furthest))
        return Route(furthest=position, ends=reached, pipeline=str(now_in), stage=str(stage), count=int(str(count)))

    statement = reader.execution.kept(key, build)
    return [statement.load(row) for row in reader.execution.execute(statement, request.parameters | limits)]


def stays(
    reader: Reader,
    entity: EntityModel,
    pipeline: str,
    *,
    where: str | None = None,
    given: Mapping[str, object] | None = None,
) -> dict[str, Summary]:
    """Return, by stage, a summary of the seconds that records stayed in a stage of the pipeline before they left it.

    Raises:
        FilterError: if the filter is wrong; it says where.
    """
    request = reader.selection(entity, where, given)

    def build() -> Statement[Sequence[object]]:
        sources = reader.execution.sources(entity)
        select = summarised(_stays(reader, request, sources, pipeline).subquery("stays"), ["stage"], "seconds")
        return Statement(
            select=select, load=lambda row: row, sort_positions=(), needs_local_time=sources.needs_local_time
        )

    statement = reader.execution.kept(("stays", request.key, pipeline), build)
    rows = reader.execution.execute(statement, request.parameters)
    return {str(row[0]): summary_of(row[1:]) for row in rows}


def ages(
    reader: Reader, entity: EntityModel, *, where: str | None = None, given: Mapping[str, object] | None = None
) -> dict[str, Summary]:
    """Return, by stage, how many records are in it and for how many seconds in all.

    Raises:
        FilterError: if the filter is wrong; it says where.
    """
    request = reader.selection(entity, where, given)

    def build() -> Statement[Sequence[object]]:
        sources = reader.execution.sources(entity)
        table = sources.root.c
        conditions = request.conditions(sources)
        since = sa.func.sum(seconds_of(table.stage_since, sources.dialect))
        select = sa.select(table.stage, sa.func.count(), since).select_from(sources.from_clause).where(*conditions)
        return Statement(
            select=select.group_by(table.stage),
            load=lambda row: row,
            sort_positions=(),
            needs_local_time=sources.needs_local_time,
        )

    statement = reader.execution.kept(("ages", request.key), build)
    now = int(reader.context.now.timestamp())
    found = {}
    for stage, count, since in reader.execution.execute(statement, request.parameters):
        number = int(str(count))
        found[str(stage)] = Summary(count=number, total=now * number - int(str(since)))
    return found


def seconds_of(moment: sa.ColumnElement[datetime], dialect: str) -> sa.ColumnElement[int]:
    """Return the expression for the whole seconds from 1970 to a moment."""
    if dialect == "sqlite":
        return sa.cast(sa.func.strftime("%s", sa.func.substr(moment, 1, TO_THE_SECOND)), sa.BigInteger)
    return sa.cast(sa.func.floor(sa.extract("epoch", moment)), sa.BigInteger)


def _joined(
    reader: Reader, request: Request, sources: Sources
) -> tuple[sa.Table, sa.FromClause, sa.ColumnElement[bool]]:
    """Return the history, it joined with its records, and the condition under which both count."""
    conditions = request.conditions(sources)
    history = reader.execution.tables.system.stage_history
    of_record = sa.and_(history.c.entity == request.entity.name, history.c.record_id == sources.root.c.id)
    return history, sources.from_clause.join(history, of_record), sa.and_(sa.true(), *conditions)


def _routes(
    reader: Reader,
    request: Request,
    sources: Sources,
    pipeline: str,
    *,
    flow: Sequence[str],
    ends: Sequence[str],
    limits: Mapping[str, datetime],
) -> Select:
    """Return one row a record: id, pipeline and stage now, furthest position, and 1 or 0 for every end."""
    history, source, condition = _joined(reader, request, sources)
    target, root = history.c.target, sources.root.c
    positions = [(target == name, sa.literal(position)) for position, name in enumerate(flow)]
    furthest = sa.func.max(sa.case(*positions, (sa.false(), 0)))  # so that there is a case even without stages
    were = [sa.func.max(sa.case((target == name, 1), else_=0)).label(f"end_{at}") for at, name in enumerate(ends)]
    made = sa.select(root.id, root.pipeline, root.stage, furthest.label("furthest"), *were)
    made = made.select_from(source).where(condition, history.c.pipeline == pipeline)
    made = made.group_by(root.id, root.pipeline, root.stage)
    entered = sa.func.min(history.c.at)
    if "entered_from" in limits:
        made = made.having(entered >= sa.bindparam("entered_from", type_=MOMENT))
    if "entered_before" in limits:
        made = made.having(entered < sa.bindparam("entered_before", type_=MOMENT))
    return made


def _stays(reader: Reader, request: Request, sources: Sources, pipeline: str) -> Select:
    """Return one row for each stay that has ended: its stage and its seconds, which the entry after it tells."""
    history, source, condition = _joined(reader, request, sources)
    seconds = sa.func.lead(history.c.seconds).over(partition_by=history.c.record_id, order_by=history.c.id)
    entries = sa.select(history.c.pipeline, history.c.target.label("stage"), seconds.label("seconds"))
    found = entries.select_from(source).where(condition).subquery("entries")
    ended = sa.select(found.c.stage, found.c.seconds)
    return ended.where(found.c.pipeline == pipeline, found.c.seconds.is_not(None))
