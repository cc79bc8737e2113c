"""The report `won_lost`: what was won and what was lost, how much of it, and how long it took."""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Decimal
from typing import TYPE_CHECKING, cast

from attrs import frozen

from crmkit.core.reading.quantiles import Summary
from crmkit.core.reading.reports import chart
from crmkit.core.reading.reports.columns import Column
from crmkit.core.reading.reports.standard.choosing import chosen, period, user_named
from crmkit.core.reading.reports.standard.grouping import grouping
from crmkit.core.reading.reports.table import Table
from crmkit.core.reading.spans import spans
from crmkit.translation import _

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import date

    from crmkit.core.lifecycle.session import Session
    from crmkit.core.reading.reports.standard.choosing import Choice
    from crmkit.core.reading.reports.standard.grouping import Group

CLOSED = "stage_kind in ('won', 'lost')"
MEASURES = {
    "won": "count(stage_kind == 'won')",
    "lost": "count(stage_kind == 'lost')",
    "won_value": "sum(amount, stage_kind == 'won')",
    "lost_value": "sum(amount, stage_kind == 'lost')",
}
HUNDREDTH = Decimal("0.01")
NOTHING = Summary(count=0, total=0)


@frozen(kw_only=True)
class ClosedDeals:
    """Deals of one group that were won or lost; values in the base currency, spans in days from opening to closing."""

    name: str | None = None
    won: int
    lost: int
    won_value: Decimal
    lost_value: Decimal
    won_days: Summary = NOTHING
    lost_days: Summary = NOTHING

    @property
    def win_rate(self) -> Decimal | None:
        """The share of what was won in what was closed, in percent."""
        return percent(self.won, self.won + self.lost)

    @property
    def average(self) -> Decimal | None:
        """The mean value of what was won."""
        return None if not self.won else rounded(self.won_value / self.won)

    def __add__(self, other: ClosedDeals) -> ClosedDeals:
        return ClosedDeals(
            won=self.won + other.won,
            lost=self.lost + other.lost,
            won_value=self.won_value + other.won_value,
            lost_value=self.lost_value + other.lost_value,
            won_days=_together(self.won_days, other.won_days),
            lost_days=_together(self.lost_days, other.lost_days),
        )


NONE_CLOSED = ClosedDeals(won=0, lost=0, won_value=Decimal(0), lost_value=Decimal(0))


def won_lost(
    session: Session,
    *,
    by: str | None,
    since: date | None,
    until: date | None,
    where: str | None,
    owner: str | None,
    pipeline: str | None,
) -> Table:
    """Return won and lost opportunities, by the day on which they were closed, per group or all together.

    Raises:
        FilterError: if the filter or the grouping is wrong; it says where.
        Refused: if there is no such owner.
    """
    choice = closed_choice(session, where, since=since, until=until, owner=owner, pipeline=pipeline)
    groups = closed_deals(session, choice, by)
    currency = session.model.conventions.currency
    label = _("Deals") if by is None else grouping(session, session.model.entities["opportunity"], by).label
    given = {"by": by, "since": since, "until": until, "where": where, "owner": owner, "pipeline": pipeline}
    return Table(
        [
            Column("group", label),
            Column("won", _("Won"), "integer"),
            Column("lost", _("Lost"), "integer"),
            Column("win_rate", _("Win rate"), "percent"),
            Column("won_value", _("Won value"), "money", currency=currency),
            Column("lost_value", _("Lost value"), "money", currency=currency),
            Column("won_days", _("Days to win"), "decimal", places=2),
            Column("lost_days", _("Days to lose"), "decimal", places=2),
        ],
        [_row(each.name, each) for each in groups],
        title=_("Won and lost"),
        total=None if by is None else _row(_("Total"), together(groups)),
        parameters={name: value for name, value in given.items() if value is not None},
        chart=chart.grouped_bar("group", "won", "lost"),
    )


def closed_choice(
    session: Session,
    where: str | None,
    *,
    since: date | None,
    until: date | None,
    owner: str | None = None,
    pipeline: str | None = None,
) -> Choice:
    """Return the choice of the opportunities that were won or lost in a period.

    Raises:
        FilterError: if the filter is wrong; it says where.
        Refused: if there is no such owner.
    """
    tests = {
        "owner == given.value": user_named(session, owner),
        "pipeline == given.value": pipeline,
        **period("closed_on", since, until),
    }
    return chosen(session, session.model.entities["opportunity"], where, CLOSED, tests=tests)


def closed_deals(session: Session, choice: Choice, by: str | None) -> list[ClosedDeals]:
    """Return what was won and lost per group: periods in their order, others from the largest won value down."""
    entity = session.model.entities["opportunity"]
    group = None if by is None else grouping(session, entity, by)
    paths = () if group is None else group.paths
    rows = session.aggregate(entity.name, by=paths, measures=MEASURES, where=choice.where, given=choice.given)
    days = spans(
        session.reader,
        entity,
        "opened_on",
        "closed_on",
        by=(*paths, "stage_kind"),
        where=choice.where,
        given=choice.given,
    )
    width = len(paths)
    names: dict[Group, str | None] = {(): _("All")}
    if group is not None:
        names = group.names(session, [row[:width] for row in rows])
    found = [_closed(names[row[:width]], row[width:], row[:width], days) for row in rows]
    if group is None or group.is_period:
        return found
    return sorted(found, key=lambda each: (-each.won_value, each.name or ""))


def together(groups: Iterable[ClosedDeals]) -> ClosedDeals:
    """Return all groups as one."""
    return sum(groups, NONE_CLOSED)


def percent(part: int, whole: int) -> Decimal | None:
    """Return a share in percent, to two decimals, half to even; None of nothing."""
    return None if not whole else rounded(Decimal(100 * part) / whole)


def rounded(number: Decimal) -> Decimal:
    """Return a number to two decimals, half to even."""
    return number.quantize(HUNDREDTH, ROUND_HALF_EVEN)


def mean_days(days: Summary) -> Decimal | None:
    """Return the mean of a summary of days, to two decimals."""
    return None if days.mean is None else rounded(days.mean)


def _closed(name: str | None, measured: Sequence[object], group: Group, days: dict[Group, Summary]) -> ClosedDeals:
    won, lost, won_value, lost_value = measured
    return ClosedDeals(
        name=name,
        won=cast("int", won),
        lost=cast("int", lost),
        won_value=cast("Decimal", won_value),
        lost_value=cast("Decimal", lost_value),
        won_days=days.get((*group, "won"), NOTHING),
        lost_days=days.get((*group, "lost"), NOTHING),
    )


def _together(one: Summary, other: Summary) -> Summary:
    return Summary(count=one.count + other.count, total=one.total + other.total)


def _row(name: str | None, each: ClosedDeals) -> tuple[str | int | Decimal | None, ...]:
    return (
        name,
        each.won,
        each.lost,
        each.win_rate,
        each.won_value,
        each.lost_value,
        mean_days(each.won_days),
        mean_days(each.lost_days),
    )
