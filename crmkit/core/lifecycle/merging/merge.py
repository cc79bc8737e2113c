"""Merge: several records of an entity become one of them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from crmkit.core.lifecycle import ledger
from crmkit.core.lifecycle.branches import follow_trees
from crmkit.core.lifecycle.changing import apply, current, update
from crmkit.core.lifecycle.drafts import DeleteDraft
from crmkit.core.lifecycle.merging import pointing, redirects
from crmkit.core.lifecycle.merging.survivorship import surviving_values
from crmkit.core.lifecycle.seeing import shown, whole
from crmkit.errors import Refusal, Refused
from crmkit.translation import _

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from crmkit.core.assemble.model import EntityModel
    from crmkit.core.declare.records import Record
    from crmkit.core.lifecycle.session import Session

UNMERGED = ("user", "team")
"""Entities whose records stand for who did something, and whom permission asks for."""


def merge(session: Session, entity: EntityModel, given: Sequence[Record], values: Mapping[str, object]) -> Record:
    """Merge records into the first of them, and return it as it is then.

    Raises:
        Refused: if there are none to merge, or a value doesn't fit.
        ConflictError: if one was changed by somebody else since it was read; `MergedError` if it was merged.
        AccessDeniedError: if the actor may not change the survivor, or delete one of the others.
    """
    with session.unit.command(writes_much=True):
        check(entity, given)
        lock(session, entity, given)
        survivor, *others = [whole(session, entity, current(session, record)) for record in given]
        kept = surviving_values(entity, [survivor, *others], values)
        refs = [each.ref for each in others]
        before = {name: value for name, value in survivor.items() if name in kept}
        with session.unit.writing():
            gone = [delete(session, entity, each, index) for index, each in enumerate(others)]
            elevated = session.elevated
            done: dict[str, Any] = {
                "others": [{"id": each.id, "version": each.version} for each in gone],
                "earlier": redirects.leading_to(session, entity.name, [each.id for each in others]),
                "moved": pointing.point(elevated, entity, refs, survivor.ref),
                "links": pointing.point_links(elevated, refs, survivor.ref),
            }
            pointing.point_shares(elevated, refs, survivor.ref)
            (after,) = update(session, entity, [(survivor, kept)]) if kept else (survivor,)
            done["before"] = ledger.as_json(entity, before)
            done["after"] = ledger.as_json(entity, {name: dict(after.items()).get(name) for name in kept})
            number = note(session, entity, survivor, done)
            redirects.lead(session, entity.name, [each.id for each in others], survivor.id, number)
        ledger.emit(session, f"{entity.name}.merged", after, {"merge": number, "merged": [each.id for each in others]})
        return shown(session, entity, [current(session, after)])[0]


def check(entity: EntityModel, given: Sequence[Record]) -> None:
    """Refuse what can't be merged."""
    problem = None
    if entity.name in UNMERGED:
        problem = _("Users and teams are not merged: hand over what they own.")
    elif len(given) == 1:
        problem = _("Name the records to merge into it.")
    elif len({record.id for record in given}) < len(given):
        problem = _("A record can't be merged into itself.")
    if problem is not None:
        raise Refused(entity=entity.name, refusals=(Refusal(path="id", text=problem),))


def lock(session: Session, entity: EntityModel, given: Sequence[Record]) -> None:
    """Lock the records in the order of their ids, so that merges of the same ones wait instead of getting stuck.

    On PostgreSQL this also waits for those who are just about to refer to one of them.
    """
    session.unit.check_writable()
    table = session.tables[entity.name]
    ids = sorted(record.id for record in given)
    query = sa.select(table.c.id).where(table.c.id.in_(ids)).order_by(table.c.id).with_for_update()
    session.unit.connection.execute(query).all()


def delete(session: Session, entity: EntityModel, record: Record, index: int) -> Record:
    """Mark a merged record as deleted; what belongs to it goes to the survivor instead of being deleted with it."""
    draft = DeleteDraft(session, entity, record=record, index=index)
    draft.values["deleted_at"] = session.unit.now
    change = apply(session, entity, draft, actions=("delete",))
    follow_trees(session, entity, [(change.before, change.after)])
    ledger.log(session, "delete", "deleted", entity, [(change.after.id, change.after.version, None, None)])
    session.unit.known -= {(reach, entity.name, record.id) for reach in (False, True)}
    return change.after


def note(session: Session, entity: EntityModel, survivor: Record, done: Mapping[str, Any]) -> int:
    """Note the merge, and return its number."""
    table = session.tables.system.merge
    row = {
        "entity": entity.name,
        "survivor_id": survivor.id,
        "done": json.dumps(done),
        "at": session.unit.now,
        "actor_id": session.principal.user,
    }
    return int(session.unit.connection.execute(table.insert().values(row).returning(table.c.id)).scalar_one())
