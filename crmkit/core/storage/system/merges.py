"""Merges: what was merged into what, and where the ids of merged records lead."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

from crmkit.core.storage.column_types import INTEGER, MOMENT, TEXT
from crmkit.core.storage.system.making import number_column, record_columns

if TYPE_CHECKING:
    from crmkit.core.storage.system.making import TableMaker


class MergeTables:
    """Merges.

    Attributes:
        merge: one row per merge, with all that it changed (JSON), so that it can be undone.
        redirect: one row per merged record, with the record that it lives on in.
    """

    merge: sa.Table
    redirect: sa.Table

    def add_merges(self, make: TableMaker) -> None:
        """Make the tables."""
        self.merge = make.table(
            "merge",
            number_column(),
            sa.Column("entity", TEXT, nullable=False),
            sa.Column("survivor_id", INTEGER, nullable=False),
            sa.Column("done", TEXT, nullable=False),
            sa.Column("at", MOMENT, nullable=False),
            sa.Column("actor_id", INTEGER),
            sa.Column("undone_at", MOMENT),
        )
        make.index("merge_survivor", self.merge.c.entity, self.merge.c.survivor_id)
        self.redirect = make.table(
            "redirect",
            *record_columns(),
            sa.Column("survivor_id", INTEGER, nullable=False),
            sa.Column("merge_id", INTEGER, nullable=False),
            sa.PrimaryKeyConstraint("entity", "record_id"),
        )
        make.index("redirect_survivor", self.redirect.c.entity, self.redirect.c.survivor_id)
