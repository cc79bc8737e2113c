"""Among: whether a column is among what a query gives, so that PostgreSQL can use an index beside other conditions.

`a = 1 OR id IN (SELECT ...)` makes PostgreSQL read the whole table; the same with `= ANY (ARRAY(SELECT ...))` runs the
query once and looks both sides up in their indexes. SQLite does so with `IN`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement

if TYPE_CHECKING:
    from sqlalchemy.sql.compiler import SQLCompiler


class Among(FunctionElement[bool]):
    """The condition that a column is among the values of a query, none of which is NULL."""

    inherit_cache = True
    type = sa.Boolean()
    name = "among"

    def self_group(self, against: object = None) -> Among:
        """Return itself: it is a condition as it stands, and needs no `= 1` where a database has no booleans."""
        del against
        return self


def among(column: sa.ColumnElement[int], query: sa.Select[int]) -> sa.ColumnElement[bool]:
    """Return the condition that a column is among what a query of one column gives."""
    return Among(column, query.scalar_subquery())


@compiles(Among)
def _in(element: Among, compiler: SQLCompiler, **named: Any) -> str:
    column, query = element.clauses
    return f"{compiler.process(column, **named)} IN {compiler.process(query, **named)}"


@compiles(Among, "postgresql")
def _any(element: Among, compiler: SQLCompiler, **named: Any) -> str:
    column, query = element.clauses
    return f"{compiler.process(column, **named)} = ANY (ARRAY{compiler.process(query, **named)})"
