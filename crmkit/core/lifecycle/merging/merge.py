"""Merge: several records of an entity become one of them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from crmkit.core.lifecycle import ledger
from crmkit.core.lifecycle.access import check_raising, within
from crmkit.core.lifecycle.changing import current, refused_update, update
from crmkit.core.lifecycle.drafts import Batch, MergeDraft
from crmkit.core.lifecycle.hooking import DRAFTS, refuse_all, run_hook
from crmkit.core.lifecycle.merging import following, pointing, redirects
from crmkit.core.lifecycle.merging.circles import refuse_circles
from crmkit.core.lifecycle.merging.survivorship import Carrying, surviving_values
from crmkit.core.lifecycle.merging.writing import write
from crmkit.core.lifecycle.occasions import occasion
from crmkit.core.lifecycle.seeing import shown
from crmkit.errors import AccessDeniedError, NotFoundError, Refusal, Refused
from crmkit.translation import _

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from crmkit.core.assemble.model import EntityModel
    from crmkit.core.declare.records import Record
    from crmkit.core.lifecycle.session import Session

UNMERGED = {
    "user": _("Users and teams are not merged: hand over what they own."),
    "team": _("Users and teams are not merged: hand over what they own."),
    "custom_field": _("Definitions of fields are not merged: records have values of each."),
}
"""Entities whose records stand for who did something, or on which permission or other records' values rest."""


def merge(session: Session, entity: EntityModel, given: Sequence[Record], values: Mapping[str, object]) -> Record:
    """Merge records into the first of them, and return it as it is then.

    What is merged and pointed to the survivor is written with system reach: the actor has been asked for already.

    Raises:
        Refused: if there are none to merge, or a value or a reference doesn't fit.
        ConflictError: if one was changed by somebody else since it was read; `MergedError` if it was merged.
        AccessDeniedError: if the actor may not change and delete every one of them.
    """
    with session.unit.command(writes_much=True):
        refuse_unfit(entity, given)
        survivor, *others = lock(session, entity, given)
        guard(session, entity, [survivor, *others])
        automatic, chosen = surviving_values(entity, [survivor, *others], values)
        elevated, refs = session.elevated, [each.ref for each in others]
        with session.unit.writing():
            write(elevated, entity, [(each, {"deleted_at": session.unit.now}) for each in others], "delete", "deleted")
            session.unit.known -= {(reach, entity.name, each.id) for each in others for reach in (False, True)}
            done: dict[str, Any] = {
                "others": [each.id for each in others],
                "earlier": redirects.leading_to(session, entity.name, [each.id for each in others]),
                "moved": pointing.point(elevated, entity, refs, survivor.ref),
                "links": following.point_links(elevated, refs, survivor.ref),
                "shares": following.copy_shares(session, refs, survivor.ref),
                "dismissals": following.copy_dismissals(session, entity, refs, survivor.ref),
            }
            after = survivor
            if automatic:
                with occasion(session, Carrying()):
                    (after,) = update(elevated, entity, [(survivor, automatic)])
            if chosen:
                (after,) = update(session, entity, [(survivor, chosen)])
            after = current(session, after)
            refuse_circles(elevated, entity, after)
            following.put_in_place(elevated, [after])
            done["versions"] = [survivor.version, after.version]
            number = note(session, entity, after, done)
            redirects.lead(session, entity.name, [each.id for each in others], survivor.id, number)
            said = {"merge": number, "merged": [each.id for each in others]}
            ledger.note(session, entity, after, "merge", said)
    return shown(session, entity, [after])[0]


def guard(session: Session, entity: EntityModel, records: Sequence[Record]) -> None:
    """Ask the plugins' guards whether the records may become one.

    Raises:
        Refused: with everything that they have against it.
    """
    drafts = [MergeDraft(session, entity, record=record, index=index) for index, record in enumerate(records)]
    run_hook(session, "crmkit_before_merge", DRAFTS, Batch(entity, drafts, session))
    refuse_all(entity.name, drafts)


def refuse_unfit(entity: EntityModel, given: Sequence[Record]) -> None:
    """Refuse what can't be merged at all."""
    problem = UNMERGED.get(entity.name)
    if problem is None and len(given) == 1:
        problem = _("Name the records to merge into it.")
    if problem is None and len({record.id for record in given}) < len(given):
        problem = _("A record can't be merged into itself.")
    if problem is not None:
        raise Refused(entity=entity.name, refusals=(Refusal(path="id", text=problem),))


def lock(session: Session, entity: EntityModel, given: Sequence[Record]) -> list[Record]:
    """Lock the records, and return them whole, after having checked that the actor may merge them as they were read.

    They are locked in the order of their ids, so that merges of the same ones wait instead of getting stuck. On
    PostgreSQL this also waits for those who are about to refer to one of them (see `check_references`).
    """
    table, ids = session.tables[entity.name], sorted(record.id for record in given)
    query = sa.select(table.c.id).where(table.c.id.in_(ids)).order_by(table.c.id).with_for_update()
    session.unit.connection.execute(query).all()
    readable = session.reader.by_id(entity, ids, deleted=True)
    found = session.elevated.reader.by_id(entity, ids, deleted=True)
    for record in (current(session, each) for each in given):
        if record.id not in readable:
            raise NotFoundError(entity=entity.name, id=record.id)
        if found[record.id].version != record.version:
            raise refused_update(session, entity, record, ("delete",))
        if record.deleted_at is not None:
            raise redirects.merged_error(session, entity, record) or NotFoundError(entity=entity.name, id=record.id)
    check_raising(session, entity, "update")
    for action in ("update", "delete"):
        if not within(session, entity.name, ids, action):
            raise AccessDeniedError(action="merge", entity=entity.name, actor=session.reacher.name)
    whole = [found[each.id] for each in given]
    if entity.whole is not None and len({dict(each.items())[entity.whole.name] for each in whole}) > 1:
        text = _("They are parts of different records. Merge those first.")
        raise Refused(entity=entity.name, refusals=(Refusal(path=entity.whole.name, text=text),))
    return whole


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
    session.unit.written += 1
    return int(session.unit.connection.execute(table.insert().values(row).returning(table.c.id)).scalar_one())
