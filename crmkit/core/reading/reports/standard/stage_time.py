"""The report `stage_time`: how long records stay in the stages of a pipeline."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from crmkit.core.reading.quantiles import Summary
from crmkit.core.reading.reports import chart
from crmkit.core.reading.reports.columns import Column
from crmkit.core.reading.reports.standard.choosing import chosen, pipeline_named, readable
from crmkit.core.reading.reports.standard.overdue import overdue_tests
from crmkit.core.reading.reports.standard.won_lost import rounded
from crmkit.core.reading.reports.table import Table
from crmkit.core.reading.stage_history import ages, stays
from crmkit.translation import _

if TYPE_CHECKING:
    from crmkit.core.assemble.model import EntityModel
    from crmkit.core.assemble.pipelines import PipelineModel
    from crmkit.core.declare.stages import Stage
    from crmkit.core.lifecycle.session import Session
    from crmkit.core.reading.reports.columns import Cell

NOTHING = Summary(count=0, total=0)
COLUMNS = (
    Column("stage", _("Stage")),
    Column("entered", _("Entered"), "integer"),
    Column("left", _("Left"), "integer"),
    Column("mean_days", _("Mean"), "decimal", places=1),
    Column("median_days", _("Median"), "decimal", places=1),
    Column("p90_days", _("90 % in"), "decimal", places=1),
    Column("inside", _("Inside"), "integer"),
    Column("age_days", _("Age"), "decimal", places=1),
    Column("limit_days", _("Limit"), "decimal", places=1),
    Column("overdue", _("Late"), "integer"),
)
SECOND, DAY = timedelta(seconds=1), 86_400
TOLD = _("Mean, median and 90 % are the days that those stayed who have left; age is the mean of those inside.")


def stage_time(session: Session, *, entity: str, pipeline: str | None, where: str | None) -> Table:
    """Return, for every stage, how many entered and left it, for how long they stayed, and who is in it still.

    Raises:
        AccessDeniedError: if the actor may read no such records.
        FilterError: if the filter is wrong; it says where.
        Refused: if the entity has no pipeline.
        UnknownNameError: if there is no such entity or pipeline.
    """
    found = readable(session, entity)
    chain = pipeline_named(session, found, pipeline)
    choice = chosen(session, found, where)
    left = stays(session.reader, found, chain.name, where=choice.where, given=choice.given)
    inside = chosen(session, found, where, tests={"pipeline == given.value": chain.name})
    still = ages(session.reader, found, where=inside.where, given=inside.given)
    late = over_limit(session, found, chain, where)
    stages = {each.name: each.stage for each in chain.stages}
    names = [name for name, stage in stages.items() if not stage.hidden or name in left or name in still]
    names += sorted((left.keys() | still.keys()) - stages.keys())
    given = {"entity": found.name, "pipeline": chain.name, "where": where}
    return Table(
        COLUMNS,
        [
            row(name, stages.get(name), left.get(name, NOTHING), still.get(name, NOTHING), late.get(name))
            for name in names
        ],
        title=_("Days in stage: {declared}", declared=chain.declared.label),
        notes=[TOLD],
        parameters={name: value for name, value in given.items() if value is not None},
        chart=chart.bar("stage", "median_days"),
    )


def over_limit(session: Session, entity: EntityModel, pipeline: PipelineModel, where: str | None) -> dict[str, int]:
    """Return how many records are in their stage for longer than its limit, for every stage with a limit."""
    limited = {each.name: 0 for each in pipeline.stages if each.stage.limit is not None}
    if not limited:
        return {}
    own, tests = overdue_tests(session, pipeline)
    choice = chosen(session, entity, where, own, tests={"pipeline == given.value": pipeline.name})
    rows = session.aggregate(
        entity.name,
        by=["stage"],
        measures={"count": "count()"},
        where=choice.where,
        given={**choice.given, **tests},
    )
    return limited | {str(stage): int(str(count)) for stage, count in rows}


def row(name: str, stage: Stage | None, left: Summary, still: Summary, late: int | None) -> tuple[Cell, ...]:
    """Return the row of a stage; of one that is gone, under its name."""
    return (
        name if stage is None else stage.label,
        left.count + still.count,
        left.count,
        days(left.mean),
        days(left.median),
        days(left.p90),
        still.count,
        days(still.mean),
        None if stage is None or stage.limit is None else days(stage.limit // SECOND),
        late,
    )


def days(seconds: Decimal | int | None) -> Decimal | None:
    """Return seconds in days, to two decimals, half to even."""
    return None if seconds is None else rounded(Decimal(seconds) / DAY)
