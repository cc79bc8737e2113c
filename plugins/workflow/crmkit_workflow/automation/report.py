"""The report `automations`: what came of each rule."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from crmkit import Column, Table
from crmkit.core.reading.reports.chart import Chart
from crmkit.translation import _
from crmkit_workflow.automation.entities import STATES, AutomationRule, AutomationRun

if TYPE_CHECKING:
    from datetime import date

    from crmkit import Session
    from crmkit.core.reading.reports.columns import Cell

CHART = Chart(
    {
        "mark": "bar",
        "encoding": {"y": {"field": "rule", "type": "nominal"}, "x": {"field": "done", "type": "quantitative"}},
    }
)


def automations(session: Session, *, since: date | None, until: date | None) -> Table:
    """Return how many runs of each rule are in each state, of those about records that the actor may read.

    Days are those of the home time zone; `last` is the moment (UTC) of the last run.
    """
    tests = {"at.date >= given.since": since, "at.date <= given.until": until}
    where = " and ".join(test for test, value in tests.items() if value is not None) or None
    given = {name: value for name, value in (("since", since), ("until", until)) if value is not None}
    measures = {each.name: f"count(state == '{each.name}')" for each in STATES} | {"last": "max(at)"}
    counts = {
        number: tuple(rest)
        for number, *rest in session.aggregate(AutomationRun, by=["rule"], measures=measures, where=where, given=given)
    }
    none = (*(0 for _each in STATES), None)
    rules = session.rows(AutomationRule, ["id", "name", "active"], order="position, id")
    rows = [(name, active, *counts.get(number, none)) for number, name, active in rules]
    sums = [sum(cast("int", row[place]) for row in rows) for place in range(2, 2 + len(STATES))]
    return Table(
        [
            Column("rule", _("Rule")),
            Column("active", _("Active"), "boolean"),
            *(Column(each.name, each.label, "integer") for each in STATES),
            Column("last", _("Last"), "datetime"),
        ],
        cast("list[tuple[Cell, ...]]", rows),
        title=_("Automation rules"),
        total=(_("Total"), None, *sums, None),
        chart=CHART,
    )
