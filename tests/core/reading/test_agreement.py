"""Both compilers and both databases give a filter one meaning."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import Phase, given, settings

from crmkit.core.reading.filters import parse, predicate
from tests.core.reading import expressions as specimens

if TYPE_CHECKING:
    from collections.abc import Callable

    import sqlalchemy as sa

    from crmkit.core.assemble.model import EntityModel
    from tests.core.reading.conftest import Library

    Rows = dict[str, dict[int, dict[str, object]]]


def reach(entity: EntityModel, table: sa.FromClause) -> sa.ColumnElement[bool] | None:
    """Return the condition that keeps some records out of reach."""
    hidden = specimens.UNREACHABLE.get(entity.name)
    return None if hidden is None else table.c.id != hidden


def is_seen(entity: str, row: dict[str, object]) -> bool:
    """Return whether a row is alive and within reach."""
    return row["deleted_at"] is None and row["id"] != specimens.UNREACHABLE.get(entity)


def getter(library: Library, rows: Rows, row: dict[str, object]) -> Callable[[tuple[str, ...]], object]:
    """Return the function that finds values by paths, as a predicate asks for them."""

    def value(names: tuple[str, ...]) -> object:
        entity, found = "specimen", row
        for name in names[:-1]:
            target = library.entity(entity).fields[name].target
            number = found[name]
            if number is None:
                return None
            entity, found = str(target), rows[str(target)][int(str(int(number)))]  # type: ignore[call-overload]
            if not is_seen(entity, found):
                return None
        return found[names[-1]]

    return value


def found_by_predicate(library: Library, rows: Rows, expression: str) -> list[int]:
    """Return the ids of the specimens for which the predicate is true."""
    parsed = parse(library.model, library.entity("specimen"), expression)
    test = predicate(parsed, library.context(), specimens.GIVEN)
    seen = {number: row for number, row in rows["specimen"].items() if is_seen("specimen", row)}
    return [number for number, row in seen.items() if test(getter(library, rows, row))]


def check_agreement(library: Library, connection: sa.Connection, rows: Rows, expression: str) -> None:
    """Check that the SQL finds the same specimens as the predicate."""
    reader = library.reader(connection, reach=reach)
    found = reader.rows(library.entity("specimen"), ["id"], expression, given=specimens.GIVEN)
    assert [row[0] for row in found] == found_by_predicate(library, rows, expression)


def test_both_compilers_agree(library: Library, connection: sa.Connection) -> None:
    """The SQL finds exactly the records for which the predicate is true, whatever the filter."""
    rows = specimens.fill(library, connection)

    @settings(max_examples=250, deadline=None, database=None, phases=[Phase.generate, Phase.shrink])
    @given(specimens.expressions)
    def agree(expression: str) -> None:
        check_agreement(library, connection, rows, expression)

    agree()


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3))
def test_both_compilers_agree_on_many_more(library: Library, connection: sa.Connection, seed: int) -> None:
    """The same, for more filters over other records."""
    rows = specimens.fill(library, connection, seed)

    @settings(
        max_examples=1_000,
        deadline=None,
        database=None,
        phases=[Phase.generate],
    )
    @given(specimens.expressions)
    def agree(expression: str) -> None:
        check_agreement(library, connection, rows, expression)

    agree()
