"""The report `funnel`: how far records come in a pipeline, of whatever entity, leads and opportunities alike."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import TYPE_CHECKING

from attrs import frozen

from crmkit.core.declare.kinds.times import zone
from crmkit.core.reading.reports import chart
from crmkit.core.reading.reports.columns import Column
from crmkit.core.reading.reports.standard.choosing import chosen, pipeline_named, readable
from crmkit.core.reading.reports.standard.won_lost import percent
from crmkit.core.reading.reports.table import Table
from crmkit.core.reading.stage_history import Route, routes
from crmkit.errors import Refusal, Refused
from crmkit.translation import _

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date
    from decimal import Decimal

    from crmkit.core.assemble.model import EntityModel
    from crmkit.core.assemble.pipelines import PipelineModel
    from crmkit.core.declare.conventions import Conventions
    from crmkit.core.declare.stages import Stage
    from crmkit.core.lifecycle.session import Session

SUCCESS = frozenset({"won", "done"})
COHORT, SNAPSHOT = "cohort", "snapshot"
SKIPPED = _("A record that skipped a stage on its way forward counts as having reached it.")
NOT_TOLD = _(
    "Where it was lost, a snapshot doesn't tell: a record that is lost or void counts for the first stage only."
)


@frozen(kw_only=True)
class Step:
    """One row of a funnel.

    Attributes:
        now: how many are in the stage now.
        reached: how many have reached it.
        onward: how many of those have reached the next stage; None behind the last one.
    """

    label: str
    kind: str
    now: int
    reached: int
    onward: int | None = None


def funnel(
    session: Session,
    *,
    entity: str,
    pipeline: str | None,
    mode: str,
    since: date | None,
    until: date | None,
    where: str | None,
) -> Table:
    """Return, for every stage, how many records are in it and how many have reached it, with the rates between.

    Raises:
        AccessDeniedError: if the actor may read no such records.
        FilterError: if the filter is wrong; it says where.
        Refused: if the entity has no pipeline, or a snapshot is asked for a period.
        UnknownNameError: if there is no such entity or pipeline.
    """
    found = readable(session, entity)
    chain = pipeline_named(session, found, pipeline)
    if mode == COHORT:
        taken = cohort(session, found, chain, where, since=since, until=until)
    elif since or until:
        text = _("Only a cohort has a period of entry. Ask for mode=cohort, or leave out since and until.")
        raise Refused(entity=_("report funnel"), refusals=(Refusal(path="since", text=text),))
    else:
        taken = snapshot(session, found, chain, where)
    given = {"entity": found.name, "pipeline": chain.name, "mode": mode, "since": since, "until": until, "where": where}
    parameters = {name: value for name, value in given.items() if value is not None}
    return table(_("Funnel: {declared}", declared=chain.declared.label), chain, taken, parameters, mode)


def cohort(
    session: Session,
    entity: EntityModel,
    pipeline: PipelineModel,
    where: str | None,
    *,
    since: date | None,
    until: date | None,
) -> list[Route]:
    """Return the ways of the records that entered the pipeline in a period, days being those of the home time zone."""
    choice = chosen(session, entity, where)
    conventions = session.model.conventions
    return routes(
        session.reader,
        entity,
        pipeline.name,
        flow=[stage.name for stage in flow_of(pipeline)],
        ends=[each.name for each in pipeline.stages if each.stage.is_closed],
        where=choice.where,
        given=choice.given,
        start=midnight(since, conventions),
        end=midnight(until, conventions, after=1),
    )


def snapshot(session: Session, entity: EntityModel, pipeline: PipelineModel, where: str | None) -> list[Route]:
    """Return where the records of the pipeline are now, as if each had come there straight."""
    choice = chosen(session, entity, where, tests={"pipeline == given.value": pipeline.name})
    rows = session.aggregate(
        entity.name, by=["stage"], measures={"count": "count()"}, where=choice.where, given=choice.given
    )
    positions = {stage.name: position for position, stage in enumerate(flow_of(pipeline))}
    return [
        Route(
            furthest=positions.get(str(stage)),
            ends=frozenset({str(stage)} - positions.keys()),
            pipeline=pipeline.name,
            stage=str(stage),
            count=int(str(count)),
        )
        for stage, count in rows
    ]


def midnight(day: date | None, conventions: Conventions, *, after: int = 0) -> datetime | None:
    """Return the moment at which a day begins in the home time zone, or one that comes `after` it."""
    if day is None:
        return None
    return datetime.combine(day + timedelta(days=after), time(), tzinfo=zone(conventions.time_zone))


def flow_of(pipeline: PipelineModel) -> list[Stage]:
    """Return the stages that records flow through, in order."""
    return [each.stage for each in pipeline.stages if not each.stage.is_closed]


def steps(pipeline: PipelineModel, taken: Sequence[Route]) -> list[Step]:
    """Return the rows of the funnel; one at the end for records that went on in another pipeline, if there are any."""
    flow = flow_of(pipeline)
    successes = {each.name for each in pipeline.stages if each.stage.kind in SUCCESS}
    now: dict[str, int] = {}
    for route in taken:
        place = route.stage if route.pipeline == pipeline.name else ""
        now[place] = now.get(place, 0) + route.count
    succeeded = sum(route.count for route in taken if route.ends & successes)
    reach = [
        sum(route.count for route in taken if (route.furthest or 0) >= position or route.ends & successes)
        for position in range(len(flow))
    ]
    found = [
        Step(label=stage.label, kind=stage.kind, now=now.pop(stage.name, 0), reached=reached, onward=onward)
        for stage, reached, onward in zip(flow, reach, [*reach[1:], succeeded], strict=False)
        if not stage.hidden or reached
    ]
    for each in pipeline.stages:
        if each.stage.is_closed:
            ended = sum(route.count for route in taken if each.name in route.ends)
            found.append(Step(label=each.stage.label, kind=each.stage.kind, now=now.pop(each.name, 0), reached=ended))
    return found + [
        Step(label=name or "In another pipeline", kind="", now=count, reached=count) for name, count in now.items()
    ]


def table(
    title: str, pipeline: PipelineModel, taken: Sequence[Route], parameters: Mapping[str, str | date], mode: str
) -> Table:
    """Return the report's table."""
    rows = steps(pipeline, taken)
    everything = sum(route.count for route in taken)
    drawn = chart.funnel("stage", "reached", share="from_first")
    only = {"filter": "datum.kind != 'lost' && datum.kind != 'void' && datum.kind != ''"}
    transforms = drawn.spec["transform"]
    assert isinstance(transforms, list)
    return Table(
        [
            Column("stage", _("Stage")),
            Column("kind", _("Kind")),
            Column("now", _("Now"), "integer"),
            Column("reached", _("Reached"), "integer"),
            Column("to_next", _("To next"), "percent"),
            Column("from_first", _("Of all"), "percent"),
        ],
        [_row(step, everything) for step in rows],
        title=title,
        total=(_("Total"), None, everything, None, None, None),
        notes=list(notes(pipeline, taken, mode)),
        parameters=parameters,
        chart=chart.Chart({**drawn.spec, "transform": [only, *transforms]}, text_bar=drawn.text_bar),
    )


def notes(pipeline: PipelineModel, taken: Sequence[Route], mode: str) -> list[str]:
    """Return what one has to know to read the figures."""
    dropouts = {each.name for each in pipeline.stages if each.stage.is_closed and each.stage.kind not in SUCCESS}
    if mode == SNAPSHOT:
        return [SKIPPED, *([NOT_TOLD] if any(route.ends & dropouts for route in taken) else [])]
    unknown = sum(route.count for route in taken if route.furthest is None and route.ends and route.ends <= dropouts)
    told = _("Records that came in lost or void: {unknown}. They count for the first stage only.", unknown=unknown)
    return [SKIPPED, *([told] if unknown else [])]


def _row(step: Step, everything: int) -> tuple[str | int | Decimal | None, ...]:
    to_next = None if step.onward is None else percent(step.onward, step.reached)
    return step.label, step.kind, step.now, step.reached, to_next, percent(step.reached, everything)
