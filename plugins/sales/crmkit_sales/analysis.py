"""The report `sales_analysis`: who sells what, how well and how fast."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crmkit import Column, Table
from crmkit.core.reading.reports import chart
from crmkit.core.reading.reports.standard.grouping import grouping
from crmkit.core.reading.reports.standard.won_lost import (
    closed_choice,
    closed_deals,
    mean_days,
    rounded,
    together,
)
from crmkit.translation import _

if TYPE_CHECKING:
    from datetime import date
    from decimal import Decimal

    from crmkit import Session
    from crmkit.core.reading.reports.standard.won_lost import ClosedDeals


def sales_analysis(
    session: Session, *, by: str, since: date | None, until: date | None, where: str | None, owner: str | None
) -> Table:
    """Return what was sold per group: amounts in the base currency, the cycle in days from opening to winning.

    Raises:
        FilterError: if the filter or the grouping is wrong; it says where.
        Refused: if there is no such owner.
    """
    choice = closed_choice(session, where, since=since, until=until, owner=owner)
    groups = closed_deals(session, choice, by)
    everything = together(groups)
    currency = session.model.conventions.currency
    given = {"by": by, "since": since, "until": until, "where": where, "owner": owner}
    return Table(
        [
            Column("group", grouping(session, session.model.entities["opportunity"], by).label),
            Column("won", _("Won"), "integer"),
            Column("lost", _("Lost"), "integer"),
            Column("win_rate", _("Win rate"), "percent"),
            Column("amount", _("Amount"), "money", currency=currency),
            Column("share", _("Share"), "percent"),
            Column("average", _("Average"), "money", currency=currency),
            Column("cycle", _("Cycle"), "decimal", unit=_("days"), places=1),
        ],
        [_row(each.name, each, everything.won_value) for each in groups],
        title=_("Sales analysis"),
        total=_row(_("Total"), everything, everything.won_value),
        parameters={name: value for name, value in given.items() if value is not None},
        chart=chart.bar("group", "amount"),
    )


def _row(name: str | None, deals: ClosedDeals, whole: Decimal) -> tuple[str | int | Decimal | None, ...]:
    return (
        name,
        deals.won,
        deals.lost,
        deals.win_rate,
        deals.won_value,
        rounded(100 * deals.won_value / whole) if whole else None,
        deals.average,
        mean_days(deals.won_days),
    )
