"""Listing merges: what was merged into a record, and when."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import sqlalchemy as sa
from attrs import frozen

from crmkit.core.declare.values import Ref, ref_class
from crmkit.errors import NotFoundError

if TYPE_CHECKING:
    from datetime import datetime

    from crmkit.core.declare.records import Record
    from crmkit.core.lifecycle.session import Session


@frozen(kw_only=True)
class Merge:
    """One merge.

    Attributes:
        number: counts the merges of the database.
        survivor: the record that the others were merged into.
        merged: the others, which are deleted unless the merge was undone.
        at: the moment, UTC, by the user `actor`, None for the system.
        undone_at: when it was undone, UTC; None if it wasn't.
    """

    number: int
    survivor: Ref[object]
    merged: tuple[Ref[object], ...]
    at: datetime
    actor: Ref[object] | None
    undone_at: datetime | None


def merges(session: Session, record: Record) -> list[Merge]:
    """Return the merges into a record, the latest first, undone ones included.

    Raises:
        NotFoundError: if the actor doesn't see the record.
    """
    entity = session.model.entity(record)
    if record.id not in session.readable_ids(entity.name, [record.id]):
        raise NotFoundError(entity=entity.name, id=record.id)
    table, kind = session.tables.system.merge, ref_class(entity.name)
    query = sa.select(table).where(table.c.entity == entity.name, table.c.survivor_id == record.id)
    return [
        Merge(
            number=row.id,
            survivor=record.ref,
            merged=tuple(kind(each) for each in json.loads(row.done)["others"]),
            at=row.at,
            actor=None if row.actor_id is None else ref_class("user")(row.actor_id),
            undone_at=row.undone_at,
        )
        for row in session.unit.connection.execute(query.order_by(table.c.id.desc()))
    ]
