"""Memory: what loaded records take, compared with the rows that they were made of."""

from __future__ import annotations

import tracemalloc
from typing import TYPE_CHECKING

import sqlalchemy as sa

from benchmarks.filling import MANAGER
from benchmarks.races import CORE, CRMKIT, RAW, Bar, Race, Sample
from benchmarks.reading import shown
from crmkit import Opportunity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.databases import Databases
    from benchmarks.races import Work

MOST_RECORDS = 100_000


def records(databases: Databases, pieces: int, size: int) -> Iterator[Race]:
    """Load all opportunities and keep them."""
    del pieces
    if size > MOST_RECORDS:
        return
    home = databases.filled(size)
    table = home.crm.tables["opportunity"]
    query = sa.select(*shown(home, "opportunity", table))
    statement = f"SELECT {', '.join(column.name for column in query.selected_columns)} FROM {table.name}"

    def ours() -> object:
        with home.crm.session(actor=MANAGER) as session:
            return session.find(Opportunity)

    def core() -> object:
        with home.crm.engine.connect() as connection:
            return connection.execute(query).all()

    yield Race(
        line="memory",
        database=home.backend,
        size=size,
        count=size,
        ways={CRMKIT: lambda _: ours, CORE: lambda _: core, RAW: lambda _: lambda: home.rows(statement)},
        bar=Bar(text="≤ 2 × the raw rows", against=RAW, least=0.5),
        meter=held,
    )


def held(work: Work) -> Sample:
    """Return the bytes that the answer of the work holds."""
    tracemalloc.start()
    try:
        answer = work()
        amount = tracemalloc.get_traced_memory()[0]
        del answer
    finally:
        tracemalloc.stop()
    return Sample(float(amount))
