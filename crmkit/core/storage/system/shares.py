"""Shares: records that were opened to a user or a team beyond what roles allow."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

from crmkit.core.storage.column_types import INTEGER, MOMENT, TEXT
from crmkit.core.storage.system.making import record_columns

if TYPE_CHECKING:
    from crmkit.core.storage.system.making import TableMaker


class ShareTables:
    """Shares.

    Attributes:
        share: one row for every record and every user or team (`to_entity`, `to_id`) it is shared with.
    """

    share: sa.Table

    def add_shares(self, make: TableMaker) -> None:
        """Make the table."""
        self.share = make.table(
            "share",
            *record_columns(),
            sa.Column("to_entity", TEXT, nullable=False),
            sa.Column("to_id", INTEGER, nullable=False),
            sa.Column("access", TEXT, nullable=False),
            sa.Column("until", MOMENT),
            sa.Column("at", MOMENT, nullable=False),
            sa.Column("actor_id", INTEGER),
            sa.PrimaryKeyConstraint("entity", "record_id", "to_entity", "to_id"),
        )
        of = self.share.c
        make.index("share_to", of.to_entity, of.to_id, of.entity, of.record_id)
