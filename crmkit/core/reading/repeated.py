"""Repeated values: those that many records have in one field."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

from crmkit.core.reading.statements import Statement

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from crmkit.core.assemble.model import EntityModel
    from crmkit.core.reading.reader import Reader

MOST = 1000
"""So many values at most, those of the most records first."""
LEAST = "least"


def repeated(
    reader: Reader,
    entity: EntityModel,
    field: str,
    least: int,
    *,
    where: str | None = None,
    given: Mapping[str, object] | None = None,
) -> frozenset[str]:
    """Return the texts that at least so many of the records selected have in a field, in one statement.

    Raises:
        FilterError: if the field or the filter is wrong; it says where.
    """
    request = reader.selection(entity, where, given)
    path = reader.finder.find(entity, field)
    if reader.watch is not None:
        reader.watch.asked([path])

    def build() -> Statement[Sequence[object]]:
        sources = reader.execution.sources(request.entity)
        value, count = sources.column(path), sa.func.count()
        conditions = [*request.conditions(sources), value.is_not(None)]
        query = sa.select(value, count).select_from(sources.from_clause).where(*conditions).group_by(value)
        query = query.having(count >= sa.bindparam(LEAST, type_=sa.BigInteger())).order_by(count.desc()).limit(MOST)
        return Statement(
            select=query, load=lambda row: row, sort_positions=(), needs_local_time=sources.needs_local_time
        )

    statement = reader.execution.kept(("repeated", request.key, field), build)
    return frozenset(str(row[0]) for row in reader.execution.execute(statement, request.parameters | {LEAST: least}))
