"""Lists of what is to be done: today, overdue, delegated, blocked."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, cast

from crmkit import Column, Table
from crmkit.core.reading.reports.standard.choosing import chosen, user_named
from crmkit.core.reading.reports.standard.grouping import titles
from crmkit.translation import _
from crmkit_activities.activity import Activity
from crmkit_activities.referring import rows_referring
from crmkit_activities.tasks.dependencies import OPEN, ActivityDependency

if TYPE_CHECKING:
    from collections.abc import Iterable

    from crmkit import Session
    from crmkit.core.reading.reports.columns import Cell
    from crmkit.core.reading.reports.standard.choosing import Choice

    Row = tuple[object, ...]

STILL_OPEN = "stage.kind in ('open', 'waiting')"
WHICH = {
    "open": STILL_OPEN,
    "today": f"{STILL_OPEN} and (due == today() or planned_start.date == today())",
    "overdue": f"{STILL_OPEN} and due < today()",
    "delegated": f"{STILL_OPEN} and delegated_by is not None",
    "blocked": STILL_OPEN,
}
"""The filters of the lists. `delegated` means what one has given to others, all other ones what one has to do."""
FIELDS = ("id", "subject", "kind", "priority", "due", "planned_start", "owner", "delegated_by")
RANKS = ("urgent", "high", "normal", "low")
ORDER = "due, planned_start, id"
LONGEST = 1_000


def tasks(session: Session, *, which: str, owner: str | None, kind: str | None, where: str | None) -> Table:
    """Return a list of open activities, what is due first and most urgent in front.

    Raises:
        FilterError: if the filter is wrong; it says where.
        Refused: if there is no such owner.
    """
    entity = session.model.entity(Activity)
    person = user_named(session, owner)
    whose = "delegated_by" if which == "delegated" else "owner"
    tests = {f"{whose} == given.value": person, "kind == given.value": kind}
    choice = chosen(session, entity, where, WHICH[which], tests=tests)
    shown, waiting, is_cut = first_rows(session, choice, only_blocked=which == "blocked")
    shown.sort(key=urgency)
    people = titles(session, session.model.entities["user"], {(row[place],) for row in shown for place in (6, 7)})
    notes = [_("There are more. Narrow the list by a filter.")] if is_cut else []
    given = {"which": which, "owner": owner, "kind": kind, "where": where}
    return Table(
        [
            Column("id", _("Id"), "integer"),
            Column("subject", _("Subject")),
            Column("kind", _("Kind")),
            Column("priority", _("Priority")),
            Column("due", _("Due"), "date"),
            Column("planned_start", _("Planned start"), "datetime"),
            Column("owner", _("Owner")),
            Column("delegated_by", _("Delegated by")),
            Column("blocked", _("Waits for"), "integer"),
        ],
        [
            (
                *cast("tuple[Cell, ...]", row[:2]),
                label(session, "kind", row[2]),
                label(session, "priority", row[3]),
                *cast("tuple[Cell, ...]", row[4:6]),
                people[row[6],],
                people[row[7],],
                waiting.get(cast("int", row[0])),
            )
            for row in shown
        ],
        title=_("Tasks"),
        notes=notes,
        parameters={name: value for name, value in given.items() if value},
    )


def first_rows(session: Session, choice: Choice, *, only_blocked: bool) -> tuple[list[Row], dict[int, int], bool]:
    """Return so many rows as a list has at most, for how many others each waits, and whether there are more."""
    rows: list[Row] = []
    waiting: dict[int, int] = {}
    after: str | None = None
    while True:
        page = session.rows(Activity, FIELDS, choice.where, given=choice.given, order=ORDER, limit=LONGEST, after=after)
        found = blocked(session, (cast("int", row[0]) for row in page))
        waiting |= found
        rows += [row for row in page if not only_blocked or row[0] in found]
        after = page.next
        if after is None or len(rows) >= LONGEST:
            return rows[:LONGEST], waiting, after is not None or len(rows) > LONGEST


def urgency(row: Row) -> tuple[date, int]:
    """Return what a row is sorted by: the day on which it is due, and its priority."""
    return cast("date | None", row[4]) or date.max, RANKS.index(str(row[3]))


def label(session: Session, field: str, value: object) -> str:
    """Return what people call a choice."""
    kind = session.model.entity(Activity).fields[field].kind
    return kind.format(value, session.model.conventions)


def blocked(session: Session, activities: Iterable[int]) -> dict[int, int]:
    """Return which of some activities wait for others, and for how many."""
    found: dict[int, int] = {}
    paths = ("activity", "needs.stage_kind")
    for activity, kind in rows_referring(session.elevated, ActivityDependency, paths, "activity", activities):
        if kind in OPEN and isinstance(activity, int):
            found[int(activity)] = found.get(int(activity), 0) + 1
    return found
