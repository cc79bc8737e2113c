"""The report `pipeline`: what is open, by stage or by what else it may be grouped by."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, cast

from attrs import frozen

from crmkit.core.reading.reports import chart
from crmkit.core.reading.reports.columns import Column
from crmkit.core.reading.reports.standard.choosing import chosen, pipeline_named, user_named
from crmkit.core.reading.reports.standard.grouping import grouping
from crmkit.core.reading.reports.table import Table
from crmkit.translation import _

if TYPE_CHECKING:
    from collections.abc import Sequence

    from crmkit.core.assemble.pipelines import PipelineModel
    from crmkit.core.lifecycle.session import Session
    from crmkit.core.reading.reports.standard.choosing import Choice

STAGE = "stage"
OPEN = "stage_kind in ('open', 'waiting')"
MEASURES = {
    "deals": "count()",
    "amount": "sum(amount)",
    "weighted": "weighted(amount)",
    "priced": "count(amount)",
}


@frozen
class OpenDeals:
    """Open deals of one group: how many, their worth, their worth times their probability, how many have a worth."""

    name: str | None
    deals: int
    amount: Decimal
    weighted: Decimal
    priced: int


def pipeline(session: Session, *, pipeline: str | None, where: str | None, owner: str | None, by: str) -> Table:
    """Return count, amount and weighted amount of the open opportunities; amounts in the base currency.

    Raises:
        FilterError: if the filter or the grouping is wrong; it says where.
        Refused: if there is no such owner.
        UnknownNameError: if there is no such pipeline.
    """
    entity = session.model.entities["opportunity"]
    found = pipeline_named(session, entity, pipeline)
    tests = {"pipeline == given.value": found.name, "owner == given.value": user_named(session, owner)}
    choice = chosen(session, entity, where, OPEN, tests=tests)
    groups = by_stage(session, found, choice) if by == STAGE else by_group(session, by, choice)
    label = entity.fields["stage"].label if by == STAGE else grouping(session, entity, by).label
    return table(session, found, groups, label, {"pipeline": found.name, "where": where, "owner": owner, "by": by})


def by_stage(session: Session, pipeline: PipelineModel, choice: Choice) -> list[OpenDeals]:
    """Return the open deals of every open stage in order; stages that are gone come last, if anything is in them."""
    rows = session.aggregate("opportunity", by=["stage"], measures=MEASURES, where=choice.where, given=choice.given)
    found = {str(name): measured for name, *measured in rows}
    stages = {each.name: each.stage.label for each in pipeline.stages if not each.stage.is_closed}
    shown = {name: label for name, label in stages.items() if name in found or not pipeline.stage(name).hidden}
    shown |= {name: name for name in found if name not in shown}
    nothing: Sequence[object] = (0, Decimal(0), Decimal(0), 0)
    return [_deals(label, found.get(name, nothing)) for name, label in shown.items()]


def by_group(session: Session, by: str, choice: Choice) -> list[OpenDeals]:
    """Return the open deals of every group, the one with the largest amount first."""
    group = grouping(session, session.model.entities["opportunity"], by)
    rows = session.aggregate("opportunity", by=group.paths, measures=MEASURES, where=choice.where, given=choice.given)
    width = len(group.paths)
    names = group.names(session, [row[:width] for row in rows])
    deals = [_deals(names[row[:width]], row[width:]) for row in rows]
    return deals if group.is_period else sorted(deals, key=lambda each: (-each.amount, each.name or ""))


def table(
    session: Session,
    pipeline: PipelineModel,
    groups: Sequence[OpenDeals],
    label: str,
    parameters: dict[str, str | None],
) -> Table:
    """Return the report's table."""
    currency = session.model.conventions.currency
    deals = sum(each.deals for each in groups)
    unpriced = deals - sum(each.priced for each in groups)
    return Table(
        [
            Column("group", label),
            Column("deals", _("Deals"), "integer"),
            Column("amount", _("Amount"), "money", currency=currency),
            Column("weighted", _("Weighted amount"), "money", currency=currency),
        ],
        [(each.name, each.deals, each.amount, each.weighted) for each in groups],
        title=_("Pipeline: {declared}", declared=pipeline.declared.label),
        total=(_("Total"), deals, _sum(each.amount for each in groups), _sum(each.weighted for each in groups)),
        notes=[_("Deals without an amount: {unpriced}. They count with 0.", unpriced=unpriced)] if unpriced else [],
        parameters={name: value for name, value in parameters.items() if value is not None},
        chart=chart.grouped_bar("group", "amount", "weighted"),
    )


def _sum(amounts: object) -> Decimal:
    return sum(cast("list[Decimal]", amounts), Decimal(0))


def _deals(name: str | None, measured: Sequence[object]) -> OpenDeals:
    deals, amount, weighted, priced = measured
    return OpenDeals(name, cast("int", deals), cast("Decimal", amount), cast("Decimal", weighted), cast("int", priced))
