"""Renames: an entity has another name than before, which the change log tells, so that seals can be verified by both.

A seal covers the name that an entity had when its change was sealed. That name is kept beside the seal when the entity
gets another one, and the entry of the rename says what the log must call it since.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa
from attrs import frozen

from crmkit.core.lifecycle.ledger import encode
from crmkit.core.storage.locks import hold
from crmkit.core.storage.system.seals import LOCK

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from crmkit.core.storage.tables import Tables

RENAME = "rename"
"""The action of an entry that tells of a rename. It is about no record: its id is 0."""


@frozen(kw_only=True)
class Rename:
    """What an entry tells: the old name and the new one, as they are told there, and the seal, None if unsealed."""

    old: str | None
    new: str | None
    seal: int | None


def note_rename(connection: sa.Connection, tables: Tables, old: str, new: str, at: datetime) -> None:
    """Note that an entity gets another name; to be called before the entries of its changes get it.

    A sealer at the same time is waited for: what it seals is sealed under the old name.
    """
    hold(connection, tables, LOCK)
    change, sealed = tables.system.change, tables.system.sealed_change
    under_it = sealed.c.change_id.in_(sa.select(change.c.id).where(change.c.entity == old))
    connection.execute(sealed.update().where(under_it, sealed.c.entity.is_(None)).values(entity=old))
    entry = {"entity": new, "record_id": 0, "version": 0, "action": RENAME, "at": at}
    connection.execute(change.insert().values(entry | {"old": told(old), "new": told(new)}))


def told(entity: str) -> str:
    """Return how an entry tells a name."""
    return encode({"entity": entity})


def renames(connection: sa.Connection, tables: Tables) -> list[Rename]:
    """Return all renames in their order."""
    change, sealed = tables.system.change, tables.system.sealed_change
    joined = change.outerjoin(sealed, sealed.c.change_id == change.c.id)
    query = sa.select(change.c.old, change.c.new, sealed.c.seal).select_from(joined)
    rows = connection.execute(query.where(change.c.action == RENAME).order_by(change.c.id))
    return [Rename(old=row.old, new=row.new, seal=row.seal) for row in rows]


def name_since(name: str, seal: int, renames: Iterable[Rename]) -> str:
    """Return, as told, what an entity is called now that was called `name` when changes of it came under a seal."""
    found: str | None = told(name)
    for each in renames:
        if each.old == found and (each.seal is None or each.seal > seal):
            found = each.new
    return found or ""
