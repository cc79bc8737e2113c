"""Sealing: committed changes are chained in batches, afterwards, so that no writer waits for the chain.

Each change gets a random salt, and the hash of salt and values. The seal's digest covers the digest before it and, for
every change of the batch, who did what to which record when, and that hash. Erasing a person drops values and salt: the
hash stays, so the chain still holds, and without the salt nobody can try out which values it stood for. The name of an
entity is covered as it was then; the renames that the log tells of lead to the one that it has now.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from datetime import UTC
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from attrs import frozen

from crmkit.core.lifecycle.renames import name_since, renames, told
from crmkit.core.storage.locks import hold
from crmkit.core.storage.system.seals import LOCK
from crmkit.translation import _

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from crmkit.core.lifecycle.renames import Rename
    from crmkit.core.storage.tables import Tables

BATCH = 1000
FIRST = "0" * 64
"""The digest before the first seal."""


@frozen(kw_only=True)
class Head:
    """The end of the chain: the number of the last seal, and its digest. Kept elsewhere, it shows what was cut off."""

    number: int
    digest: str

    def __str__(self) -> str:
        return f"{self.number}:{self.digest}"


def seal(connection: sa.Connection, tables: Tables, now: datetime) -> int:
    """Seal all committed changes that are under no seal yet, and return their number. Run it in a transaction.

    Changes that were begun earlier and committed later come under a later seal. Two sealers at once don't get in each
    other's way: the second waits, and seals what is left.
    """
    hold(connection, tables, LOCK)
    count = 0
    while True:
        rows = unsealed(connection, tables)
        if not rows:
            return count
        last = head(connection, tables)
        salts = [secrets.token_hex(16) for _row in rows]
        hashes = [hash_of(salt, row.old, row.new) for salt, row in zip(salts, rows, strict=True)]
        number = last.number + 1
        digest = digest_of(last.digest, [leaf(row, row.entity, each) for row, each in zip(rows, hashes, strict=True)])
        connection.execute(
            tables.system.sealed_change.insert(),
            [
                {"change_id": row.id, "seal": number, "salt": salt, "hash": each}
                for row, salt, each in zip(rows, salts, hashes, strict=True)
            ],
        )
        values = {"number": number, "changes": len(rows), "digest": digest, "at": now}
        connection.execute(tables.system.seal.insert().values(values))
        count += len(rows)


def unsealed(connection: sa.Connection, tables: Tables) -> Sequence[sa.Row[Any]]:
    """Return the next changes that are under no seal, by their numbers."""
    change, sealed = tables.system.change, tables.system.sealed_change
    known = sa.exists().where(sealed.c.change_id == change.c.id)
    query = sa.select(change).where(~known).order_by(change.c.id).limit(BATCH)
    return connection.execute(query).all()


def head(connection: sa.Connection, tables: Tables) -> Head:
    """Return the end of the chain."""
    seals = tables.system.seal
    row = connection.execute(sa.select(seals.c.number, seals.c.digest).order_by(seals.c.number.desc()).limit(1)).first()
    return Head(number=row.number, digest=row.digest) if row else Head(number=0, digest=FIRST)


def hash_of(salt: str, old: str | None, new: str | None) -> str:
    """Return the salted hash of what a change holds (SHA-256)."""
    return hashlib.sha256(json.dumps([salt, old, new]).encode()).hexdigest()


def leaf(row: sa.Row[Any], entity: str, hashed: str) -> str:
    """Return what the digest covers of a change: who did what to which record when, and the hash of the values."""
    at = row.at.astimezone(UTC).isoformat()
    return json.dumps([row.id, entity, row.record_id, row.version, row.action, at, row.actor_id, hashed])


def digest_of(before: str, leaves: list[str]) -> str:
    """Return the digest of a seal (SHA-256)."""
    found = hashlib.sha256(before.encode())
    for each in leaves:
        found.update(b"\n" + each.encode())
    return found.hexdigest()


def broken(connection: sa.Connection, tables: Tables, anchor: str | None = None) -> Iterator[str]:
    """Yield what is wrong with the chain: what was changed, added, taken out or put elsewhere.

    `anchor` is the end of the chain as it was noted before; the chain must have passed it.
    """
    seals, known = tables.system.seal, renames(connection, tables)
    before, expected, seen = FIRST, 1, False
    for each in connection.execute(sa.select(seals).order_by(seals.c.number)).all():
        if each.number != expected:
            yield _("seal {number} is missing", number=expected)
        rows = sealed_under(connection, tables, each.number)
        for row in rows:
            yield from altered(row, each.number, known)
        leaves = [leaf(row, row.sealed_as or row.entity, row.hash) for row in rows if row.id is not None]
        if len(leaves) != each.changes or digest_of(before, leaves) != each.digest:
            yield _("what seal {number} covers was altered", number=each.number)
        seen = seen or anchor == f"{each.number}:{each.digest}"
        before, expected = each.digest, each.number + 1
    if anchor is not None and not seen:
        yield _("the chain does not hold {anchor}, which it did before", anchor=anchor)


def sealed_under(connection: sa.Connection, tables: Tables, seal: int) -> Sequence[sa.Row[Any]]:
    """Return the changes under a seal by their numbers, with what was kept of each; without an `id` if it is gone."""
    change, sealed = tables.system.change, tables.system.sealed_change
    query = (
        sa.select(sealed.c.change_id, sealed.c.salt, sealed.c.hash, sealed.c.entity.label("sealed_as"), change)
        .select_from(sealed.outerjoin(change, change.c.id == sealed.c.change_id))
        .where(sealed.c.seal == seal)
        .order_by(sealed.c.change_id)
    )
    return connection.execute(query).all()


def altered(row: sa.Row[Any], seal: int, known: Sequence[Rename]) -> Iterator[str]:
    """Yield what was altered of a change under a seal, as far as it shows in the change itself."""
    if row.id is None:
        yield _("change {id}, under seal {number}, is missing", id=row.change_id, number=seal)
        return
    is_erased = row.salt is None
    if (is_erased and (row.old is not None or row.new is not None)) or (
        not is_erased and hash_of(row.salt, row.old, row.new) != row.hash
    ):
        yield _("the values of change {id}, under seal {number}, were altered", id=row.id, number=seal)
    if name_since(row.sealed_as or row.entity, seal, known) != told(row.entity):
        yield _("the entity of change {id}, under seal {number}, was altered", id=row.id, number=seal)
