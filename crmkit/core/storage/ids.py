"""Ids: one sequence an entity, taken in blocks before the insert, so that a batch knows its ids beforehand."""

from __future__ import annotations

import os
import threading
from collections import deque
from typing import TYPE_CHECKING

import sqlalchemy as sa
from sqlalchemy.dialects.sqlite import insert

if TYPE_CHECKING:
    from crmkit.core.storage.tables import Tables

LARGEST_BLOCK = 512


def sequence_of(table: sa.Table) -> sa.Sequence:
    """Return the PostgreSQL sequence of a table's ids."""
    return sa.Sequence(f"{table.name}_seq"[:63], schema=table.schema)


def first_id(connection: sa.Connection, tables: Tables, entity: str) -> int:
    """Return the first id of which the change log tells nothing yet: it keeps the entries of what was purged."""
    change = tables.system.change
    last = connection.execute(sa.select(sa.func.max(change.c.record_id)).where(change.c.entity == entity)).scalar()
    return int(last or 0) + 1


class Ids:
    """The blocks of ids that a process holds for one database.

    Blocks grow with the demand, from one id to 512, so that a program which writes little leaves no gaps. On
    PostgreSQL sequences hand out blocks outside of transactions; on SQLite a block is taken within the writing
    transaction, and kept for later only once that has committed.
    """

    def __init__(self, tables: Tables) -> None:
        self._tables = tables
        self._free: dict[str, deque[int]] = {}
        self._block: dict[str, int] = {}
        self._lock = threading.Lock()
        self._process = os.getpid()

    def take(self, connection: sa.Connection, entity: str, count: int, taken: dict[str, deque[int]]) -> list[int]:
        """Return so many new ids in ascending order.

        What is left of a block that the transaction took goes into `taken`: hand it to `keep` after the commit.
        """
        with self._lock:
            self._forget_if_forked()
            free = self._free.setdefault(entity, deque())
            found = [free.popleft() for _ in range(min(count, len(free)))]
        own = taken.setdefault(entity, deque())
        found += [own.popleft() for _ in range(min(count - len(found), len(own)))]
        if len(found) < count:
            own.extend(self._new_block(connection, entity, count - len(found)))
            found += [own.popleft() for _ in range(count - len(found))]
        return found

    def keep(self, taken: dict[str, deque[int]]) -> None:
        """Keep what is left of blocks for later transactions of this process."""
        with self._lock:
            self._forget_if_forked()
            for entity, ids in taken.items():
                self._free.setdefault(entity, deque()).extend(ids)
                ids.clear()

    def _forget_if_forked(self) -> None:
        if self._process != os.getpid():
            self._process = os.getpid()
            self._free.clear()

    def _new_block(self, connection: sa.Connection, entity: str, wanted: int) -> list[int]:
        size = max(wanted, self._block.get(entity, 1))
        self._block[entity] = min(2 * size, LARGEST_BLOCK)
        if connection.dialect.name == "postgresql":
            name = connection.dialect.identifier_preparer.format_sequence(sequence_of(self._tables[entity]))
            found = connection.exec_driver_sql("SELECT nextval(%s) FROM generate_series(1, %s)", (name, size))
            return [row[0] for row in found]
        sequence = self._tables.system.sequence
        first = insert(sequence).values(entity=entity, next=size + 1)
        statement = first.on_conflict_do_update(
            index_elements=[sequence.c.entity], set_={"next": sequence.c.next + size}
        ).returning(sequence.c.next)
        end = connection.execute(statement).scalar_one()
        return list(range(end - size, end))
