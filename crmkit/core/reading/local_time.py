"""Local time: the home time zone's day of a moment, computed by the database.

PostgreSQL knows time zones. SQLite does not, so there a function of ours is called, which is made known to the
connection before it is needed.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import sqlalchemy as sa

from crmkit.core.declare.kinds import DateKind
from crmkit.core.declare.kinds.times import zone

if TYPE_CHECKING:
    from crmkit.core.declare.conventions import Conventions
    from crmkit.core.reading.paths import Path

FUNCTION = "crmkit_local_day"
MONTHS_IN_QUARTER = 3


def prepare(connection: sa.Connection) -> None:
    """Make the function known to a SQLite connection; elsewhere nothing is needed."""
    driver = connection.connection.driver_connection
    if connection.dialect.name == "sqlite" and driver is not None:
        driver.create_function(FUNCTION, 2, local_day, deterministic=True)


def local_day(moment: str | None, time_zone: str) -> str | None:
    """Return the day of a moment in UTC, as SQLite stores it, in a time zone."""
    if moment is None:
        return None
    return datetime.fromisoformat(moment).replace(tzinfo=UTC).astimezone(zone(time_zone)).date().isoformat()


def calendar_part(
    column: sa.ColumnElement[object], path: Path, conventions: Conventions, dialect: str
) -> sa.ColumnElement[object]:
    """Return the expression for a part of the calendar, such as the year, of a date or a moment."""
    assert path.part is not None
    day: sa.ColumnElement[object] = column
    if not isinstance(path.field.kind, DateKind):
        day = _local(column, conventions.time_zone, dialect)
    if path.part.name == "date":
        return day
    if path.part.name == "quarter" and dialect == "sqlite":
        month = sa.cast(sa.func.strftime("%m", day), sa.BigInteger)
        return sa.type_coerce((month + (MONTHS_IN_QUARTER - 1)) // MONTHS_IN_QUARTER, sa.BigInteger)
    if dialect == "sqlite":
        form = {"year": "%Y", "month": "%m", "day": "%d"}[path.part.name]
        return sa.cast(sa.func.strftime(form, day), sa.BigInteger)
    return sa.cast(sa.extract(path.part.name, day), sa.BigInteger)


def _local(column: sa.ColumnElement[object], time_zone: str, dialect: str) -> sa.ColumnElement[object]:
    if dialect == "sqlite":
        return sa.type_coerce(getattr(sa.func, FUNCTION)(column, time_zone), sa.Date)
    return sa.cast(sa.func.timezone(time_zone, column), sa.Date)
