"""Handled items: what somebody has put off the worklist, until the record changes or is to be done by another time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crmkit import Record, Ref, Unique, User, record
from crmkit.core.assemble.model import known
from crmkit.core.declare import fields as f
from crmkit.core.declare.worklists import WorklistKind
from crmkit.translation import _
from crmkit_activities.referring import chunks

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from crmkit import Session

    Mark = tuple[int, str | None]
    """The version that a record had, and by when it was to be done."""
    Marks = dict[str, dict[int, Mark]]
    """By the kinds of work and the ids of records."""


@record(title="kind", owner="user", private=True)
class HandledItem(Record):
    """A record that a user has handled, as far as a kind of work is concerned, in the version that it had."""

    user: Ref[User] = f.ref()
    kind: str = f.text(max=41)
    item: Ref[object] = f.any_ref(part_of=False, person="mentions")
    at_version: int = f.integer(min=1)
    until: str | None = f.text(max=40, help="By when it was to be done: the day or moment, in UTC.")


DECLARATIONS = (
    HandledItem,
    Unique(
        entity="handled_item",
        fields=("user", "kind", "item"),
        message=_("This is marked as handled already."),
        on_merge="drop",
    ),
)


def mark_handled(session: Session, kind: str, item: Record) -> None:
    """Put a record off the actor's worklist of a kind, until it changes or has another time; twice is once.

    Raises:
        UnknownNameError: if there is no such kind.
        NotFoundError: if the actor doesn't see the record.
    """
    chosen = known({each.name: each for each, _plugin in session.model.of(WorklistKind)}, kind, _("worklist kind"))
    entity = session.model.entity(item)
    current = session.get(entity.record_class, item.id)
    paths = ["version", *(chosen.times if chosen.entity == entity.name else ())]
    ((version, *times),) = session.rows(entity.record_class, paths, {"id": current.id})
    values = {"at_version": version, "until": text_of(chosen.until_of(session, times))}
    found = session.find(HandledItem, {"kind": kind, "item": current, "user": session.actor_ref})
    if found:
        session.update_many([(found[0], values)])
    else:
        session.create_many(HandledItem, [{"kind": kind, "item": current, **values}])


def unmark_handled(session: Session, kind: str, item: Record) -> bool:
    """Put a record on the actor's worklist again, and return whether it was marked."""
    found = session.find(HandledItem, {"kind": kind, "item": item, "user": session.actor_ref})
    session.delete_many(found)
    return bool(found)


def marks_of(session: Session) -> Marks:
    """Return what the actor has handled, in one statement."""
    found: Marks = {}
    for kind, item, version, until in session.rows(
        HandledItem, ["kind", "item", "at_version", "until"], "user == me()"
    ):
        if isinstance(item, Ref) and isinstance(version, int):
            found.setdefault(str(kind), {})[int(item)] = version, None if until is None else str(until)
    return found


def still_handled(session: Session, kind: WorklistKind, where: str, marks: Mapping[int, Mark]) -> list[int]:
    """Return the ids of those records that wait and are as they were when they were handled."""
    declared, found = session.model.entities[kind.entity].record_class, []
    for some in chunks(sorted(marks)):
        paths = ["id", "version", *kind.times]
        for number, version, *times in session.rows(
            declared, paths, f"{where} and id in given.some", given={"some": some}
        ):
            if marks[int(str(number))] == (version, text_of(kind.until_of(session, times))):
                found.append(int(str(number)))
    return found


def text_of(until: date | None) -> str | None:
    """Return a day or moment as it is kept."""
    return None if until is None else until.isoformat()
