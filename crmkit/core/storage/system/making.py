"""Making the lifecycle's own tables: their names, and the columns that several of them have."""

from __future__ import annotations

import sqlalchemy as sa
from attrs import frozen

from crmkit.core.storage.column_types import INTEGER, KEY, TEXT


@frozen
class TableMaker:
    """Makes tables and indexes whose names begin with the CRM's prefix."""

    metadata: sa.MetaData
    prefix: str
    schema: str | None

    def table(self, name: str, *columns: sa.schema.SchemaItem) -> sa.Table:
        """Return a new table."""
        return sa.Table(f"{self.prefix}{name}", self.metadata, *columns, schema=self.schema)

    def index(self, name: str, *columns: sa.Column[object], **options: object) -> sa.Index:
        """Return a new index on columns of one table."""
        return sa.Index(f"ix_{self.prefix}{name}", *columns, **options)  # type: ignore[arg-type]


def number_column() -> sa.Column[object]:
    """Return the column that counts the rows."""
    return sa.Column("id", KEY, primary_key=True, autoincrement=True)


def record_columns() -> tuple[sa.Column[object], sa.Column[object]]:
    """Return the two columns that say which record a row belongs to."""
    return sa.Column("entity", TEXT, nullable=False), sa.Column("record_id", INTEGER, nullable=False)
