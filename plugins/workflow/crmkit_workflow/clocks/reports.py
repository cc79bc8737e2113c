"""The reports `clock_compliance`, how often targets are kept, and `clocks_due`, what will be due next."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, cast

from crmkit import Column, Table
from crmkit.core.declare.names import as_label
from crmkit.core.reading.reports import chart
from crmkit.core.reading.reports.standard.choosing import beyond, chosen, period, user_named
from crmkit.core.reading.reports.standard.grouping import period_name
from crmkit.core.reading.reports.standard.won_lost import percent
from crmkit.translation import _
from crmkit_workflow.clocks.entities import Clock

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date, datetime

    from crmkit import Session
    from crmkit.core.reading.reports.columns import Cell

BY: Mapping[str, tuple[str, ...]] = {
    "rule": ("rule.name",),
    "measure": ("measure",),
    "owner": ("owner.name",),
    "team": ("owner.team.name",),
    "month": ("started_at.year", "started_at.month"),
}
MEASURES = {
    "clocks": "count()",
    "met": "count(state == 'stopped' and not breached)",
    "breached": "count(breached)",
    "stopped": "count(state == 'stopped')",
    "elapsed": "sum(elapsed, state == 'stopped')",
}
SECOND = timedelta(seconds=1)


def clock_compliance(
    session: Session, *, by: str, measure: str | None, since: date | None, until: date | None, owner: str | None
) -> Table:
    """Return how many clocks kept their targets, by rule, measure, owner, team or month; days are those of starting.

    Raises:
        Refused: if there is no such owner.
    """
    tests = {
        "measure == given.value": measure,
        "owner == given.value": user_named(session, owner),
        **period("started_at.date", since, until),
    }
    choice = chosen(session, session.model.entities["clock"], None, tests=tests)
    rows = session.aggregate(Clock, by=BY[by], measures=MEASURES, where=choice.where, given=choice.given)
    everything = session.aggregate(Clock, measures=MEASURES, where=choice.where, given=choice.given)
    groups = [(name_of(row[: len(BY[by])], by), row[len(BY[by]) :]) for row in rows]
    given = {"by": by, "measure": measure, "since": since, "until": until, "owner": owner}
    return Table(
        [
            Column("group", as_label(by)),
            Column("clocks", _("Clocks"), "integer"),
            Column("met", _("Met"), "integer"),
            Column("breached", _("Breached"), "integer"),
            Column("open", _("Open in time"), "integer"),
            Column("compliance", _("Kept"), "percent"),
            Column("mean", _("Mean business time"), "duration"),
        ],
        [(name, *figures(values)) for name, values in groups],
        title=_("Kept targets"),
        total=(_("Total"), *figures(everything[0])),
        notes=[_("Kept is the share of those met among those met and breached; the mean is of those that stopped.")],
        parameters={name: value for name, value in given.items() if value is not None},
        chart=chart.bar("group", "compliance"),
    )


def figures(values: Sequence[object]) -> tuple[Cell, ...]:
    """Return the cells of a group: counts, the share that was kept, and the mean time."""
    clocks, met, breached, stopped = (int(cast("int", each)) for each in values[:4])
    elapsed = values[4] if isinstance(values[4], timedelta) else timedelta(0)
    mean = elapsed / stopped if stopped else None
    whole = None if mean is None else timedelta(seconds=round(mean / SECOND))
    kept = percent(met, met + breached) if met + breached else None
    return clocks, met, breached, clocks - met - breached, kept, whole


def name_of(group: Sequence[object], by: str) -> str | None:
    """Return what people call a group."""
    if by == "month":
        return period_name("month", tuple(group))
    if None in group:
        return None
    return as_label(str(group[0])) if by == "measure" else str(group[0])


def clocks_due(session: Session, *, within: timedelta | None, owner: str | None, limit: int) -> Table:
    """Return the running clocks, what is due or was breached first.

    Raises:
        Refused: if there is no such owner.
    """
    now = session.reader.context.now
    tests = {
        "owner == given.value": user_named(session, owner),
        "due_at <= given.value": None if within is None else now + within,
    }
    entity = session.model.entities["clock"]
    choice = chosen(session, entity, None, "state == 'running'", tests=tests)
    fields = ["record", "measure", "rule.name", "owner.name", "due_at", "target", "breached"]
    page = session.rows(Clock, fields, choice.where, given=choice.given, order="due_at", limit=limit)
    more = session.count(Clock, choice.where, given=choice.given) - len(page) if page.next else 0
    given = {"within": within, "owner": owner, "limit": limit}
    return Table(
        [
            Column("record", _("Record")),
            Column("measure", _("Measure")),
            Column("rule", _("Rule")),
            Column("owner", _("Owner")),
            Column("due_at", _("Due at"), "datetime"),
            Column("left", _("Left"), "duration"),
            Column("target", _("Target"), "duration"),
            Column("breached", _("Breached"), "boolean"),
        ],
        [due_row(row, now) for row in page],
        title=_("Clocks by when they are due"),
        notes=beyond(more),
        parameters={name: value for name, value in given.items() if value is not None},
    )


def due_row(row: Sequence[object], now: datetime) -> tuple[Cell, ...]:
    """Return the row of a clock; what is left is all time, not business time, and negative behind the target."""
    record, measure, rule, owner, due_at, target, breached = row
    due = cast("datetime", due_at)
    texts = (str(record), as_label(str(measure)), None if rule is None else str(rule), owner and str(owner))
    left = timedelta(seconds=round((due - now) / SECOND))
    return (*cast("tuple[str, ...]", texts), due, left, cast("timedelta", target), bool(breached))
