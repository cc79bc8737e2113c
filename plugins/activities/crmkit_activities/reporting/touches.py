"""The report `touchpoints`: how often there was contact, by which ways, in which stages, for which campaigns."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from crmkit import Column, Table
from crmkit.core.reading.reports import chart
from crmkit.core.reading.reports.standard.choosing import chosen, user_named
from crmkit.core.reading.reports.standard.grouping import grouping, period_name
from crmkit.translation import _
from crmkit_activities.activity import Activity
from crmkit_activities.kinds import kinds_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from crmkit import Session
    from crmkit.core.reading.reports.columns import Cell

MEASURES = {
    "touchpoints": "count()",
    "inbound": "count(direction == 'inbound')",
    "outbound": "count(direction == 'outbound')",
    "needs": "count(need)",
}
PATHS = {"stage": ("stage_then",), "month": ("ended_at.year", "ended_at.month")}
NOT_KNOWN = _("Not known")


def touchpoints(
    session: Session, *, by: str, since: date | None, until: date | None, where: str | None, owner: str | None
) -> Table:
    """Return contacts that were made, whether somebody was reached or not, in groups.

    Raises:
        FilterError: if the filter is wrong; it says where.
        Refused: if there is no such owner.
    """
    entity = session.model.entity(Activity)
    kinds = [kind.name for kind in kinds_of(session.model).values() if kind.is_contact]
    tests = {
        "kind in given.value": kinds,
        "owner == given.value": user_named(session, owner),
        "ended_at.date >= given.value": since,
        "ended_at.date <= given.value": until,
    }
    choice = chosen(session, entity, where, "stage.kind == 'done'", tests=tests)
    paths = PATHS.get(by, (by,))
    rows = session.aggregate(Activity, by=paths, measures=MEASURES, where=choice.where, given=choice.given)
    width = len(paths)
    rows.sort(key=lambda row: row[:width] if by == "month" else (-cast("int", row[width]), str(row[:width])))
    counts = [cast("tuple[int, ...]", row[width:]) for row in rows]
    given = {"by": by, "since": since, "until": until, "where": where, "owner": owner}
    return Table(
        [
            Column("group", grouping(session, entity, paths[-1]).label if by != "month" else _("Month")),
            Column("touchpoints", _("Touchpoints"), "integer"),
            Column("inbound", _("Inbound"), "integer"),
            Column("outbound", _("Outbound"), "integer"),
            Column("needs", _("With a need"), "integer"),
        ],
        [
            (name, *cast("tuple[Cell, ...]", count))
            for name, count in zip(names(session, by, [row[:width] for row in rows]), counts, strict=True)
        ],
        title=_("Touchpoints"),
        total=(_("Total"), *(sum(count[place] for count in counts) for place in range(len(MEASURES)))),
        parameters={name: value for name, value in given.items() if value is not None},
        chart=chart.bar("group", "touchpoints"),
    )


def names(session: Session, by: str, groups: Sequence[tuple[object, ...]]) -> list[str]:
    """Return what people call channels, stages, months and so on."""
    if by == "stage":
        return [stage_name(session, group[0]) for group in groups]
    if by == "month":
        return [period_name("month", group) or NOT_KNOWN for group in groups]
    found = grouping(session, session.model.entity(Activity), by)
    known = found.names(session, groups)
    return [known[group] or NOT_KNOWN for group in groups]


def stage_name(session: Session, noted: object) -> str:
    """Return the labels of a pipeline and a stage that were noted, or their names if they are gone."""
    if noted is None:
        return NOT_KNOWN
    pipeline, _dot, name = str(noted).partition(".")
    found = session.model.pipelines.get(pipeline)
    if found is None or name not in found.positions:
        return str(noted)
    return f"{found.declared.label}: {found.stage(name).label}"
