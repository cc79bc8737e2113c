"""Column types: what each part of a field is on every database."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.types import TypeDecorator

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy.engine import Dialect

    from crmkit.core.declare.kinds import Part


class UtcDateTime(TypeDecorator[datetime]):
    """A moment: `timestamptz` on PostgreSQL, ISO text in UTC on SQLite; always read as an aware datetime in UTC."""

    impl = sa.DateTime
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> sa.types.TypeEngine[datetime]:
        """Return the column type of the database."""
        return dialect.type_descriptor(sa.DateTime(timezone=dialect.name == "postgresql"))

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Return the moment as the driver takes it."""
        if value is None:
            return None
        return value.astimezone(UTC) if dialect.name == "postgresql" else value.astimezone(UTC).replace(tzinfo=None)

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[Any], datetime | None]:
        """Return the function from what the driver gives to the moment in UTC, in one step on SQLite."""
        if dialect.name != "sqlite":
            return lambda value: self.process_result_value(value, dialect)
        del coltype
        return _moment_of

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Return the moment in UTC."""
        if value is None:
            return None
        return value.astimezone(UTC) if dialect.name == "postgresql" else value.replace(tzinfo=UTC)


def _moment_of(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text + "+00:00")


TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
"""Text sorted by code point on every database."""
INTEGER = sa.BigInteger()
KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
"""The type of ids: on SQLite only an `INTEGER` primary key is the row id."""
BOOLEAN = sa.Boolean(create_constraint=False)
MOMENT = UtcDateTime()
DATE = sa.Date()
BYTES = sa.LargeBinary()


def column_type(part: Part) -> sa.types.TypeEngine[Any]:
    """Return the column type of a part of a field. Lengths are checked by the lifecycle, not by the database."""
    types: dict[str, sa.types.TypeEngine[Any]] = {
        "text": TEXT,
        "integer": INTEGER,
        "boolean": BOOLEAN,
        "date": DATE,
        "datetime": MOMENT,
    }
    return types[part.type]
