"""Contents of files in the database: written once whoever has them, read whole, and dropped when nobody has them."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import sqlalchemy as sa

from crmkit.core.storage.adding import add_new
from crmkit.core.storage.locks import hold, share

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from datetime import datetime

    from crmkit.core.storage.tables import Tables

CHUNK = 512 * 2**10
"""Bytes in one row. A line of a backup holds one row."""
LOCK = "files"
"""What those hold who drop contents, and those share who add or use some."""
AT_ONCE = 500


def store(connection: sa.Connection, tables: Tables, contents: Mapping[str, bytes], at: datetime) -> int:
    """Write contents by their SHA-256, but for those that are there, and return how many bytes were written."""
    share(connection, tables, LOCK)
    system, written = tables.system, 0
    for digest, content in sorted(contents.items()):
        if not add_new(connection, system.file_content, [{"sha256": digest, "size": len(content), "at": at}]):
            continue
        for position, start in enumerate(range(0, len(content), CHUNK)):
            row = {"sha256": digest, "position": position, "data": content[start : start + CHUNK]}
            connection.execute(system.file_chunk.insert(), row)
        written += len(content)
    return written


def chunks_of(connection: sa.Connection, tables: Tables, digest: str) -> Iterator[bytes]:
    """Yield the bytes of a content in their order, chunk by chunk."""
    chunk = tables.system.file_chunk
    positions = sa.select(chunk.c.position).where(chunk.c.sha256 == digest).order_by(chunk.c.position)
    for position in connection.execute(positions).scalars().all():
        query = sa.select(chunk.c.data).where(chunk.c.sha256 == digest, chunk.c.position == position)
        yield bytes(connection.execute(query).scalar_one())


def read(connection: sa.Connection, tables: Tables, digest: str) -> bytes | None:
    """Return a content, None if it isn't there or isn't what its SHA-256 says."""
    content = b"".join(chunks_of(connection, tables, digest))
    return content if hashlib.sha256(content).hexdigest() == digest else None


def note_uses(connection: sa.Connection, tables: Tables, uses: Iterable[tuple[str, str, str, int]]) -> None:
    """Note that fields of records have contents, as `(sha256, entity, field, record)`; twice is once."""
    rows = [
        {"sha256": digest, "entity": entity, "field": field, "record_id": record}
        for digest, entity, field, record in sorted(set(uses))
    ]
    if rows:
        share(connection, tables, LOCK)
        add_new(connection, tables.system.file_use, rows)


def forget_uses(connection: sa.Connection, tables: Tables, where: sa.ColumnElement[bool]) -> None:
    """Forget uses, and drop the contents that nobody has any more."""
    use = tables.system.file_use
    hold(connection, tables, LOCK)
    digests = connection.execute(sa.select(use.c.sha256).where(where).distinct()).scalars().all()
    connection.execute(use.delete().where(where))
    for start in range(0, len(digests), AT_ONCE):
        drop_unused(connection, tables, digests[start : start + AT_ONCE])


def drop_unused(connection: sa.Connection, tables: Tables, digests: Iterable[str]) -> None:
    """Drop those of some contents that no record has or had."""
    system = tables.system
    for table in (system.file_chunk, system.file_content):
        is_used = sa.exists().where(system.file_use.c.sha256 == table.c.sha256)
        connection.execute(table.delete().where(table.c.sha256.in_(list(digests)), ~is_used))
