"""Generations: a number that rises when what processes remember of the database is no longer true."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

from crmkit.core.storage.column_types import INTEGER, TEXT

if TYPE_CHECKING:
    from crmkit.core.storage.system.making import TableMaker


class GenerationTables:
    """Generations.

    Attributes:
        generation: one row per topic (such as the plugins that are enabled), with how often it has changed.
    """

    generation: sa.Table

    def add_generations(self, make: TableMaker) -> None:
        """Make the table."""
        self.generation = make.table(
            "generation", sa.Column("topic", TEXT, primary_key=True), sa.Column("number", INTEGER, nullable=False)
        )


def raise_generation(connection: sa.Connection, generation: sa.Table, topic: str) -> None:
    """Tell all processes, from the commit on, that what they remember of a topic is no longer true."""
    raised = generation.update().where(generation.c.topic == topic).values(number=generation.c.number + 1)
    if not connection.execute(raised).rowcount:
        connection.execute(generation.insert().values(topic=topic, number=1))


def current_generation(generation: sa.Table) -> sa.ScalarSelect[int]:
    """Return the query for one number that rises whenever any topic changes."""
    return sa.select(sa.func.coalesce(sa.func.sum(generation.c.number), 0)).scalar_subquery()
