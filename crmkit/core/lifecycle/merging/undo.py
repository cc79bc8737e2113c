"""Undo: merged records are apart again, as far as nobody has worked on with what the merge made."""

from __future__ import annotations

import json
from datetime import datetime
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from crmkit.core.declare.values import Ref
from crmkit.core.lifecycle.changing import update
from crmkit.core.lifecycle.deleting import bring_back
from crmkit.core.lifecycle.merging import redirects
from crmkit.core.lifecycle.merging.pointing import rewrite
from crmkit.errors import AccessDeniedError, NotFoundError, Refusal, Refused
from crmkit.translation import _

if TYPE_CHECKING:
    from collections.abc import Mapping

    from crmkit.core.assemble.model import EntityModel
    from crmkit.core.declare.records import Record
    from crmkit.core.lifecycle.session import Session


def unmerge(session: Session, survivor: Record, number: int | None) -> list[Record]:
    """Undo a merge into a record, the latest one unless another is named, and return the records that are back.

    What refers to the survivor and was changed since stays with it; a field of the survivor that was changed since
    keeps its value.

    Raises:
        NotFoundError: if nothing was merged into it, or the actor doesn't see it.
        AccessDeniedError: if the actor may not change the survivor.
        Refused: if something is in the way, such as a unique value that another record has taken meanwhile.
    """
    entity = session.model.entity(survivor)
    table = session.tables.system.merge
    with session.unit.command(writes_much=True):
        session.unit.check_writable()
        query = sa.select(table).where(
            table.c.entity == entity.name, table.c.survivor_id == survivor.id, table.c.undone_at.is_(None)
        )
        found = session.unit.connection.execute(query.order_by(table.c.id.desc())).all()
        row = next((each for each in found if number in {None, each.id}), None)
        if row is None or not session.reader.by_id(entity, [survivor.id]):
            raise NotFoundError(entity=_("merge into {entity}", entity=entity.name), id=survivor.id)
        if found[0].id != row.id:
            text = _("Something was merged into it later. Undo that first.")
            raise Refused(entity=entity.name, refusals=(Refusal(path="id", text=text),))
        if survivor.id not in may_update(session, entity, survivor):
            raise AccessDeniedError(action="update", entity=entity.name, actor=session.principal.name)
        done = json.loads(row.done)
        with session.unit.writing():
            take_back_values(session, entity, survivor, done)
            ids = [each["id"] for each in done["others"]]
            merged = session.elevated.reader.by_id(entity, ids, deleted=True)
            back = bring_back(session.elevated, entity, [merged[each] for each in ids])
            for each in done["moved"]:
                point_back(session.elevated, each, int(survivor.id), entity.name)
            for each in done["links"]:
                link_back(session, each, survivor)
            earlier = {int(record): ids for record, ids in done["earlier"].items()}
            redirects.forget(session, entity.name, row.id, earlier)
            undone = table.update().where(table.c.id == row.id).values(undone_at=session.unit.now)
            session.unit.connection.execute(undone)
        return list(session.by_id(entity, [record.id for record in back]).values())


def may_update(session: Session, entity: EntityModel, record: Record) -> set[int]:
    """Return the record's id if the actor may change it."""
    table = session.tables[entity.name]
    reach = session.principal.reach(entity, table, "update")
    query = sa.select(table.c.id).where(table.c.id == record.id, *([] if reach is None else [reach]))
    return set(session.unit.connection.execute(query).scalars())


def take_back_values(session: Session, entity: EntityModel, survivor: Record, done: Mapping[str, Any]) -> None:
    """Give the survivor the values back that it had before, where it still has those of the merge."""
    now = session.elevated.reader.by_id(entity, [survivor.id])[survivor.id]
    held, values = dict(now.items()), {}
    for name, before in done["before"].items():
        field = entity.fields.get(name)
        if field is not None and held.get(name) == parsed(session, entity, name, done["after"][name]):
            values[name] = parsed(session, entity, name, before)
    if values:
        update(session.elevated, entity, [(now, values)])


def parsed(session: Session, entity: EntityModel, name: str, value: object) -> object:
    """Return a value of a change log as the field's kind reads it."""
    return None if value is None else entity.fields[name].kind.parse(value, session.model.conventions)


def point_back(session: Session, moved: Mapping[str, Any], survivor: int, name: str) -> None:
    """Point one record back to where it pointed before, if it still points to the survivor."""
    owner = session.model.entities.get(moved["entity"])
    found = None if owner is None else session.reader.by_id(owner, [moved["id"]], deleted=True).get(moved["id"])
    if owner is None or found is None:
        return
    if moved.get("deleted"):
        if found.deleted_at is not None:
            rewrite(session, owner, found, {"deleted_at": None}, "restore")
        return
    held = dict(found.items())
    values = {
        field: parsed(session, owner, field, before)
        for field, before in moved["old"].items()
        if isinstance(ref := held.get(field), Ref) and (ref.entity, int(ref)) == (name, survivor)
    }
    if values:
        rewrite(session, owner, found, values, "update")


def link_back(session: Session, moved: Mapping[str, Any], survivor: Record) -> None:
    """Point one link back, or make it again if it was dropped."""
    link, connection = session.tables.system.link, session.unit.connection
    if isinstance(moved["link"], dict):
        row = moved["link"] | {"at": datetime.fromisoformat(moved["link"]["at"])}
        connection.execute(link.insert().values(row))
        return
    column = link.c[f"{moved['side']}_id"]
    update_link = link.update().where(link.c.id == moved["link"], column == survivor.id)
    connection.execute(update_link.values({column.name: moved["old"]}))
