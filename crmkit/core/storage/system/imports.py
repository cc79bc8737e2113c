"""Imports of files, and what became of each row."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

from crmkit.core.storage.column_types import INTEGER, MOMENT, TEXT
from crmkit.core.storage.system.making import number_column

if TYPE_CHECKING:
    from crmkit.core.storage.system.making import TableMaker


class ImportTables:
    """Imports of files.

    Attributes:
        file_import: one row per import.
        imported_row: what became of each row of its files.
    """

    file_import: sa.Table
    imported_row: sa.Table

    def add_imports(self, make: TableMaker) -> None:
        """Make the tables."""
        self.file_import = make.table(
            "import",
            number_column(),
            sa.Column("mapping", TEXT, nullable=False),
            sa.Column("digest", TEXT, nullable=False),
            sa.Column("files", TEXT, nullable=False),
            sa.Column("state", TEXT, nullable=False),
            sa.Column("worker", TEXT),
            sa.Column("at", MOMENT, nullable=False),
            sa.Column("actor_id", INTEGER),
        )
        self.imported_row = make.table(
            "import_row",
            sa.Column("import_id", INTEGER, primary_key=True, autoincrement=False),
            sa.Column("file", INTEGER, primary_key=True, autoincrement=False),
            sa.Column("row", INTEGER, primary_key=True, autoincrement=False),
            sa.Column("part", INTEGER, primary_key=True, autoincrement=False),
            sa.Column("outcome", TEXT, nullable=False),
            sa.Column("entity", TEXT, nullable=False),
            sa.Column("record_id", INTEGER),
            sa.Column("version", INTEGER),
            sa.Column("present", INTEGER),
            sa.Column("key", TEXT),
            sa.Column("problems", TEXT),
        )
        rows = self.imported_row.c
        make.index("import_row_record", rows.import_id, rows.entity, rows.record_id)
        keyed = rows.key.is_not(None)
        make.index("import_row_key", rows.import_id, rows.entity, rows.key, sqlite_where=keyed, postgresql_where=keyed)
