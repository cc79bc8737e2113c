"""Seals: the chain over the change log."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

from crmkit.core.storage.column_types import INTEGER, MOMENT, TEXT

if TYPE_CHECKING:
    from crmkit.core.storage.system.making import TableMaker

LOCK = "seal"
"""The lock that is held by whoever seals, or gives sealed changes another name."""


class SealTables:
    """Seals of the change log.

    Attributes:
        seal: one row per sealed batch of changes, with a digest that goes on from the one before.
        sealed_change: which seal a change is under, the salted hash of what it holds, and the name that its entity had
            when it was sealed, if it has another one now.
    """

    seal: sa.Table
    sealed_change: sa.Table

    def add_seals(self, make: TableMaker) -> None:
        """Make the tables."""
        self.seal = make.table(
            "seal",
            sa.Column("number", INTEGER, primary_key=True, autoincrement=False),
            sa.Column("changes", INTEGER, nullable=False),
            sa.Column("digest", TEXT, nullable=False),
            sa.Column("at", MOMENT, nullable=False),
        )
        self.sealed_change = make.table(
            "sealed_change",
            sa.Column("change_id", INTEGER, primary_key=True, autoincrement=False),
            sa.Column("seal", INTEGER, nullable=False),
            sa.Column("salt", TEXT),
            sa.Column("hash", TEXT, nullable=False),
            sa.Column("entity", TEXT),
        )
        make.index("sealed_change_seal", self.sealed_change.c.seal)
