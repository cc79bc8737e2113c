"""The report `care_dates`: whose birthday, or other date, is celebrated within the next days."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crmkit import Column, Table
from crmkit.core.assemble.model import known
from crmkit.core.lifecycle.timeline import title_of
from crmkit.core.reading.reports.chart import UNIQUE, Chart
from crmkit.core.reading.reports.standard.choosing import user_named
from crmkit.translation import _
from crmkit_activities.care.dates import care_dates_of
from crmkit_activities.care.upcoming import upcoming

if TYPE_CHECKING:
    from crmkit import Session

CHART = Chart(
    {
        "height": {"step": 24},
        "mark": {"type": "point", "filled": True, "size": 90},
        "encoding": {
            "y": {"field": f"{UNIQUE}record"},
            "x": {"field": "day"},
            "color": {"field": "date"},
        },
    }
)
"""A line for each record, with a point at its day."""


def care_dates(session: Session, *, date: str | None, days: int, owner: str | None) -> Table:
    """Return the dates that are celebrated within the next days, of records that the actor may read.

    Raises:
        UnknownNameError: if there is no such sort of dates.
        Refused: if there is no such owner.
    """
    declared = care_dates_of(session.model)
    chosen = declared.values() if date is None else [known(declared, date, _("care date"))]
    user = user_named(session, owner)
    given = {"date": date, "days": days, "owner": owner}
    found = []
    for care in chosen:
        entity = session.model.entities[care.entity]
        if session.principal.may(entity, "read") and session.principal.sees(entity, entity.fields[care.field]):
            for each in upcoming(session, entity.record_class, care.field, days=days, owner=user, owned_by=care.owner):
                name = title_of(entity, each.record)
                found.append((each.day, care.label, name, each.record.id, each.years))
    return Table(
        [
            Column("day", _("Day"), "date"),
            Column("date", _("Date")),
            Column("record", _("Name")),
            Column("id", _("Id"), "integer"),
            Column("years", _("Years"), "integer"),
        ],
        sorted(found),
        title=_("Care dates"),
        parameters={name: each for name, each in given.items() if each is not None},
        chart=CHART,
    )
