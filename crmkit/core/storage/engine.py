"""Engines: how SQLite and PostgreSQL are opened so that no update gets lost."""

from __future__ import annotations

import os
import sqlite3
import time
from typing import TYPE_CHECKING

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.exc import DisconnectionError

from crmkit.errors import UnpreparedEngineError, UnsupportedDatabaseError

if TYPE_CHECKING:
    from sqlalchemy.engine.interfaces import DBAPIConnection, DBAPICursor
    from sqlalchemy.pool import ConnectionPoolEntry, PoolProxiedConnection

SUPPORTED = ("sqlite", "postgresql")
BUSY_SECONDS = 30
RETRY_SECONDS = 0.01
DEFERRED = "crmkit_deferred"
"""The execution option of connections on which crmkit itself says when the transaction begins."""


def open_engine(url: str | sa.URL) -> sa.Engine:
    """Return an engine for a URL; nothing is connected yet. Its errors and logs show no values.

    Raises:
        UnsupportedDatabaseError: if it is neither SQLite nor PostgreSQL.
    """
    made = sa.make_url(url)
    if made.get_backend_name() not in SUPPORTED:
        raise UnsupportedDatabaseError(dialect=made.get_backend_name())
    if made.drivername == "postgresql":
        made = made.set(drivername="postgresql+psycopg")
    if made.get_backend_name() == "postgresql":
        return reconnect_after_fork(sa.create_engine(made, pool_pre_ping=False, hide_parameters=True))
    in_memory = made.database in {None, "", ":memory:"}
    pool = {"poolclass": sa.StaticPool, "connect_args": {"check_same_thread": False}} if in_memory else {}
    engine = prepare_sqlite(sa.create_engine(made, hide_parameters=True, **pool))
    return engine if in_memory else reconnect_after_fork(engine)


def reconnect_after_fork(engine: sa.Engine) -> sa.Engine:
    """Have a forked process connect anew: two processes on one connection take each other's answers."""
    inherited: list[object] = []  # kept, as closing a connection here would end it for the parent

    def note_process(_connection: DBAPIConnection, entry: ConnectionPoolEntry) -> None:
        entry.info["process"] = os.getpid()

    def check_process(connection: DBAPIConnection, entry: ConnectionPoolEntry, proxy: PoolProxiedConnection) -> None:
        if entry.info["process"] != os.getpid():
            inherited.append(connection)
            entry.dbapi_connection = proxy.dbapi_connection = None  # type: ignore[misc]
            raise DisconnectionError("The connection belongs to the process that this one was forked from.")

    event.listen(engine, "connect", note_process)
    event.listen(engine, "checkout", check_process)
    return engine


def prepare_sqlite(engine: sa.Engine) -> sa.Engine:
    """Prepare a SQLite engine so that concurrent updates wait for each other instead of getting lost.

    The driver no longer begins transactions by itself: every transaction begins with `BEGIN IMMEDIATE`, foreign keys
    are enforced, the journal is written ahead (WAL), and a writer waits up to 30 seconds for another. Call it right
    after `create_engine()`. Calling it twice, or with an engine of another database, changes nothing.
    """
    if engine.dialect.name == "sqlite" and not event.contains(engine, "begin", _begin_immediate):
        event.listen(engine, "connect", _set_up)
        event.listen(engine, "begin", _begin_immediate)
    return engine


def check_prepared(engine: sa.Engine) -> None:
    """Refuse a host's engine on which updates could get lost.

    Raises:
        UnpreparedEngineError: saying what to call.
        UnsupportedDatabaseError: if it is neither SQLite nor PostgreSQL.
    """
    if engine.dialect.name not in SUPPORTED:
        raise UnsupportedDatabaseError(dialect=engine.dialect.name)
    if engine.dialect.name == "sqlite" and not event.contains(engine, "begin", _begin_immediate):
        raise UnpreparedEngineError(url=engine.url.render_as_string(hide_password=True))


def _set_up(connection: DBAPIConnection, _record: ConnectionPoolEntry) -> None:
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute("PRAGMA foreign_keys=ON")
    cursor.execute(f"PRAGMA busy_timeout={BUSY_SECONDS * 1000}")
    _use_write_ahead_log(cursor)
    cursor.execute("PRAGMA synchronous=NORMAL")
    cursor.close()


def _use_write_ahead_log(cursor: DBAPICursor) -> None:
    """Turn the write-ahead log on. SQLite's own waiting doesn't cover the moment when several do so at once."""
    deadline = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            cursor.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError:
            if time.monotonic() > deadline:
                raise
            time.sleep(RETRY_SECONDS)
        else:
            return


def _begin_immediate(connection: sa.Connection) -> None:
    if not connection.get_execution_options().get(DEFERRED):
        connection.exec_driver_sql("BEGIN IMMEDIATE")
