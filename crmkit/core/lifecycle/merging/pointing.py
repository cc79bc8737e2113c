"""Pointing: everything that refers to a merged record is pointed to the survivor, in whatever table it stands."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from crmkit.core.declare.kinds import AnyRefKind, RefKind
from crmkit.core.lifecycle import ledger
from crmkit.core.lifecycle.drafts import UpdateDraft
from crmkit.core.lifecycle.merging.writing import write
from crmkit.core.lifecycle.timeline import title_of
from crmkit.core.lifecycle.validation import clashing
from crmkit.errors import Refusal, Refused
from crmkit.translation import _

if TYPE_CHECKING:
    from collections.abc import Sequence

    from crmkit.core.assemble.model import EntityModel, FieldModel, Model
    from crmkit.core.declare.declarations import Unique
    from crmkit.core.declare.records import Record
    from crmkit.core.declare.values import Ref
    from crmkit.core.lifecycle.session import Session

Moved = list[dict[str, Any]]


def referring(model: Model, entity: str) -> dict[str, list[FieldModel]]:
    """Return the fields, of all plugins, that may refer to records of an entity; not who wrote one, which stays."""
    found: dict[str, list[FieldModel]] = {}
    for owner in model.entities.values():
        for field in owner.writable.values():
            kind = field.kind
            if (isinstance(kind, RefKind) and kind.target == entity) or (
                isinstance(kind, AnyRefKind) and (not kind.targets or entity in kind.targets)
            ):
                found.setdefault(owner.name, []).append(field)
    return found


def point(session: Session, entity: EntityModel, merged: Sequence[Ref[object]], survivor: Ref[object]) -> Moved:
    """Point all records that refer to merged ones to the survivor, and return what was changed, to be undone.

    Deleted records are pointed, too, so that they are at home when they are restored.

    Raises:
        Refused: if two of them can't both refer to the survivor.
    """
    moved: Moved = []
    gone = set(merged)
    for name, fields in referring(session.model, entity.name).items():
        owner = session.model.entities[name]
        own = {*merged, survivor} if name == entity.name else set()
        drafts: list[UpdateDraft] = []
        for record in records_with(session, owner, fields, merged):
            if record.ref in own:
                continue
            held = dict(record.items())
            draft = UpdateDraft(session, owner, record=record, index=len(drafts))
            draft.values = {field.name: survivor for field in fields if held.get(field.name) in gone}
            drafts.append(draft)
        settle(session, owner, drafts)
        moved += [noted(owner, draft) for draft in drafts]
        doubles = [draft for draft in drafts if "deleted_at" in draft.values]
        others = [draft for draft in drafts if "deleted_at" not in draft.values]
        write(session, owner, [pair_of(draft) for draft in doubles], "delete", "deleted")
        write(session, owner, [pair_of(draft) for draft in others], "update", "updated")
    return moved


def records_with(
    session: Session, owner: EntityModel, fields: Sequence[FieldModel], merged: Sequence[Ref[object]]
) -> list[Record]:
    """Return the records, deleted ones included, that refer to one of some records by one of some fields; locked."""
    table, numbers = session.tables[owner.name], [int(each) for each in merged]
    conditions = []
    for field in fields:
        condition: sa.ColumnElement[bool] = table.c[field.columns[-1]].in_(numbers)
        if isinstance(field.kind, AnyRefKind):
            condition = sa.and_(condition, table.c[field.columns[0]] == merged[0].entity)
        conditions.append(condition)
    query = sa.select(table.c.id).where(sa.or_(*conditions)).order_by(table.c.id).with_for_update()
    ids = session.unit.connection.execute(query).scalars().all()
    return list(session.reader.by_id(owner, ids, deleted=True).values())


def settle(session: Session, owner: EntityModel, drafts: Sequence[UpdateDraft]) -> None:
    """Settle what would be there twice, by what the unique combination says of it.

    The second record loses the mark that only one may have (`where`), or is deleted as a double (`on_merge="drop"`, or
    if it does nothing but link records).

    Raises:
        Refused: naming the records that can't be together.
    """
    living = [draft for draft in drafts if draft.record is not None and draft.record.deleted_at is None]
    refusals = []
    for unique in owner.uniques:
        for draft in clashing(session, owner, unique, living):
            if unique.where:
                draft.values[unique.where] = False
            elif drops(owner, unique):
                draft.values = {"deleted_at": session.unit.now}
            elif draft.record is not None:
                text = _(
                    "{title} can't be moved along: {problem}", title=title_of(owner, draft.record), problem=said(unique)
                )
                refusals.append(Refusal(path=f"{owner.name}.{', '.join(unique.fields)}", text=text))
        living = [draft for draft in living if "deleted_at" not in draft.values]
    if refusals:
        raise Refused(entity=owner.name, refusals=tuple(refusals))


def drops(owner: EntityModel, unique: Unique) -> bool:
    """Return whether a double of a unique combination is dropped."""
    links = all(isinstance(owner.fields[name].kind, (RefKind, AnyRefKind)) for name in unique.fields)
    return unique.on_merge == "drop" or links


def said(unique: Unique) -> str:
    """Return what a unique combination says of a double."""
    return unique.message or _("Another record has this value already; it must be unique.")


def pair_of(draft: UpdateDraft) -> tuple[Record, dict[str, object]]:
    """Return a draft's record and its values."""
    assert draft.record is not None
    return draft.record, draft.values


def noted(owner: EntityModel, draft: UpdateDraft) -> dict[str, Any]:
    """Return what is kept of a draft, to undo it: ids and marks, no other value."""
    record, values = pair_of(draft)
    held = dict(record.items())
    if "deleted_at" in values:
        return {"entity": owner.name, "id": record.id, "deleted": True}
    old = {name: held[name] for name in values}
    return {
        "entity": owner.name,
        "id": record.id,
        "old": ledger.as_json(owner, old),
        "new": ledger.as_json(owner, values),
    }
