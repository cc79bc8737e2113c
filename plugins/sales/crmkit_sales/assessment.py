"""Assessing a deal by what its stage says and by what became of earlier deals."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, cast

from attrs import frozen

from crmkit import Money
from crmkit.core.reading.reports.standard.won_lost import percent
from crmkit.core.reading.stage_history import routes, stays
from crmkit_sales.similar import Similar, similar_deals

if TYPE_CHECKING:
    from datetime import date

    from crmkit import Record, Session
    from crmkit.core.assemble.pipelines import PipelineModel
    from crmkit.core.reading.quantiles import Summary

ENOUGH = 5
"""With fewer past deals than this, a figure says little."""
DAY = 86_400
TENTH = Decimal("0.1")


@frozen(kw_only=True)
class Assessment:
    """What is known and to be expected of a deal. Spans are in days, shares in percent, amounts in the base currency.

    Attributes:
        label: the stage the deal is in.
        limit: how long a deal should stay in this stage at most.
        days_left: the sum of the median stays of won deals in this stage, less the days already spent in it, and in
            the stages behind it; None if nothing is known or the deal is closed.
        won_before: how many stays of won deals that rests on, in the stage with the fewest of those known.
        unknown_stages: stages in which no won deal is known to have stayed.
        win_rate: how many of the closed deals that were in this stage or a later open one were won.
        came_this_far: how many closed deals those are.
    """

    label: str
    amount: Decimal | None
    days_open: Decimal | None
    days_in_stage: Decimal
    limit: Decimal | None
    probability: Decimal | None
    days_left: Decimal | None
    won_before: int
    unknown_stages: tuple[str, ...]
    win_rate: Decimal | None
    came_this_far: int
    similar: Similar


def assess(session: Session, deal: Record) -> Assessment:
    """Assess a deal by the history that the actor may see."""
    pipeline = session.model.pipelines[str(deal.pipeline)]
    name = str(deal.stage)
    stage = pipeline.stage(name) if name in pipeline.positions else None
    in_stage = session.reader.context.now - cast("datetime", deal.stage_since)
    left, basis, unknown = remaining(session, pipeline, name, in_stage)
    rate, came = rate_from(session, pipeline, name)
    opened = cast("date | None", deal.opened_on)
    return Assessment(
        label=name if stage is None else stage.label,
        amount=deal.amount.base if isinstance(deal.amount, Money) else None,
        days_open=None if opened is None else Decimal((session.today - opened).days),
        days_in_stage=in_days(in_stage),
        limit=None if stage is None or stage.limit is None else in_days(stage.limit),
        probability=cast("Decimal | None", deal.probability),
        days_left=left,
        won_before=basis,
        unknown_stages=unknown,
        win_rate=rate,
        came_this_far=came,
        similar=similar_deals(session, deal),
    )


def remaining(
    session: Session, pipeline: PipelineModel, stage: str, spent: timedelta
) -> tuple[Decimal | None, int, tuple[str, ...]]:
    """Return the days that a deal in this stage still needs, the stays that rests on, and the stages without any."""
    flow = [each.stage for each in pipeline.stages if not each.stage.is_closed and not each.stage.hidden]
    names = [each.name for each in flow]
    if stage not in names:
        return None, 0, ()
    ahead = flow[names.index(stage) :]
    past = stays(session.reader, session.model.entities["opportunity"], pipeline.name, where="stage_kind == 'won'")
    known = {each.name: past[each.name] for each in ahead if each.name in past}
    if not known:
        return None, 0, tuple(each.label for each in ahead)
    total = sum((median(found) for name, found in known.items() if name != stage), Decimal(0))
    if stage in known:
        total += max(median(known[stage]) - Decimal(spent // timedelta(seconds=1)), Decimal(0))
    unknown = tuple(each.label for each in ahead if each.name not in known)
    return (total / DAY).quantize(TENTH), min(found.count for found in known.values()), unknown


def median(found: Summary) -> Decimal:
    """Return the median, in seconds."""
    return found.median or Decimal(0)


def rate_from(session: Session, pipeline: PipelineModel, stage: str) -> tuple[Decimal | None, int]:
    """Return how many of the closed deals that came to a stage were won, in percent, and how many came.

    Only what the history shows counts: a deal that was closed elsewhere and imported so came to no stage.
    """
    flow = [each.name for each in pipeline.stages if not each.stage.is_closed]
    if stage not in flow:
        return None, 0
    taken = routes(
        session.reader,
        session.model.entities["opportunity"],
        pipeline.name,
        flow=flow,
        ends=(),
        where="stage_kind in ('won', 'lost')",
    )
    came = [route for route in taken if route.furthest is not None and route.furthest >= flow.index(stage)]
    won = sum(route.count for route in came if kind_of(session, route.pipeline, route.stage) == "won")
    count = sum(route.count for route in came)
    return percent(won, count), count


def kind_of(session: Session, pipeline: str, stage: str) -> str | None:
    """Return the kind of a stage, None if it is gone."""
    found = session.model.pipelines.get(pipeline)
    return found.stage(stage).kind if found is not None and stage in found.positions else None


def in_days(span: timedelta) -> Decimal:
    """Return a span in days, to one decimal."""
    return (Decimal(span // timedelta(seconds=1)) / DAY).quantize(TENTH)
