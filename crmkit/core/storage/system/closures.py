"""The closure of trees: every pair of a node and one above it, so that no query has to walk."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

from crmkit.core.storage.column_types import INTEGER, TEXT

if TYPE_CHECKING:
    from crmkit.core.storage.system.making import TableMaker


class ClosureTables:
    """The closure of trees.

    Attributes:
        closure: one row for every living node of a tree and every node above it, and itself at depth 0.
    """

    closure: sa.Table

    def add_closures(self, make: TableMaker) -> None:
        """Make the table."""
        self.closure = make.table(
            "closure",
            sa.Column("tree", TEXT, primary_key=True),
            sa.Column("ancestor", INTEGER, primary_key=True, autoincrement=False),
            sa.Column("descendant", INTEGER, primary_key=True, autoincrement=False),
            sa.Column("depth", INTEGER, nullable=False),
        )
        make.index("closure_descendant", self.closure.c.tree, self.closure.c.descendant)
