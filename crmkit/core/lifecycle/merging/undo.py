"""Undo: merged records are apart again, as far as nobody has worked on with what the merge made."""

from __future__ import annotations

import json
from datetime import datetime
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from crmkit.core.lifecycle import ledger
from crmkit.core.lifecycle.access import check_raising, within
from crmkit.core.lifecycle.changing import update
from crmkit.core.lifecycle.deleting import bring_back, may_restore, react
from crmkit.core.lifecycle.drafts import UpdateDraft
from crmkit.core.lifecycle.merging import following, redirects
from crmkit.core.lifecycle.merging.writing import write
from crmkit.core.lifecycle.timeline import title_of
from crmkit.core.lifecycle.validation import clashing
from crmkit.errors import AccessDeniedError, NotFoundError, Refusal, Refused
from crmkit.translation import _

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from crmkit.core.assemble.model import EntityModel, Model
    from crmkit.core.declare.records import Record
    from crmkit.core.lifecycle.deleting import Restored
    from crmkit.core.lifecycle.merging.listing import Merge
    from crmkit.core.lifecycle.session import Session


def unmerge(session: Session, merge: Merge) -> list[Record]:
    """Undo a merge, and return the records that are back.

    What referred to them refers to them again, unless it was pointed elsewhere since; a field of the survivor that was
    changed since keeps its value.

    Raises:
        NotFoundError: if there is no such merge, it is undone already, or the actor doesn't see the survivor.
        AccessDeniedError: if the actor may not change and delete the survivor and those that were merged.
        Refused: if something is in the way: a later merge, a unique value that another record has taken meanwhile, or
            a plugin.
        PluginFailedError: if a plugin's hook raised.
    """
    entity, table = session.model.entity(merge.survivor), session.tables.system.merge
    survivor = int(merge.survivor)
    with session.unit.command(writes_much=True):
        session.unit.check_writable()
        of_survivor = sa.and_(
            table.c.entity == entity.name, table.c.survivor_id == survivor, table.c.undone_at.is_(None)
        )
        query = sa.select(table).where(of_survivor).order_by(table.c.id.desc()).with_for_update()
        found = session.unit.connection.execute(query).all()
        row = next((each for each in found if each.id == merge.number), None)
        if row is None or survivor not in session.readable_ids(entity.name, [survivor]):
            raise NotFoundError(entity=_("merge"), id=merge.number)
        done: dict[str, Any] = json.loads(row.done)
        check(session, entity, survivor, done["others"])
        if found[0].id != row.id:
            text = _("Something was merged into it later (merge {number}). Undo that first.", number=found[0].id)
            raise Refused(entity=entity.name, refusals=(Refusal(path="id", text=text),))
        with session.unit.writing():
            restored = take_apart(session, entity, survivor, row.id, done)
            left = left_behind(session.model, done["moved"])
            noted = {"done": json.dumps(done | {"left": left})} if left else {}
            undone = table.update().where(table.c.id == row.id).values(undone_at=session.unit.now, **noted)
            session.unit.connection.execute(undone)
            after = session.elevated.by_id(entity, [survivor])[survivor]
            ledger.note(session, entity, after, "unmerge", {"merge": row.id, "back": done["others"]})
            react(session, restored)
        return list(session.by_id(entity, done["others"]).values())


def check(session: Session, entity: EntityModel, survivor: int, others: Sequence[int]) -> None:
    """Refuse to take records apart that the actor might not have merged.

    Raises:
        AccessDeniedError: if one of them is out of reach.
    """
    check_raising(session, entity, "update")
    is_within = within(session, entity.name, [survivor], "update") and within(
        session, entity.name, [survivor], "delete"
    )
    if not is_within or not all(may_restore(session, entity, each) for each in others):
        raise AccessDeniedError(action="unmerge", entity=entity.name, actor=session.reacher.name)


def take_apart(
    session: Session, entity: EntityModel, survivor: int, number: int, done: Mapping[str, Any]
) -> list[Restored]:
    """Bring the merged records back, with what belonged to them, and return all that is there again."""
    elevated = session.elevated
    take_back_values(elevated, entity, survivor, done["versions"])
    merged = elevated.reader.by_id(entity, done["others"], deleted=True)
    redirects.forget(session, entity.name, number, {int(each): ids for each, ids in done["earlier"].items()})
    restored = bring_back(elevated, entity, list(merged.values()))
    for name in dict.fromkeys(each["entity"] for each in done["moved"]):
        owner = session.model.entities.get(name)
        if owner is not None:
            restored += point_back(elevated, owner, [each for each in done["moved"] if each["entity"] == name])
    following.put_in_place(elevated, elevated.by_id(entity, done["others"]).values())
    for each in done["links"]:
        link_back(session, each, survivor)
    following.forget_dismissals(session, entity.name, done.get("dismissals", ()))
    share = session.tables.system.share
    for each in done["shares"]:
        key = sa.and_(*(share.c[column] == value for column, value in each.items()))
        session.unit.connection.execute(share.delete().where(key, share.c.at <= merged[done["others"][0]].deleted_at))
    return restored


