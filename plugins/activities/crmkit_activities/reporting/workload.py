"""The reports `workload` and `overdue_tasks`: who has how much to do, and what of it is late."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from crmkit import Column, Table
from crmkit.core.reading.reports import chart
from crmkit.core.reading.reports.standard.choosing import chosen, user_named
from crmkit.core.reading.reports.standard.grouping import grouping
from crmkit.translation import _
from crmkit_activities.activity import Activity
from crmkit_activities.tasks.listing import STILL_OPEN

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from crmkit import Session
    from crmkit.core.reading.reports.columns import Cell
    from crmkit.core.reading.reports.standard.grouping import Grouping

MEASURES = {
    "overdue": "count(due < today())",
    "today": "count(due == today())",
    "week": "count(due > today() and due <= today() + days(7))",
    "later": "count(due > today() + days(7))",
    "undated": "count(due is None)",
    "open": "count()",
}
PARTS = ("overdue", "today", "week", "later", "undated")
LATE = {"overdue": "count()", "urgent": "count(priority in ('high', 'urgent'))", "oldest": "min(due)"}


def workload(session: Session, *, by: str, where: str | None) -> Table:
    """Return the open activities of each owner, or of another group, by when they are due.

    Raises:
        FilterError: if the filter or the grouping is wrong; it says where.
    """
    entity = session.model.entity(Activity)
    choice = chosen(session, entity, where, STILL_OPEN)
    group = grouping(session, entity, by)
    rows = session.aggregate(Activity, by=group.paths, measures=MEASURES, where=choice.where, given=choice.given)
    rows.sort(key=lambda row: -cast("int", row[-1]))
    names = named(session, group, rows)
    width = len(group.paths)
    totals = [sum(cast("int", row[place]) for row in rows) for place in range(width, width + len(MEASURES))]
    return Table(
        [
            Column("group", group.label),
            Column("overdue", _("Overdue"), "integer"),
            Column("today", _("Due today"), "integer"),
            Column("week", _("Within a week"), "integer"),
            Column("later", _("Later"), "integer"),
            Column("undated", _("Without a day"), "integer"),
            Column("open", _("Open"), "integer"),
        ],
        [(name, *cast("tuple[Cell, ...]", row[width:])) for name, row in zip(names, rows, strict=True)],
        title=_("Workload"),
        total=(_("Total"), *totals),
        parameters={name: value for name, value in (("by", by), ("where", where)) if value},
        chart=chart.stacked_bar("group", *PARTS),
    )


def overdue(session: Session, *, by: str, where: str | None, owner: str | None) -> Table:
    """Return how many open activities are past the day on which they were due, and since when the oldest is.

    Raises:
        FilterError: if the filter or the grouping is wrong; it says where.
        Refused: if there is no such owner.
    """
    entity = session.model.entity(Activity)
    tests = {"owner == given.value": user_named(session, owner)}
    choice = chosen(session, entity, where, f"{STILL_OPEN} and due < today()", tests=tests)
    group = grouping(session, entity, by)
    rows = session.aggregate(Activity, by=group.paths, measures=LATE, where=choice.where, given=choice.given)
    rows.sort(key=lambda row: -cast("int", row[-3]))
    names = named(session, group, rows)
    return Table(
        [
            Column("group", group.label),
            Column("overdue", _("Overdue"), "integer"),
            Column("urgent", _("Of high priority"), "integer"),
            Column("oldest", _("Oldest since"), "date"),
            Column("days", _("Days over"), "integer"),
        ],
        [(name, *row_of(session, row)) for name, row in zip(names, rows, strict=True)],
        title=_("Overdue tasks"),
        total=(_("Total"), *(sum(cast("int", row[place]) for row in rows) for place in (-3, -2)), None, None),
        parameters={name: value for name, value in (("by", by), ("where", where), ("owner", owner)) if value},
        chart=chart.bar("group", "overdue"),
    )


def row_of(session: Session, row: Sequence[object]) -> tuple[int, int, date, int]:
    """Return the figures of a group."""
    count, urgent, oldest = cast("tuple[int, int, date]", tuple(row[-3:]))
    return count, urgent, oldest, (session.today - oldest).days


def named(session: Session, group: Grouping, rows: Sequence[tuple[object, ...]]) -> list[str]:
    """Return what people call the groups of rows."""
    width = len(group.paths)
    names = group.names(session, {row[:width] for row in rows})
    return [names[row[:width]] or _("Not known") for row in rows]
