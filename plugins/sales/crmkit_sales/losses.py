"""The report `losses`: in which stage deals are lost, why, and to whom."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from crmkit import Column, Table
from crmkit.core.reading.reports.chart import Chart
from crmkit.core.reading.reports.standard.choosing import chosen, period, user_named
from crmkit.core.reading.reports.standard.won_lost import percent
from crmkit.translation import _

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date
    from decimal import Decimal

    from crmkit import Session

MEASURES = {"lost": "count()", "amount": "sum(amount)"}
NOT_KNOWN = _("Not known")
CHART = Chart(
    {
        "mark": "bar",
        "encoding": {
            "y": {"field": "reason", "type": "nominal", "sort": "-x"},
            "x": {"field": "lost", "aggregate": "sum"},
            "color": {"field": "stage", "type": "nominal"},
        },
    }
)


def losses(
    session: Session,
    *,
    competitor: bool,
    since: date | None,
    until: date | None,
    where: str | None,
    owner: str | None,
) -> Table:
    """Return lost opportunities by the stage and the reason of the loss; amounts in the base currency.

    Raises:
        FilterError: if the filter is wrong; it says where.
        Refused: if there is no such owner.
    """
    entity = session.model.entities["opportunity"]
    tests = {"owner == given.value": user_named(session, owner), **period("closed_on", since, until)}
    choice = chosen(session, entity, where, "stage_kind == 'lost'", tests=tests)
    by = ["lost_stage", "lost_reason", *(["competitor"] if competitor else [])]
    rows = session.aggregate(entity.name, by=by, measures=MEASURES, where=choice.where, given=choice.given)
    places = {name: place for place, name in enumerate(stage_labels(session))}
    rows.sort(key=lambda row: (places.get(str(row[0]), len(places)), -int(str(row[-2]))))
    given = {"competitor": competitor, "since": since, "until": until, "where": where, "owner": owner}
    return table(session, rows, len(by), {name: value for name, value in given.items() if value is not None})


def table(
    session: Session, rows: Sequence[tuple[object, ...]], width: int, parameters: Mapping[str, bool | date | str]
) -> Table:
    """Return the report's table; the first columns of each row, so many as `width`, are its group."""
    counts, amounts = [int(str(row[-2])) for row in rows], [cast("Decimal", row[-1]) for row in rows]
    everything = sum(counts)
    groups = [Column("stage", _("Stage lost")), Column("reason", _("Reason")), Column("competitor", _("Competitor"))]
    return Table(
        [
            *groups[:width],
            Column("lost", _("Lost"), "integer"),
            Column("share", _("Share"), "percent"),
            Column("amount", _("Amount"), "money", currency=session.model.conventions.currency),
        ],
        [
            (*names(session, row[:width]), count, percent(count, everything), amount)
            for row, count, amount in zip(rows, counts, amounts, strict=True)
        ],
        title=_("Losses"),
        total=(_("Total"), *[None] * (width - 1), everything, percent(everything, everything), sum(amounts)),
        parameters=parameters,
        chart=CHART,
    )


def names(session: Session, group: tuple[object, ...]) -> list[str]:
    """Return what people call a stage, a reason and, if told apart, a competitor."""
    stage, reason, *competitor = group
    kind = session.model.entities["opportunity"].fields["lost_reason"].kind
    return [
        NOT_KNOWN if stage is None else stage_labels(session).get(str(stage), str(stage)),
        NOT_KNOWN if reason is None else kind.format(reason, session.model.conventions),
        *(NOT_KNOWN if each is None else str(each) for each in competitor),
    ]


def stage_labels(session: Session) -> dict[str, str]:
    """Return the labels of the stages of all pipelines of opportunities, by name, in order."""
    pipelines = session.model.pipelines_of("opportunity")
    return {each.name: each.stage.label for pipeline in reversed(pipelines) for each in pipeline.stages}
