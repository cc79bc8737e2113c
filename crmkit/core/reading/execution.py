"""Execution: statements from the plans, run on a connection, page by page."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from crmkit.core.reading import cursors, paging
from crmkit.core.reading.filters.parse import parse
from crmkit.core.reading.local_time import prepare
from crmkit.core.reading.page import Page
from crmkit.core.reading.sources import Sources
from crmkit.core.reading.statements import LIMIT, page_statement
from crmkit.errors import InvalidValue
from crmkit.translation import _

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Mapping, Sequence

    import sqlalchemy as sa

    from crmkit.core.assemble.model import EntityModel, Model
    from crmkit.core.reading.context import ReadContext
    from crmkit.core.reading.filters.filter import Filter
    from crmkit.core.reading.paging import Run
    from crmkit.core.reading.plans import ReadPlans
    from crmkit.core.reading.requests import Request
    from crmkit.core.reading.statements import Shape, Statement
    from crmkit.core.storage.tables import Tables

T = TypeVar("T")
LARGEST_LIMIT = 1_000_000


class Execution:
    """Runs what was asked for: on a connection, for the actor of a context, by plans that are shared."""

    def __init__(
        self, model: Model, tables: Tables, connection: sa.Connection, context: ReadContext, plans: ReadPlans
    ) -> None:
        self.model = model
        self.tables = tables
        self.connection = connection
        self.context = context
        self.plans = plans
        self._is_prepared = False

    def sources(self, entity: EntityModel) -> Sources:
        """Return the sources of a new statement."""
        return Sources(self.model, self.tables, self.context, entity, self.connection.dialect.name)

    def kept(self, key: tuple[Hashable, ...], make: Callable[[], T]) -> T:
        """Return a plan for actors with the same access on the same database, making it if there is none."""
        context = self.context
        if context.access_key is None:
            return make()
        return self.plans.get((*key, context.access_key, context.conventions, self.connection.dialect.name), make)

    def filter(self, entity: EntityModel, expression: str) -> Filter:
        """Return a filter that was read before, or read it.

        Raises:
            FilterError: if it is wrong; it says where.
        """
        context = self.context

        def read() -> Filter:
            return parse(self.model, entity, expression, conventions=context.conventions, visible=context.visible)

        if context.visible is not None and context.access_key is None:
            return read()
        return self.plans.get(("filter", entity.name, expression, context.conventions, context.access_key), read)

    def execute(self, statement: Statement[T], parameters: Mapping[str, object]) -> Sequence[Sequence[object]]:
        """Return all rows of a statement."""
        if statement.needs_local_time and not self._is_prepared:
            prepare(self.connection)
            self._is_prepared = True
        return self.connection.execute(statement.select, dict(parameters)).all()

    def page(
        self,
        request: Request,
        key: tuple[Hashable, ...],
        shape: Callable[[], Shape[T]],
        limit: int | None,
        after: str | None,
    ) -> Page[T]:
        """Return a page of what is asked for; without a limit, all of it.

        Raises:
            InvalidValue: if the limit is no positive number, or the cursor can't be used.
        """
        check_limit(limit)
        values = () if after is None else self._cursor_values(request, after)
        runs = paging.runs_after(request.keys, values) if values else ("all",)
        found: list[T] = []
        last: Sequence[object] = ()
        for run in runs:
            room = None if limit is None else limit - len(found)
            rows, statement = self._run(request, key, shape, run=run, values=values, room=room)
            if room is not None and len(rows) > room:
                last = [rows[room - 1][position] for position in statement.sort_positions] if room else last
                found += map(statement.load, rows[:room])
                return Page(found, next=cursors.encode(request.entity.name, request.order, last))
            found += map(statement.load, rows)
            if rows:
                last = [rows[-1][position] for position in statement.sort_positions]
        return Page(found)

    def _run(
        self,
        request: Request,
        key: tuple[Hashable, ...],
        shape: Callable[[], Shape[T]],
        *,
        run: Run,
        values: Sequence[object],
        room: int | None,
    ) -> tuple[Sequence[Sequence[object]], Statement[T]]:
        statement = self.kept(
            (*key, request.key, run, tuple(value is None for value in values), room is not None),
            lambda: page_statement(
                request, self.sources(request.entity), shape(), run, values, is_limited=room is not None
            ),
        )
        parameters = request.parameters
        if run == "behind":
            parameters |= paging.parameters(request.keys, values)
        if room is not None:
            parameters[LIMIT] = room + 1
        return self.execute(statement, parameters), statement

    def _cursor_values(self, request: Request, after: str) -> tuple[object, ...]:
        def sort_columns() -> list[sa.ColumnElement[object]]:
            sources = self.sources(request.entity)
            return [sources.column(key.path) for key in request.keys]

        columns = self.kept(("sort columns", request.entity.name, request.order), sort_columns)
        return cursors.decode(after, request.entity.name, request.order, columns)


def check_limit(limit: int | None) -> None:
    """Refuse a limit that is no positive number."""
    if limit is not None and (type(limit) is not int or not 0 < limit <= LARGEST_LIMIT):
        raise InvalidValue(
            _("A page has 1 to {largest_limit} records, not {limit!r}.", largest_limit=LARGEST_LIMIT, limit=limit)
        )
