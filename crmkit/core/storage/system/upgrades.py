"""Upgrade steps: which were done, and how far one that works in batches has come."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

from crmkit.core.storage.column_types import MOMENT, TEXT

if TYPE_CHECKING:
    from crmkit.core.storage.system.making import TableMaker


class UpgradeTables:
    """Upgrades.

    Attributes:
        upgrade_step: one row per step of a plugin, with its cursor (JSON) while it is not done.
    """

    upgrade_step: sa.Table

    def add_upgrades(self, make: TableMaker) -> None:
        """Make the table."""
        self.upgrade_step = make.table(
            "upgrade_step",
            sa.Column("plugin", TEXT, primary_key=True),
            sa.Column("name", TEXT, primary_key=True),
            sa.Column("cursor", TEXT),
            sa.Column("done_at", MOMENT),
        )
