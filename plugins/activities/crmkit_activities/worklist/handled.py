"""Handled items: what somebody has put off the worklist, until the record changes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crmkit import Record, Ref, Unique, User, record
from crmkit.core.assemble.model import known
from crmkit.core.declare import fields as f
from crmkit.core.declare.worklists import WorklistKind
from crmkit.translation import _

if TYPE_CHECKING:
    from collections.abc import Mapping

    from crmkit import Session

    Marks = dict[str, dict[Ref[object], int]]


@record(title="kind", owner="user", private=True)
class HandledItem(Record):
    """A record that a user has handled, as far as a kind of work is concerned, in the version that it had."""

    user: Ref[User] = f.ref()
    kind: str = f.text(max=41)
    item: Ref[object] = f.any_ref(part_of=False, person="mentions")
    at_version: int = f.integer(min=1)


MOST_MARKS = 2_000

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
    """Put a record off the actor's worklist of a kind, until it changes; twice is once.

    Raises:
        UnknownNameError: if there is no such kind.
        NotFoundError: if the actor doesn't see the record.
    """
    known({each.name: each for each, _plugin in session.model.of(WorklistKind)}, kind, _("worklist kind"))
    current = session.get(session.model.entity(item).record_class, item.id)
    found = session.find(HandledItem, {"kind": kind, "item": current, "user": session.actor_ref})
    if found:
        session.update(found[0], at_version=current.version)
    else:
        session.create(HandledItem, kind=kind, item=current, at_version=current.version)


def unmark_handled(session: Session, kind: str, item: Record) -> bool:
    """Put a record on the actor's worklist again, and return whether it was marked."""
    found = session.find(HandledItem, {"kind": kind, "item": item, "user": session.actor_ref})
    for each in found:
        session.delete(each)
    return bool(found)


def marks_of(session: Session) -> Marks:
    """Return what the actor has handled: by kind, the records with their versions, in one statement.

    The latest marks count; of very old ones the records have changed, or are done.
    """
    found: Marks = {}
    paths = ["kind", "item", "at_version"]
    for kind, item, version in session.rows(HandledItem, paths, "user == me()", order="-id", limit=MOST_MARKS):
        assert isinstance(item, Ref)
        assert isinstance(version, int)
        found.setdefault(str(kind), {})[item] = version
    return found


def still_handled(session: Session, entity: str, marks: Mapping[Ref[object], int]) -> list[int]:
    """Return the ids of those records that have not changed since they were handled."""
    versions = {int(ref): version for ref, version in marks.items() if ref.entity == entity}
    if not versions:
        return []
    declared = session.model.entities[entity].record_class
    rows = session.rows(declared, ["id", "version"], "id in given.ids", given={"ids": list(versions)})
    return [int(str(number)) for number, version in rows if versions[int(str(number))] == version]
