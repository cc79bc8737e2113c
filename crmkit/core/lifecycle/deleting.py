"""Deleting and restoring records. Deleted records are hidden, not gone; their parts go and come back with them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

from crmkit.core.declare.values import Ref
from crmkit.core.lifecycle import ledger, seeing
from crmkit.core.lifecycle.access import check_raising
from crmkit.core.lifecycle.branches import follow_trees
from crmkit.core.lifecycle.changing import apply, apply_all, current
from crmkit.core.lifecycle.drafts import Batch, Change, DeleteDraft, RestoreDraft
from crmkit.core.lifecycle.duplicates.keys import follow
from crmkit.core.lifecycle.hooking import CHANGES, DRAFTS, refuse_all, run_hook
from crmkit.core.lifecycle.merging.redirects import merged_error
from crmkit.core.lifecycle.validation import check_unique
from crmkit.errors import AccessDeniedError, NotFoundError, Refusal, Refused
from crmkit.translation import _

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from crmkit.core.assemble.model import EntityModel
    from crmkit.core.declare.records import Record
    from crmkit.core.lifecycle.session import Session

    Restored = tuple[EntityModel, list[Change]]


def delete(session: Session, entity: EntityModel, records: Sequence[Record]) -> None:
    """Delete records and their parts, all or none.

    Raises:
        Refused: if a plugin refuses.
        ConflictError: if one was changed by somebody else since it was read.
        AccessDeniedError: if the actor may not delete it.
        PluginFailedError: if a plugin's hook raised.
    """
    with session.unit.command(writes_much=len(records) > 1 or bool(session.model.parts_of_whole(entity.name))):
        check_raising(session, entity, "delete")
        drafts = [
            DeleteDraft(session, entity, record=seeing.whole(session, entity, current(session, record)), index=index)
            for index, record in enumerate(records)
        ]
        run_hook(session, "crmkit_before_delete", DRAFTS, Batch(entity, drafts, session))
        refuse_all(entity.name, drafts)
        with session.unit.writing():
            for draft in drafts:
                draft.values["deleted_at"] = session.unit.now
            changes = apply_all(session, entity, drafts, "delete")
            log(session, "delete", "deleted", entity, changes)
            session.unit.known -= {(reach, entity.name, each.id) for each in records for reach in (False, True)}
            delete_parts(session, entity, [record.id for record in records])
            run_hook(session, "crmkit_after_delete", CHANGES, Batch(entity, changes, session))


def restore(session: Session, entity: EntityModel, number: int) -> Record:
    """Bring a deleted record back, with the parts that were deleted along with it.

    Raises:
        NotFoundError: if there is no such deleted record within reach.
        MergedError: if it was not deleted, but merged into another one: see `unmerge`.
        Refused: if a plugin refuses, another record has taken a unique value meanwhile, or what it is a part of is
            deleted itself.
        PluginFailedError: if a plugin's hook raised.
    """
    with session.unit.command(writes_much=True):
        record = session.reader.by_id(entity, [number], deleted=True).get(number)
        if record is None or record.deleted_at is None:
            raise NotFoundError(entity=_("deleted {entity}", entity=entity.name), id=number)
        check_raising(session, entity, "delete")
        if not may_restore(session, entity, number):
            raise AccessDeniedError(action="restore", entity=entity.name, actor=session.reacher.name)
        merged = merged_error(session, entity, record)
        if merged is not None:
            raise merged
        check_erased(session, record)
        check_whole(session, entity, record)
        found = seeing.whole(session, entity, record)
        react(session, bring_back(session, entity, [found]))
        return seeing.shown(session, entity, session.reader.by_id(entity, [number]).values())[0]


def check_erased(session: Session, record: Record) -> None:
    """Refuse to bring back what was erased with a person."""
    change, entity = session.tables.system.change, record.__crmkit_entity__.name
    query = sa.select(change.c.id).where(
        change.c.entity == entity, change.c.record_id == record.id, change.c.action == "erase"
    )
    if session.unit.connection.execute(query.limit(1)).first() is not None:
        text = _("It was erased with the person it belonged to, and can't be brought back.")
        raise Refused(entity=entity, refusals=(Refusal(path="id", text=text),))


def check_whole(session: Session, entity: EntityModel, record: Record) -> None:
    """Refuse to bring back a part of a record that is deleted itself."""
    if entity.whole is None:
        return
    whole = getattr(record, entity.whole.name)
    if isinstance(whole, Ref) and not session.elevated.readable_ids(whole.entity, [int(whole)]):
        text = _("It is a part of {whole}, which is deleted. Restore that first.", whole=whole)
        raise Refused(entity=entity.name, refusals=(Refusal(path=entity.whole.name, text=text),))


def may_restore(session: Session, entity: EntityModel, number: int) -> bool:
    """Return whether the actor may delete the record, and so may undo its deletion."""
    table = session.tables[entity.name]
    reach = session.reacher.reach(entity, table, "delete")
    condition = table.c.id == number if reach is None else sa.and_(table.c.id == number, reach)
    return session.unit.connection.execute(sa.select(table.c.id).where(condition)).first() is not None


def bring_back(session: Session, entity: EntityModel, records: Sequence[Record]) -> list[Restored]:
    """Take the mark of deletion off records, and then off the parts that were deleted at the same moment.

    Guards are asked, about the whole first; what comes back is returned in the same order, for `react`.
    """
    elevated = session.elevated
    drafts = [
        RestoreDraft(elevated, entity, record=record, values=dict(record.items()), index=index)
        for index, record in enumerate(records)
    ]
    run_hook(session, "crmkit_before_restore", DRAFTS, Batch(entity, drafts, session))
    check_unique(elevated, entity, drafts)
    refuse_all(entity.name, drafts)
    changes = []
    for draft in drafts:
        draft.values = {"deleted_at": None}
        changes.append(apply(elevated, entity, draft))
    log(session, "restore", "restored", entity, changes)
    restored: list[Restored] = [(entity, changes)]
    for change in changes:
        assert change.before is not None
        assert change.before.deleted_at is not None
        for part, found in parts(session, entity, [change.after.id], deleted_at=change.before.deleted_at):
            restored += bring_back(session, part, found)
    return restored


def react(session: Session, restored: Iterable[Restored]) -> None:
    """Let plugins react to what is there again."""
    for entity, changes in restored:
        run_hook(session, "crmkit_after_restore", CHANGES, Batch(entity, changes, session))


def delete_parts(session: Session, entity: EntityModel, wholes: Sequence[int]) -> None:
    """Delete the parts of deleted records."""
    for part, found in parts(session, entity, wholes):
        delete(session.elevated, part, found)


def parts(
    session: Session, entity: EntityModel, wholes: Sequence[int], deleted_at: datetime | None = None
) -> list[tuple[EntityModel, list[Record]]]:
    """Return the parts of records by entity: the living ones, or those deleted at a moment."""
    found = []
    for part in session.model.parts_of_whole(entity.name):
        assert part.whole is not None
        table = session.tables[part.name]
        of_wholes: sa.ColumnElement[bool] = table.c[part.whole.columns[-1]].in_(wholes)
        if len(part.whole.columns) > 1:
            of_wholes &= table.c[part.whole.columns[0]] == entity.name
        state = table.c.deleted_at.is_(None) if deleted_at is None else table.c.deleted_at == deleted_at
        ids = session.unit.connection.execute(sa.select(table.c.id).where(of_wholes, state)).scalars().all()
        records = session.elevated.reader.by_id(part, ids, deleted=True)
        if records:
            found.append((part, list(records.values())))
    return found


def log(session: Session, action: str, event: str, entity: EntityModel, changes: Sequence[Change]) -> None:
    """Log deletions or restorations, and have trees and keys follow them."""
    follow_trees(session, entity, ((change.before, change.after) for change in changes))
    follow(session, entity, [change.after for change in changes])
    entries = ((change.after.id, change.after.version, None, None) for change in changes)
    ledger.log(session, action, event, entity, entries)
