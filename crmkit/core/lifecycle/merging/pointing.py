"""Pointing: everything that refers to a merged record is pointed to the survivor, in whatever table it stands."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from crmkit.core.declare.kinds import AnyRefKind, RefKind
from crmkit.core.lifecycle import ledger
from crmkit.core.lifecycle.changing import refused_update, run_update
from crmkit.core.lifecycle.drafts import UpdateDraft
from crmkit.core.lifecycle.validation import check_unique

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from crmkit.core.assemble.model import EntityModel, FieldModel, Model
    from crmkit.core.declare.records import Record
    from crmkit.core.declare.values import Ref
    from crmkit.core.lifecycle.session import Session

Moved = list[dict[str, Any]]
EVENTS = {"update": "updated", "delete": "deleted", "restore": "restored"}


def referring(model: Model, entity: str) -> Iterator[tuple[EntityModel, FieldModel]]:
    """Yield the fields, of all plugins, that may refer to records of an entity; not who made a change, which stays."""
    for owner in model.entities.values():
        for field in owner.writable.values():
            kind = field.kind
            if (isinstance(kind, RefKind) and kind.target == entity) or (
                isinstance(kind, AnyRefKind) and (not kind.targets or entity in kind.targets)
            ):
                yield owner, field


def point(session: Session, entity: EntityModel, merged: Sequence[Ref[object]], survivor: Ref[object]) -> Moved:
    """Point all records that refer to merged ones to the survivor, and return what was changed, to be undone.

    One that would then be the same as another (by a unique combination) is deleted instead: a contact that both
    customers had is linked to the survivor once.
    """
    moved: Moved = []
    fields: dict[str, list[FieldModel]] = {}
    for owner, field in referring(session.model, entity.name):
        fields.setdefault(owner.name, []).append(field)
    for name, some in fields.items():
        owner = session.model.entities[name]
        found = records_with(session, owner, some, merged)
        own = {int(each) for each in (*merged, survivor)} if owner.name == entity.name else set()
        drafts = []
        for index, record in enumerate(each for each in found if each.id not in own):
            draft = UpdateDraft(session, owner, record=record, index=index)
            held = dict(record.items())
            draft.values = {field.name: survivor for field in some if held.get(field.name) in set(merged)}
            drafts.append(draft)
        check_unique(session, owner, [each for each in drafts if alive(each.record)])
        for draft in drafts:
            moved.append(repoint(session, owner, draft))
    return moved


def alive(record: Record | None) -> bool:
    """Return whether a record is not deleted."""
    return record is not None and record.deleted_at is None


def records_with(
    session: Session, owner: EntityModel, fields: Sequence[FieldModel], merged: Sequence[Ref[object]]
) -> list[Record]:
    """Return the records of an entity, deleted ones included, that refer to one of some records by some fields."""
    table, numbers = session.tables[owner.name], [int(each) for each in merged]
    conditions = []
    for field in fields:
        condition: sa.ColumnElement[bool] = table.c[field.columns[-1]].in_(numbers)
        if isinstance(field.kind, AnyRefKind):
            condition = sa.and_(condition, table.c[field.columns[0]] == merged[0].entity)
        conditions.append(condition)
    ids = session.unit.connection.execute(sa.select(table.c.id).where(sa.or_(*conditions))).scalars().all()
    return list(session.reader.by_id(owner, sorted(ids), deleted=True).values())


def repoint(session: Session, owner: EntityModel, draft: UpdateDraft) -> dict[str, Any]:
    """Write one record's new references, or delete it if there is such a one already; return how to undo it."""
    record = draft.record
    assert record is not None
    held = dict(record.items())
    old = {name: held[name] for name in draft.values}
    if draft.refusals:
        rewrite(session, owner, record, {"deleted_at": session.unit.now}, "delete")
        return {"entity": owner.name, "id": record.id, "deleted": True}
    rewrite(session, owner, record, draft.values, "update")
    return {"entity": owner.name, "id": record.id, "old": ledger.as_json(owner, old)}


def rewrite(session: Session, entity: EntityModel, record: Record, values: Mapping[str, object], action: str) -> Record:
    """Write values of a record, deleted or not, with its change and event.

    Raises:
        ConflictError: if somebody else changed it meanwhile.
    """
    unit, held = session.unit, dict(record.items())
    stamped = {**values, "updated_at": unit.now, "updated_by": session.actor_ref}
    if run_update(session, entity, record, stamped, ("update",)) != 1:
        raise refused_update(session, entity, record, ("update",))
    after = session.make(entity, {**held, **stamped, "version": record.version + 1})
    key = (entity.name, record.id)
    unit.latest[key] = (unit.latest[key][0] if key in unit.latest else record.version, after)
    old = {name: held.get(name) for name in values}
    ledger.log(session, action, EVENTS[action], entity, [(after.id, after.version, old, dict(values))])
    return after


def point_links(session: Session, merged: Sequence[Ref[object]], survivor: Ref[object]) -> Moved:
    """Point links to the survivor; what would be a link to itself, or is there already, is dropped."""
    link, connection = session.tables.system.link, session.unit.connection
    numbers = [int(each) for each in merged]
    moved: Moved = []
    for side in ("source", "target"):
        named, number = link.c[f"{side}_entity"], link.c[f"{side}_id"]
        query = sa.select(link).where(named == survivor.entity, number.in_(numbers)).order_by(link.c.id)
        for row in connection.execute(query).mappings().all():
            changed = {**row, f"{side}_id": int(survivor)}
            ends = ("source_entity", "source_id", "kind", "target_entity", "target_id")
            same = sa.select(link.c.id).where(*(link.c[name] == changed[name] for name in ends))
            first, second = ((changed[f"{each}_entity"], changed[f"{each}_id"]) for each in ("source", "target"))
            if first == second or connection.execute(same).first():
                connection.execute(link.delete().where(link.c.id == row["id"]))
                kept = {name: row[name] for name in ends} | {"at": row["at"].isoformat(), "actor_id": row["actor_id"]}
                moved.append({"link": kept})
            else:
                connection.execute(link.update().where(link.c.id == row["id"]).values({number.name: int(survivor)}))
                moved.append({"link": row["id"], "side": side, "old": row[f"{side}_id"]})
    return moved


def point_shares(session: Session, merged: Sequence[Ref[object]], survivor: Ref[object]) -> None:
    """Open the survivor to whom a merged record was shared, unless it is already; users and teams stand for others."""
    share, connection = session.tables.system.share, session.unit.connection
    numbers = [int(each) for each in merged]
    for entity, number in ((share.c.entity, share.c.record_id), (share.c.to_entity, share.c.to_id)):
        query = sa.select(share).where(entity == survivor.entity, number.in_(numbers))
        for row in connection.execute(query).mappings().all():
            key = ("entity", "record_id", "to_entity", "to_id")
            this = sa.and_(*(share.c[name] == row[name] for name in key))
            changed = {**row, number.name: int(survivor)}
            there = sa.select(share.c.entity).where(*(share.c[name] == changed[name] for name in key))
            if connection.execute(there).first():
                connection.execute(share.delete().where(this))
            else:
                connection.execute(share.update().where(this).values({number.name: int(survivor)}))
