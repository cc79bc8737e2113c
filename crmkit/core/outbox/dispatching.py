"""Dispatching: committed events become work for everybody who handles them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

from crmkit.core.declare.outbox import matches
from crmkit.core.outbox.epochs import begin_epoch
from crmkit.core.storage.adding import add_new
from crmkit.core.storage.locks import try_to_hold
from crmkit.core.storage.system.outbox import WAITING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from crmkit.core.storage.tables import Tables

BATCH = 1000


def dispatch(connection: sa.Connection, tables: Tables, wanted: Mapping[str, Sequence[str]], now: datetime) -> int:
    """Turn the next new events into work, and return how many there were. Run it in a transaction.

    `wanted` holds the patterns of the events that each consumer handles, by its name.

    One at a time: two could hand out events of one record in the wrong order. Whoever finds another one at it does
    nothing.
    """
    if not try_to_hold(connection, tables, "dispatching"):
        return 0
    event, work = tables.system.event, tables.system.work
    query = sa.select(event.c.id, event.c.name, event.c.entity, event.c.record_id)
    rows = connection.execute(query.where(event.c.dispatched_at.is_(None)).order_by(event.c.id).limit(BATCH)).all()
    if not rows:
        return 0
    if connection.execute(sa.select(tables.system.event_epoch.c.token).limit(1)).first() is None:
        begin_epoch(connection, tables)
    takers = {
        event_name: [name for name, patterns in wanted.items() if matches(patterns, event_name)]
        for event_name in {row.name for row in rows}
    }
    made = [
        {
            "consumer": name,
            "occasion": f"event {row.id}",
            "event_id": row.id,
            "entity": row.entity,
            "record_id": row.record_id,
            "state": WAITING,
            "wanted_at": now,
            "due_at": now,
            "tries": 0,
            "crashes": 0,
        }
        for row in rows
        for name in takers[row.name]
    ]
    add_new(connection, work, made)
    done = event.update().where(event.c.id == sa.bindparam("number")).values(dispatched_at=now)
    connection.execute(done, [{"number": row.id} for row in rows])
    return len(rows)
