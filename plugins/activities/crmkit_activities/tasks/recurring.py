"""Tasks that recur: when one is done, the next one is made."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING

from crmkit.core.calendars.wall_clock import moment_of, wall_of
from crmkit.core.declare.kinds.times import zone
from crmkit.errors import InvalidValue
from crmkit.translation import _
from crmkit_activities.activity import Activity
from crmkit_activities.events.expansion import walls
from crmkit_activities.events.rules import parse_rule, until_wall
from crmkit_activities.referring import rows_referring

if TYPE_CHECKING:
    from crmkit import Batch, Change, Record, Session
    from crmkit.core.lifecycle.drafts import Draft

KEPT = (
    "subject",
    "kind",
    "owner",
    "about",
    "customer",
    "contact",
    "priority",
    "description",
    "delegated_by",
    "delegated_before",
    "recurrence",
    "recurs_from",
    "tags",
)
"""What the next one has from the one before."""
PLANNED = ("planned_start", "planned_end")
DAY = timedelta(days=1)


def check(session: Session, drafts: Batch[Draft]) -> None:
    """Refuse recurrences that are none, or that don't say of which day; note when the series began."""
    del session
    for draft in drafts.of(Activity):
        if not draft.sets("recurrence", "due") or draft.get("recurrence") is None:
            continue
        try:
            rule = parse_rule(str(draft.get("recurrence")))
        except InvalidValue as error:
            draft.refuse("recurrence", str(error))
            continue
        if rule.frequency == "HOURLY" or {"BYHOUR", "BYMINUTE", "BYSECOND"} & rule.numbers.keys():
            draft.refuse("recurrence", _("A task is due on a day. It recurs daily, weekly, monthly or yearly."))
        if draft.get("due") is None:
            draft.refuse("due", _("Say when it is due first; the rule goes on from there."))
        elif draft.get("recurs_from") is None or (draft.sets("recurrence") and not draft.sets("recurs_from")):
            draft.set("recurs_from", draft.get("due"))


def next_due(rule_text: str, start: date, due: date, today: date, time_zone: str) -> date | None:
    """Return the next day of a series that is behind `due` and not before today, None if there is none.

    Days that passed while the task was open are left out: they can't be met any more.
    """
    rule = parse_rule(rule_text)
    first = datetime.combine(start, time(0))
    since = datetime.combine(max(due + DAY, today), time(0))
    found = next(walls(rule, first, since, until_wall(rule, zone(time_zone))), None)
    return None if found is None else found.date()


def follow(session: Session, changes: Batch[Change]) -> None:
    """Make the next task of every series of which one is done now; of one that was done before, it is there already."""
    done = {
        change.after.id: change.after
        for change in changes.of(Activity)
        if change.after.stage_kind == "done" and change.after.recurrence is not None and change.after.due is not None
    }
    if not done:
        return
    there = {int(str(each)) for (each,) in rows_referring(session, Activity, ["repeat_of.id"], "repeat_of", done)}
    rows = [row for each in done.values() if each.id not in there and (row := next_of(session, each)) is not None]
    session.create_many(Activity, rows)


def next_of(session: Session, task: Record) -> dict[str, object] | None:
    """Return the values of the task after one, None if the series is over; planned times keep their time of day."""
    assert isinstance(task.due, date)
    zone_name = session.model.conventions.time_zone
    start = task.recurs_from if isinstance(task.recurs_from, date) else task.due
    due = next_due(str(task.recurrence), start, task.due, session.today, zone_name)
    if due is None:
        return None
    values = {name: getattr(task, name) for name in KEPT}
    for name in PLANNED:
        moment = getattr(task, name)
        if isinstance(moment, datetime):
            place = zone(zone_name)
            values[name] = moment_of(wall_of(moment, place).replace(microsecond=0) + (due - task.due), place)
    return {**values, "due": due, "repeat_of": task.ref}
