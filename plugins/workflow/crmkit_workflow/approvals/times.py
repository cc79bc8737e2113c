"""The report `approval_times`: how long approvals wait, step by step."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from crmkit import Column, Table
from crmkit.core.reading.reports import chart
from crmkit.translation import _
from crmkit_workflow.approvals.requests import ApprovalTask

if TYPE_CHECKING:
    from datetime import date

    from crmkit import Session
    from crmkit.core.reading.reports.columns import Cell

MEASURES = {
    "approved": "count(state == 'approved')",
    "rejected": "count(state == 'rejected')",
    "open": "count(state == 'open')",
    "mean": "avg(waited)",
    "longest": "max(waited)",
}


def approval_times(session: Session, *, since: date | None, until: date | None) -> Table:
    """Return, by flow and step, the decisions and how long they were waited for, of what the actor may read.

    The mean and the longest wait are of what is decided, in hours of the clock; days are those of the home time zone.
    """
    given = {name: day for name, day in (("since", since), ("until", until)) if day is not None}
    signs = {"since": ">=", "until": "<="}
    tests = [f"opened_at.date {signs[name]} given.{name}" for name in given]
    rows = session.aggregate(
        ApprovalTask,
        by=["request.flow.name", "step"],
        measures=MEASURES,
        where=" and ".join(tests) or None,
        given=given,
        order=["request.flow.name", "step"],
    )
    return Table(
        [
            Column("step", _("Step")),
            Column("approved", _("Approved"), "integer"),
            Column("rejected", _("Rejected"), "integer"),
            Column("open", _("Open"), "integer"),
            Column("mean", _("Mean wait"), "duration"),
            Column("longest", _("Longest wait"), "duration"),
        ],
        [(f"{flow}: {step}", *cast("list[Cell]", measured)) for flow, step, *measured in rows],
        title=_("Approval times"),
        parameters=given,
        chart=chart.bar("step", "approved"),
    )
