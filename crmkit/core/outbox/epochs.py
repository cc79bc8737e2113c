"""Epochs: what keeps the ids of events apart that have one number, as one was lost when a backup was restored."""

from __future__ import annotations

import secrets
from bisect import bisect_right
from typing import TYPE_CHECKING

import sqlalchemy as sa

if TYPE_CHECKING:
    from crmkit.core.storage.tables import Tables


class Epochs:
    """The epochs of a database: from which event on which text begins the ids."""

    def __init__(self, connection: sa.Connection, tables: Tables) -> None:
        epoch = tables.system.event_epoch
        rows = connection.execute(sa.select(epoch.c.first_event, epoch.c.token).order_by(epoch.c.first_event)).all()
        self._firsts = [row.first_event for row in rows]
        self._tokens = [row.token for row in rows]

    def id_of(self, event: int) -> str:
        """Return the id of an event, by its number."""
        return f"{self._tokens[bisect_right(self._firsts, event) - 1]}-{event}"


def begin_epoch(connection: sa.Connection, tables: Tables) -> None:
    """Give the events from here on ids that no others have; with the first one, all of them."""
    epoch, event = tables.system.event_epoch, tables.system.event
    is_first = connection.execute(sa.select(sa.func.count()).select_from(epoch)).scalar_one() == 0
    last = 0 if is_first else connection.execute(sa.select(sa.func.coalesce(sa.func.max(event.c.id), 0))).scalar_one()
    there = sa.select(epoch.c.first_event).where(epoch.c.first_event == last + 1)
    if connection.execute(there).first() is None:
        connection.execute(epoch.insert().values(first_event=last + 1, token=secrets.token_hex(6)))
        return
    again = epoch.update().where(epoch.c.first_event == last + 1)
    connection.execute(again.values(token=secrets.token_hex(6)))
