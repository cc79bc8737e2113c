"""Refusing: a check that commands which are refused leave every table as it was, for a whole suite of tests."""

from __future__ import annotations

import sqlite3
from contextlib import contextmanager
from functools import lru_cache, wraps
from typing import TYPE_CHECKING, Final

from attrs import define, field

from crmkit.core.lifecycle.session import Session
from crmkit.core.lifecycle.unit import Unit
from crmkit.core.storage.ids import Ids
from crmkit.errors import CommandError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import pytest
    import sqlalchemy as sa

    from crmkit.core.storage.tables import Tables

WRITING: Final = (
    "create",
    "create_many",
    "update",
    "update_many",
    "delete",
    "merge",
    "unmerge",
    "erase",
    "disclose",
    "secret",
    "set_external_id",
    "restore",
    "move",
    "move_many",
    "delete_many",
    "emit",
    "enqueue",
    "notify",
    "notify_many",
    "mark_read",
    "link",
    "share",
    "unshare",
    "transfer",
)
"""The commands of a session that write."""
MOST_PAGES = 2_000
"""Larger databases are not summed up: their tests are about something else, and would take too long."""


@define(eq=False)
class Watched:
    """A command that is running: the rows that its connection had changed before, and the sums before its savepoint."""

    tables: Tables
    driver: sqlite3.Connection
    changed: int
    sums: dict[str, tuple[object, ...]] = field(factory=dict)


def check_refusals(patch: pytest.MonkeyPatch) -> None:
    """Fail, for the rest of a test, if a command is refused and has still changed a table of a SQLite database.

    SQLite counts the rows that a connection has changed: if that number stands still, nothing was written. A command
    that ran in a savepoint may have written and taken it back: then sums of every table from before and afterwards are
    compared. A session that is doomed keeps nothing of what it did in any case.
    """
    running: dict[int, Watched] = {}
    for name in WRITING:
        patch.setattr(Session, name, _checked(getattr(Session, name), running))
    patch.setattr(Unit, "savepoint", _summing(Unit.savepoint, running))
    patch.setattr(Ids, "_new_block", _uncounted(Ids._new_block, running))  # noqa: SLF001


def _checked(command: Callable[..., object], running: dict[int, Watched]) -> Callable[..., object]:
    @wraps(command)
    def checked(session: Session, *given: object, **named: object) -> object:
        unit = session.unit
        driver = unit.connection.connection.driver_connection if unit.is_open else None
        if not isinstance(driver, sqlite3.Connection) or id(unit) in running:
            return command(session, *given, **named)
        watched = running[id(unit)] = Watched(session.tables, driver, driver.total_changes)
        try:
            return command(session, *given, **named)
        except CommandError as error:
            if unit.is_open and not unit.doomed and driver.total_changes != watched.changed:
                if not watched.sums:
                    problem = f"{error!r} was raised, but rows were written before, outside of a savepoint"
                    raise AssertionError(problem) from error
                if _sums(driver, session.tables) != watched.sums:
                    problem = f"{error!r} was raised, but not all was taken back"
                    raise AssertionError(problem) from error
            raise
        finally:
            del running[id(unit)]

    return checked


def _uncounted(new_block: Callable[..., object], running: dict[int, Watched]) -> Callable[..., object]:
    """Take the rows of the sequence of ids out of the count: ids that were taken and not used do no harm."""

    def uncounted(ids: Ids, connection: sa.Connection, *given: object) -> object:
        driver = connection.connection.driver_connection
        watching = [each for each in running.values() if each.driver is driver]
        before = watching[0].driver.total_changes if watching else 0
        found = new_block(ids, connection, *given)
        for each in watching:
            each.changed += each.driver.total_changes - before
        return found

    return uncounted


def _summing(savepoint: Callable[..., object], running: dict[int, Watched]) -> Callable[..., object]:
    @contextmanager
    def summing(unit: Unit) -> Iterator[None]:
        watched = running.get(id(unit))
        if watched is not None and not watched.sums and watched.driver.total_changes == watched.changed:
            watched.sums = _sums(watched.driver, watched.tables)
        with savepoint(unit):  # type: ignore[attr-defined]
            yield

    return summing


def _sums(driver: sqlite3.Connection, tables: Tables) -> dict[str, tuple[object, ...]]:
    """Return, by table, how many rows there are, the last of them, and for entities the sums of versions and states."""
    pages = driver.execute("PRAGMA page_count").fetchone()[0]
    if pages > MOST_PAGES:
        return {"too large": ()}
    return {row[0]: row[1:] for row in driver.execute(_query(tables))}


@lru_cache(maxsize=8)
def _query(tables: Tables) -> str:
    """Return the statement that sums up all tables, but for the sequence of ids."""
    entities = {table.name for table in tables.entities.values()}
    queries = [
        f"SELECT '{each.name}', count(*), max(rowid), "  # noqa: S608  (own names)
        + ("sum(version), count(deleted_at)" if each.name in entities else "0, 0")
        + f' FROM "{each.name}"'
        for each in tables.all
        if each is not tables.system.sequence
    ]
    return " UNION ALL ".join(queries)
