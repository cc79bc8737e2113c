"""The report `queue_workload`: what waits in each queue, and how much each of its members has."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from crmkit import Column, Table
from crmkit.core.reading.reports.chart import Chart
from crmkit.translation import _
from crmkit_workflow.queues.entities import QueueItem

if TYPE_CHECKING:
    from crmkit import Session
    from crmkit.core.reading.reports.columns import Cell

CHART = Chart(
    {
        "mark": "bar",
        "encoding": {
            "y": {"field": "queue", "type": "nominal"},
            "x": {"field": "records", "aggregate": "sum"},
            "color": {"field": "who", "type": "nominal"},
        },
    }
)


def queue_workload(session: Session) -> Table:
    """Return how many records wait and how many each member got that are still open, with the oldest moment (UTC)."""
    found = session.aggregate(
        QueueItem,
        by=["queue.name", "assignee.name"],
        measures={"n": "count()", "oldest": "min(entered_at)"},
        where="is_open",
        order="queue.name, assignee.name",
    )
    rows = [(queue, _("Waiting") if who is None else who, number, oldest) for queue, who, number, oldest in found]
    return Table(
        [
            Column("queue", _("Queue")),
            Column("who", _("Who")),
            Column("records", _("Records"), "integer"),
            Column("oldest", _("Oldest"), "datetime"),
        ],
        cast("list[tuple[Cell, ...]]", rows),
        title=_("Workload of queues"),
        total=(_("Total"), None, sum(cast("int", row[2]) for row in rows), None),
        chart=CHART,
    )
