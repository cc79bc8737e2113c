"""The command `crmkit today`: one's worklist, on one page."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING

from crmkit import Column, Command, Parameter, Table
from crmkit.core.assemble.model import known
from crmkit.core.calendars.wall_clock import wall_of
from crmkit.core.declare.kinds import IntegerKind
from crmkit.core.declare.kinds.times import zone
from crmkit.errors import Refusal, Refused
from crmkit.translation import _
from crmkit_activities.worklist.handled import mark_handled
from crmkit_activities.worklist.listing import SHOWN, kinds_for, worklist

if TYPE_CHECKING:
    from crmkit import Session
    from crmkit_activities.worklist.listing import WorkItem

DECLARATIONS = (
    Command(
        name="today",
        run="crmkit_activities.worklist.showing:today",
        help=_("Show what waits for you: whom to contact, what is due, what is new."),
        public=True,
        parameters=(
            Parameter(name="kind", help=_("One kind only, such as due_tasks.")),
            Parameter(name="limit", kind=IntegerKind(min=1), default=SHOWN, help=_("How many of each kind are shown.")),
            Parameter(name="handled", help=_("Mark a record of this kind as handled: kind and id, as due_tasks:5.")),
        ),
    ),
)


def today(session: Session, *, kind: str | None, limit: int, handled: str | None) -> Table:
    """Return the worklist of the actor as a table, after marking an item as handled if one is given.

    Raises:
        UnknownNameError: if there is no such kind.
        Refused: if what is handled isn't named rightly.
        NotFoundError: if the actor doesn't see it.
    """
    if handled is not None:
        handle(session, handled)
    found = [each for each in worklist(session, kind, limit=limit) if each.count]
    rows = [
        (work.kind.label, str(item.record), item.title, item.about, *until_of(session, item))
        for work in found
        for item in work.items
    ]
    notes = [_("{kind}: {count}", kind=each.kind.label, count=each.count) for each in found]
    columns = [
        Column("kind", _("Kind")),
        Column("id", _("Id")),
        Column("record", _("Name")),
        Column("about", _("About")),
        Column("until", _("Until"), "date"),
        Column("time", _("Time")),
    ]
    return Table(columns, rows, title=_("Worklist"), notes=notes or [_("Nothing is waiting for you.")])


def handle(session: Session, text: str) -> None:
    """Mark the item that a text such as `due_tasks:5` names as handled."""
    name, _colon, number = text.rpartition(":")
    if not name or not number.isdecimal():
        problem = _("Write {text!r} like due_tasks:5: the kind, and the id.", text=text)
        raise Refused(entity="handled_item", refusals=(Refusal(path="handled", text=problem),))
    kind = known({each.name: each for each in kinds_for(session)}, name, _("worklist kind"))
    mark_handled(session, name, session.get(session.model.entities[kind.entity].record_class, int(number)))


def until_of(session: Session, item: WorkItem) -> tuple[date | None, str | None]:
    """Return the day by which an item is to be done, and the time of day if there is one, in the home time zone."""
    if not isinstance(item.until, datetime):
        return item.until, None
    wall = wall_of(item.until, zone(session.model.conventions.time_zone))
    return wall.date(), wall.strftime("%H:%M")
