"""Files: their contents by SHA-256, and which records have, or had, which of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

from crmkit.core.storage.column_types import BYTES, INTEGER, MOMENT, TEXT
from crmkit.core.storage.system.making import record_columns

if TYPE_CHECKING:
    from crmkit.core.storage.system.making import TableMaker


class FileTables:
    """Contents are in the database, so that transactions, backups, tenants and erasures hold for them, too.

    Attributes:
        file_content: one row for every content there is, with its size in bytes.
        file_chunk: the bytes of a content, in chunks counted from 0.
        file_use: a content that a field of a record has, or had before: so long as there is one, the content stays.
    """

    file_content: sa.Table
    file_chunk: sa.Table
    file_use: sa.Table

    def add_files(self, make: TableMaker) -> None:
        """Make the tables."""
        self.file_content = make.table(
            "file_content",
            sa.Column("sha256", TEXT, primary_key=True),
            sa.Column("size", INTEGER, nullable=False),
            sa.Column("at", MOMENT, nullable=False),
        )
        self.file_chunk = make.table(
            "file_chunk",
            sa.Column("sha256", TEXT, primary_key=True),
            sa.Column("position", INTEGER, primary_key=True, autoincrement=False),
            sa.Column("data", BYTES, nullable=False),
        )
        entity, record = record_columns()
        self.file_use = make.table(
            "file_use",
            sa.Column("sha256", TEXT, primary_key=True),
            sa.Column(entity.name, entity.type, primary_key=True),
            sa.Column("field", TEXT, primary_key=True),
            sa.Column(record.name, record.type, primary_key=True, autoincrement=False),
        )
        make.index("file_use_record", self.file_use.c.entity, self.file_use.c.record_id)
