"""Moments: what time it is, by the machine or, where several machines have to agree, by the database."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    import sqlalchemy as sa


def utc_now() -> datetime:
    """Return the moment by the machine's clock, UTC."""
    return datetime.now(UTC)


def shared_now(connection: sa.Connection, clock: Callable[[], datetime]) -> datetime:
    """Return the moment on which all who use a database agree, UTC.

    It is the database server's, unless a clock was handed in, which then counts. SQLite has no server: all its users
    are on one machine.
    """
    if clock is utc_now and connection.dialect.name == "postgresql":
        found: datetime = connection.exec_driver_sql("SELECT clock_timestamp()").scalar_one()
        return found.astimezone(UTC)
    return clock()
