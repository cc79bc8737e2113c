"""Duplicates: the keys by which records are compared, and the pairs that somebody has said are not the same."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

from crmkit.core.storage.column_types import INTEGER, MOMENT, TEXT
from crmkit.core.storage.system.making import record_columns

if TYPE_CHECKING:
    from crmkit.core.storage.system.making import TableMaker


class DuplicateTables:
    """Duplicates.

    Attributes:
        duplicate_key: one row per living record and key (`number` of the entity's rules); a key doesn't tell what it
            was made of.
        duplicate_rule: by which rules the keys were made, as a digest.
        dismissal: one row per pair that is not the same, the smaller id first.
    """

    duplicate_key: sa.Table
    duplicate_rule: sa.Table
    dismissal: sa.Table

    def add_duplicates(self, make: TableMaker) -> None:
        """Make the tables."""
        self.duplicate_key = make.table(
            "duplicate_key",
            *record_columns(),
            sa.Column("key", INTEGER, nullable=False),
            sa.Column("number", INTEGER, nullable=False),
            sa.PrimaryKeyConstraint("entity", "key", "record_id"),
        )
        make.index("duplicate_key_record", self.duplicate_key.c.entity, self.duplicate_key.c.record_id)
        self.duplicate_rule = make.table(
            "duplicate_rule", sa.Column("entity", TEXT, primary_key=True), sa.Column("digest", TEXT, nullable=False)
        )
        self.dismissal = make.table(
            "dismissal",
            sa.Column("entity", TEXT, primary_key=True),
            sa.Column("first_id", INTEGER, primary_key=True, autoincrement=False),
            sa.Column("second_id", INTEGER, primary_key=True, autoincrement=False),
            sa.Column("at", MOMENT, nullable=False),
            sa.Column("actor_id", INTEGER),
        )
