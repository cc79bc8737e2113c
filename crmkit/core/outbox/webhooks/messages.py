"""Messages: what a receiver is told of an event, which is what the webhook's user may see of it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from crmkit.core.declare.values import ref_class
from crmkit.core.lifecycle.ledger import encode
from crmkit.core.lifecycle.seeing import shown_values
from crmkit.core.outbox.epochs import Epochs

if TYPE_CHECKING:
    from collections.abc import Mapping

    from crmkit.core.lifecycle.session import Session

CHANGING = {"created": "create", "updated": "update", "moved": "move", "deleted": "delete", "restored": "restore"}
"""The events that come with a change of the record, each with the change's action."""


def message(session: Session, number: int) -> tuple[str, bytes] | None:
    """Return the id and the body of the message about an event; None if the session's actor sees nothing of it."""
    event = session.tables.system.event
    row = session.unit.connection.execute(sa.select(event).where(event.c.id == number)).first()
    entity = None if row is None else session.model.entities.get(row.entity)
    if row is None or entity is None or not session.reader.by_id(entity, [row.record_id], deleted=True):
        return None
    told = {
        "record": str(ref_class(row.entity)(row.record_id)),
        "version": row.version,
        "actor": row.actor_id,
        **changed(session, row),
    }
    body = {"type": row.name, "timestamp": row.at.isoformat(), "data": told}
    return Epochs(session.unit.connection, session.tables).id_of(row.id), encode(body).encode()


def changed(session: Session, row: sa.Row[Any]) -> Mapping[str, object]:
    """Return what an event says beyond its record: the values before and after a change, or what was said along.

    What a plugin says along is told only to who sees all fields of the entity: nobody knows what it is made of.
    """
    entity = session.model.entities[row.entity]
    action = CHANGING.get(row.name.partition(".")[2])
    if action is None:
        hidden = session.principal.rights.hidden(entity)
        is_open = all(entity.fields[each].declared.privacy == "secret" for each in hidden)
        return {"payload": json.loads(row.payload)} if row.payload and is_open else {}
    change = session.tables.system.change
    query = sa.select(change.c.old, change.c.new).where(
        change.c.entity == row.entity,
        change.c.record_id == row.record_id,
        change.c.version == row.version,
        change.c.action == action,
    )
    found = session.unit.connection.execute(query).first()
    if found is None:
        return {}
    values = {"old": found.old, "new": found.new}
    return {
        name: dict(shown_values(session, entity, json.loads(text), row.record_id))
        for name, text in values.items()
        if text
    }