def left_behind(model: Model, moved: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Return what can't be pointed back now, because the plugin is disabled that has the entity or the field."""
    entities = model.entities
    return [
        each
        for each in moved
        if each["entity"] not in entities
        or any(name not in entities[each["entity"]].fields for name in each.get("old", ()))
    ]


def take_back_values(session: Session, entity: EntityModel, survivor: int, versions: Sequence[int]) -> None:
    """Give the survivor the values back that the merge took from it, where it still has those of the merge.

    They are read from the change log: what was erased there doesn't come back.
    """
    change = session.tables.system.change
    first, last = versions
    query = sa.select(change).where(
        change.c.entity == entity.name,
        change.c.record_id == survivor,
        change.c.version > first,
        change.c.version <= last,
        change.c.action == "update",
    )
    now = session.by_id(entity, [survivor])[survivor]
    held = ledger.as_json(entity, dict(now.items()))
    before: dict[str, object] = {}
    merged: dict[str, object] = {}
    for row in session.unit.connection.execute(query.order_by(change.c.version)):
        before = json.loads(row.old or "{}") | before
        merged |= json.loads(row.new or "{}")
    values = {
        name: parsed(session, entity, name, value)
        for name, value in before.items()
        if name in held and name in entity.writable and name in merged and held[name] == merged[name]
    }
    if values:
        update(session, entity, [(now, values)])


def parsed(session: Session, entity: EntityModel, name: str, value: object) -> object:
    """Return a value of the change log as the field's kind reads it."""
    return None if value is None else entity.fields[name].kind.parse(value, session.model.conventions)


def point_back(session: Session, owner: EntityModel, moved: Sequence[Mapping[str, Any]]) -> list[Restored]:
    """Point records back to where they pointed before, where they still are as the merge has left them.

    What the merge dropped as a double is brought back, and returned, for `react`.

    Raises:
        Refused: if one of them would have a value twice that must be unique, or a plugin refuses that a double is
            brought back.
    """
    records = session.reader.by_id(owner, [each["id"] for each in moved], deleted=True)
    drafts: list[UpdateDraft] = []
    doubles: list[Record] = []
    for each in moved:
        record = records.get(each["id"])
        if record is None:
            continue
        if each.get("deleted"):
            if record.deleted_at is not None:
                doubles.append(record)
            continue
        held = ledger.as_json(owner, dict(record.items()))
        same = [name for name in each["old"] if name in owner.fields and held[name] == each["new"][name]]
        if same:
            draft = UpdateDraft(session, owner, record=record, index=len(drafts))
            draft.values = {name: parsed(session, owner, name, each["old"][name]) for name in same}
            drafts.append(draft)
    refuse_doubles(session, owner, drafts)
    pairs = [(draft.record, draft.values) for draft in drafts if draft.record is not None]
    write(session, owner, pairs, "update", "updated")
    return bring_back(session, owner, doubles) if doubles else []


def refuse_doubles(session: Session, owner: EntityModel, drafts: Sequence[UpdateDraft]) -> None:
    """Refuse to point records back to where others have taken their place."""
    living = [draft for draft in drafts if draft.record is not None and draft.record.deleted_at is None]
    refusals = []
    for unique in owner.uniques:
        for draft in clashing(session, owner, unique, living):
            assert draft.record is not None
            text = _("{title} can't go back: another record has taken its place.", title=title_of(owner, draft.record))
            refusals.append(Refusal(path=f"{owner.name}.{', '.join(unique.fields)}", text=text))
    if refusals:
        raise Refused(entity=owner.name, refusals=tuple(refusals))


def link_back(session: Session, moved: Mapping[str, Any], survivor: int) -> None:
    """Point one link back, or make it again if it was dropped."""
    link, connection = session.tables.system.link, session.unit.connection
    session.unit.written += 1
    if isinstance(moved["link"], dict):
        row = moved["link"] | {"at": datetime.fromisoformat(moved["link"]["at"])}
        connection.execute(link.insert().values(row))
        return
    column = link.c[f"{moved['side']}_id"]
    back = link.update().where(link.c.id == moved["link"], column == survivor)
    connection.execute(back.values({column.name: moved["old"]}))
