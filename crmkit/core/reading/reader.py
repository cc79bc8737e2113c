"""The reader: every read of records, within one permission predicate and one statement each."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

import sqlalchemy as sa

from crmkit.core.declare.records import Record
from crmkit.core.reading.aggregate import Aggregation
from crmkit.core.reading.execution import Execution, check_limit
from crmkit.core.reading.page import Page
from crmkit.core.reading.paths import PathFinder
from crmkit.core.reading.plans import ReadPlans
from crmkit.core.reading.requests import Request, as_expression
from crmkit.core.reading.search import read_search
from crmkit.core.reading.sorting import sort_keys
from crmkit.core.reading.statements import (
    Included,
    Shape,
    plain_statement,
    record_and_included,
    record_shape,
    row_shape,
)
from crmkit.errors import FilterError
from crmkit.translation import _

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from crmkit.core.assemble.model import EntityModel, FieldModel, Model
    from crmkit.core.reading.context import ReadContext
    from crmkit.core.reading.paths import Path
    from crmkit.core.reading.statements import Statement
    from crmkit.core.storage.tables import Tables

    Where = str | Mapping[str, object] | None
    Order = str | Sequence[str] | None

T = TypeVar("T")
IDS_AT_ONCE = 500
LARGEST_ID = 2**63 - 1


class Reader:
    """Reads records on a connection, for the actor of a context. It only ever issues SELECTs.

    `where` is a filter expression, whose `given.name` stands for a value of `given`; or a mapping from paths to the
    values they must be equal to. Only living records that the actor may read are found.
    """

    def __init__(
        self,
        model: Model,
        tables: Tables,
        connection: sa.Connection,
        context: ReadContext,
        plans: ReadPlans | None = None,
    ) -> None:
        self.context = context
        self.watch = context.watch
        self.finder = PathFinder(model, context.visible)
        self.execution = Execution(model, tables, connection, context, plans or ReadPlans())

    def selection(self, entity: EntityModel, where: Where = None, given: Mapping[str, object] | None = None) -> Request:
        """Return the records that a filter selects, for statements that are built elsewhere.

        Raises:
            FilterError: if the filter is wrong; it says where.
        """
        return self._request(entity, where, given, None, None, deleted=False)

    def by_id(self, entity: EntityModel, ids: Iterable[int], *, deleted: bool = False) -> dict[int, Record]:
        """Return the records with these ids that may be read, by id, in the order of the ids.

        With `deleted`, records that were deleted are returned, too.
        """
        wanted = list(dict.fromkeys(int(each) for each in ids if 0 < int(each) <= LARGEST_ID))
        request = Request(entity=entity, deleted=deleted)
        statement = self.execution.kept(("by_id", request.key), lambda: self._by_id_statement(request))
        found: dict[int, Record] = {}
        for start in range(0, len(wanted), IDS_AT_ONCE):
            rows = self.execution.execute(statement, {"ids": wanted[start : start + IDS_AT_ONCE]})
            found |= {record.id: record for record in map(statement.load, rows)}
        if self.watch is not None:
            self.watch.records(found.values())
        return {each: found[each] for each in wanted if each in found}

    def get(self, entity: EntityModel, id: int, include: Sequence[str] = ()) -> tuple[Record, dict[str, Record]] | None:
        """Return a record and the records that the included references lead to, by their paths; None if there is none.

        Raises:
            FilterError: if an included path is not a reference to records of one entity.
        """
        if not 0 < int(id) <= LARGEST_ID:
            return None
        included = tuple(include)
        statement = self.execution.kept(("get", entity.name, included), lambda: self._get_statement(entity, included))
        row = next(iter(self.execution.execute(statement, {"id": int(id)})), None)
        answer = None if row is None else statement.load(row)
        if self.watch is not None and answer is not None:
            self.watch.records((answer[0], *answer[1].values()))
        return answer

    def find(
        self,
        entity: EntityModel,
        where: Where = None,
        *,
        given: Mapping[str, object] | None = None,
        search: str | None = None,
        order: Order = None,
        limit: int | None = None,
        after: str | None = None,
        deleted: bool = False,
    ) -> Page[Record]:
        """Return the records that meet a filter and a search, in an order: all of them, or a page of `limit`.

        Raises:
            FilterError: if the filter or the order is wrong; it says where.
            InvalidValue: if limit, cursor or search can't be used.
        """
        request = self._request(entity, where, given, search, order, deleted=deleted)
        page = self.execution.page(request, ("find",), lambda: self._records(entity), limit, after)
        if self.watch is not None:
            self.watch.records(page)
        return page

    def rows(
        self,
        entity: EntityModel,
        fields: Sequence[str],
        where: Where = None,
        *,
        given: Mapping[str, object] | None = None,
        search: str | None = None,
        order: Order = None,
        limit: int | None = None,
        after: str | None = None,
        deleted: bool = False,
    ) -> Page[tuple[object, ...]]:
        """Return, for each record found, the values of some paths, such as `customer.name` or `amount.currency`.

        Raises:
            FilterError: if a path, the filter or the order is wrong; it says where.
            InvalidValue: if limit, cursor or search can't be used.
        """
        request = self._request(entity, where, given, search, order, deleted=deleted)
        return self._rows_page(request, fields, limit, after)

    def count(
        self,
        entity: EntityModel,
        where: Where = None,
        *,
        given: Mapping[str, object] | None = None,
        search: str | None = None,
    ) -> int:
        """Return how many records meet a filter and a search."""
        request = self._request(entity, where, given, search, None, deleted=False)
        statement = self.execution.kept(("count", request.key), lambda: self._count_statement(request))
        (row,) = self.execution.execute(statement, request.parameters)
        return statement.load(row)

    def aggregate(
        self,
        entity: EntityModel,
        *,
        by: Sequence[str] = (),
        measures: Mapping[str, str],
        where: Where = None,
        given: Mapping[str, object] | None = None,
        search: str | None = None,
        order: Order = None,
    ) -> list[tuple[object, ...]]:
        """Return one row for each combination of the values of `by`, with the measures behind them, in their order.

        Measures are `count()`, `count(condition)`, and `sum`, `avg`, `min`, `max` and `weighted` of a path, each with
        a condition as a second argument if wished. Amounts are in the base currency. A sum of nothing is 0, every
        other measure of nothing None. Rows come sorted by `by`, None first, or by `order`, which names paths of `by`
        and measures.

        Raises:
            FilterError: if a path, a measure, the filter or the order is wrong; it says where.
        """
        request = self._request(entity, where, given, search, None, deleted=False)
        made = Aggregation(self.execution, self.finder, request, by=by, measures=measures, given=given or {})
        if self.watch is not None:
            self.watch.measures(made.by, made.measures)
        return made.rows(order)

    def iterate(
        self,
        entity: EntityModel,
        fields: Sequence[str] | None = None,
        where: Where = None,
        *,
        given: Mapping[str, object] | None = None,
        search: str | None = None,
        batch: int = 1000,
        deleted: bool = False,
    ) -> Iterator[Record] | Iterator[tuple[object, ...]]:
        """Yield the records found, or the values of some paths of each, by id, holding no more than a batch at once.

        Every batch is a statement of its own, so records that are written meanwhile may or may not be among them.
        """
        request = self._request(entity, where, given, search, None, deleted=deleted)
        if fields is None:
            shape = self._records(entity)
            return self._walk(lambda after: self.execution.page(request, ("find",), lambda: shape, batch, after), batch)
        self._rows(entity, fields)  # so that a wrong path is refused now, and not when the first row is wanted
        return self._walk(lambda after: self._rows_page(request, fields, batch, after), batch)

    def _rows_page(
        self, request: Request, fields: Sequence[str], limit: int | None, after: str | None
    ) -> Page[tuple[object, ...]]:
        entity, width, asked = request.entity, len(fields), tuple(fields)
        watched: list[tuple[Path, int]] = []
        if self.watch is not None and fields:
            watched = self.watch.columns([self.finder.find(entity, text) for text in fields])
            asked += tuple(".".join((*path.hop_names, "id")) for path, _position in watched)
        page = self.execution.page(request, ("rows", asked), lambda: self._rows(entity, asked), limit, after)
        if self.watch is None or not watched:
            return page
        self.watch.rows(watched, page, width)
        return Page((row[:width] for row in page), next=page.next)

    def _walk(self, next_page: Callable[[str | None], Page[T]], batch: int) -> Iterator[T]:
        check_limit(batch)
        after: str | None = None
        while True:
            page = next_page(after)
            if self.watch is not None:
                self.watch.records(each for each in page if isinstance(each, Record))
            yield from page
            after = page.next
            if after is None:
                return

    def _by_id_statement(self, request: Request) -> Statement[Record]:
        sources = self.execution.sources(request.entity)
        ids = sources.root.c.id.in_(sa.bindparam("ids", expanding=True))
        return plain_statement(sources, self._records(request.entity), [ids, *request.conditions(sources)])

    def _count_statement(self, request: Request) -> Statement[int]:
        sources = self.execution.sources(request.entity)
        counted: sa.ColumnElement[object] = sa.type_coerce(sa.func.count(), sa.BigInteger())
        shape: Shape[int] = Shape(columns=lambda _: [counted], load=lambda row: int(str(row[0])))
        return plain_statement(sources, shape, request.conditions(sources))

    def _get_statement(
        self, entity: EntityModel, include: tuple[str, ...]
    ) -> Statement[tuple[Record, dict[str, Record]]]:
        sources = self.execution.sources(entity)
        shape = record_and_included(entity, self._visible(entity), [self._reference(entity, path) for path in include])
        wanted = sources.root.c.id == sa.bindparam("id", type_=sa.BigInteger())
        return plain_statement(sources, shape, [wanted, *Request(entity=entity).conditions(sources)])

    def _reference(self, entity: EntityModel, text: str) -> Included:
        path = self.finder.find(entity, text)
        if path.field.target is None:
            problem = _(
                "{text} is not a reference to records of one entity, so nothing can be included by it.", text=text
            )
            raise FilterError(expression=text, position=0, problem=problem)
        target = self.finder.model.entities[path.field.target]
        return Included(path=text, hops=(*path.hops, path.field), entity=target, fields=self._visible(target))

    def _request(
        self,
        entity: EntityModel,
        where: Where,
        given: Mapping[str, object] | None,
        search: str | None,
        order: Order,
        *,
        deleted: bool,
    ) -> Request:
        expression, values = as_expression(where, given)
        found = None if expression is None else self.execution.filter(entity, expression)
        request = Request(
            entity=entity,
            filter=found,
            values=() if found is None else found.values(self.context, values),
            search=read_search(search),
            keys=sort_keys(self.finder, entity, order),
            deleted=deleted,
        )
        if self.watch is not None:
            self.watch.request(request)
        return request

    def _visible(self, entity: EntityModel) -> list[FieldModel]:
        return [field for field in entity.fields.values() if self.context.sees(entity, field)]

    def _records(self, entity: EntityModel) -> Shape[Record]:
        return record_shape(entity.record_class, self._visible(entity))

    def _rows(self, entity: EntityModel, fields: Sequence[str]) -> Shape[tuple[object, ...]]:
        if not fields:
            raise FilterError(expression="", position=0, problem=_("Name at least one field."))
        return row_shape([self.finder.find(entity, text) for text in fields])
