"""The report `pool_flow`: what came into each pool and what left it, and how."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from crmkit import Column, Table
from crmkit.core.reading.reports.chart import Chart
from crmkit.translation import _
from crmkit_workflow.ownership.entities import OwnershipRecord

if TYPE_CHECKING:
    from datetime import date

    from crmkit import Session
    from crmkit.core.reading.reports.columns import Cell

CHART = Chart(
    {
        "mark": "bar",
        "encoding": {
            "y": {"field": "pool", "type": "nominal"},
            "x": {"field": "records", "aggregate": "sum"},
            "color": {"field": "how", "type": "nominal"},
        },
    }
)


def pool_flow(session: Session, *, since: date | None, until: date | None) -> Table:
    """Return how many records came into pools and left them, by pool and way; days are those of the home time zone."""
    tests = ["at.date >= given.since" if since else "", "at.date <= given.until" if until else ""]
    given = {name: day for name, day in (("since", since), ("until", until)) if day}
    kind = session.model.entities["ownership_record"].fields["how"].kind
    rows: list[tuple[object, ...]] = []
    for label, path in ((_("In"), "to_pool"), (_("Out"), "from_pool")):
        where = " and ".join(each for each in (f"{path} is not None", *tests) if each)
        found = session.aggregate(
            OwnershipRecord,
            by=[f"{path}.name", "how"],
            measures={"n": "count()"},
            where=where,
            given=given,
            order=f"{path}.name, how",
        )
        rows += [(pool, label, kind.format(how, session.model.conventions), number) for pool, how, number in found]
    rows.sort(key=lambda row: str(row[0]))
    return Table(
        [
            Column("pool", _("Pool")),
            Column("direction", _("Direction")),
            Column("how", _("How")),
            Column("records", _("Records"), "integer"),
        ],
        cast("list[tuple[Cell, ...]]", rows),
        title=_("Pool flow"),
        total=(_("Total"), None, None, sum(cast("int", row[3]) for row in rows)),
        parameters=given,
        chart=CHART,
    )
