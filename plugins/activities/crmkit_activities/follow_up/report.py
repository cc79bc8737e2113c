"""The report `follow_ups`: who is to be contacted again by a plan, and for how long that is overdue."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from crmkit import Column, Ref, Table
from crmkit.core.lifecycle.timeline import title_of
from crmkit.core.reading.reports import chart
from crmkit.core.reading.reports.standard.choosing import user_named
from crmkit.translation import _
from crmkit_activities.activity import Activity
from crmkit_activities.filling import records_of

if TYPE_CHECKING:
    from crmkit import Session
    from crmkit.core.reading.reports.columns import Cell

OPEN = "follow_up_plan is not None and stage.kind in ('open', 'waiting')"
PATHS = ("about", "follow_up_plan.name", "kind", "owner.name", "due")
MOST = 1_000


def follow_ups(session: Session, *, overdue: bool, owner: str | None) -> Table:
    """Return the open follow-ups that the actor may read, the longest overdue first.

    Raises:
        Refused: if there is no such owner.
    """
    user = user_named(session, owner)
    where = OPEN + (" and due < today()" if overdue else "") + ("" if user is None else " and owner == given.owner")
    given = {} if user is None else {"owner": user}
    found = session.rows(Activity, PATHS, where, given=given, order="due, id", limit=MOST)
    people = records_of(session, (row[0] for row in found))
    rows: list[tuple[Cell, ...]] = []
    for about, plan, kind, name, due in found:
        person = people.get((about.entity, int(about))) if isinstance(about, Ref) else None
        if person is not None and isinstance(due, date):
            late = (session.today - due).days
            entity = session.model.entity(person)
            said = (None if each is None else str(each) for each in (plan, kind, name))
            rows.append((title_of(entity, person), str(person.ref), *said, due, max(late, 0)))
    more = [] if found.next is None else [_("There are more. Choose an owner to see them.")]
    return Table(
        [
            Column("person", _("Name")),
            Column("id", _("Id")),
            Column("plan", _("Plan")),
            Column("kind", _("Kind")),
            Column("owner", _("Owner")),
            Column("due", _("Due"), "date"),
            Column("late", _("Days overdue"), "integer"),
        ],
        rows,
        title=_("Follow-ups"),
        notes=more,
        parameters={"overdue": overdue, **({} if owner is None else {"owner": owner})},
        chart=chart.bar("person", "late"),
    )
