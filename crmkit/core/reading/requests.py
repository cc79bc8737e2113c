"""Requests: which rows of an entity are asked for, in which order, and the SQL of both."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from attrs import field, frozen

from crmkit.core.reading.filters.sql import SqlFilter
from crmkit.errors import FilterError
from crmkit.translation import _

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping, Sequence

    import sqlalchemy as sa

    from crmkit.core.assemble.model import EntityModel
    from crmkit.core.reading.filters.filter import Filter
    from crmkit.core.reading.search import Search
    from crmkit.core.reading.sorting import SortKey
    from crmkit.core.reading.sources import Sources

PATH = re.compile(r"[a-z][a-z0-9_]*(?:\.[a-z][a-z0-9_]*)*\Z")


@frozen(kw_only=True, eq=False)
class Request:
    """The rows that are asked for.

    Attributes:
        values: the values of the filter's constants.
        deleted: whether deleted records are asked for, too.
    """

    entity: EntityModel
    filter: Filter | None = None
    values: tuple[object, ...] = ()
    search: Search | None = None
    keys: tuple[SortKey, ...] = ()
    deleted: bool = False
    compiled: SqlFilter | None = field(init=False)

    def __attrs_post_init__(self) -> None:
        made = None if self.filter is None else SqlFilter(self.filter.condition, self.values)
        object.__setattr__(self, "compiled", made)

    @property
    def order(self) -> str:
        """The order as it is written."""
        return ", ".join(key.text for key in self.keys)

    @property
    def key(self) -> Hashable:
        """Equal for two requests if the same SQL serves both."""
        wanted = (self.filter.expression, self.compiled.signature) if self.filter and self.compiled else None
        search = self.search.signature if self.search else None
        return self.entity.name, wanted, search, self.order, self.deleted

    @property
    def parameters(self) -> dict[str, object]:
        """The values that the SQL gets, by name."""
        found: dict[str, object] = {}
        if self.compiled is not None:
            found |= self.compiled.parameters
        return found if self.search is None else found | self.search.parameters

    def conditions(self, sources: Sources) -> list[sa.ColumnElement[bool]]:
        """Return the conditions on the rows: living, within reach, meeting the filter, found by the search."""
        found: list[sa.ColumnElement[bool]] = [] if self.deleted else [sources.root.c.deleted_at.is_(None)]
        reach = sources.context.reach(self.entity, sources.root)
        if reach is not None:
            found.append(reach)
        if self.compiled is not None:
            found.append(self.compiled.clause(sources))
        if self.search is not None:
            found.append(self.search.clause(self.entity, sources.root, sources.context))
        return found


def as_expression(
    where: str | Mapping[str, object] | None, given: Mapping[str, object] | None
) -> tuple[str | None, Mapping[str, object]]:
    """Return a filter expression and its given values; a mapping means that every path has that value, or none.

    Raises:
        FilterError: if a mapping's key can't be a path.
    """
    if where is None or isinstance(where, str):
        return where, given or {}
    tests: list[str] = []
    values: dict[str, object] = {}
    for index, (name, value) in enumerate(where.items()):
        if not PATH.match(name):
            raise FilterError(
                expression=str(name), position=0, problem=_("{name!r} is not the name of a field.", name=name)
            )
        tests.append(f"{name} is None" if value is None else f"{name} == given.value_{index}")
        values[f"value_{index}"] = value
    return " and ".join(tests) or None, values


def ordered(
    keys: Sequence[SortKey], columns: Sequence[sa.ColumnElement[object]], dialect: str
) -> list[sa.ColumnElement[object]]:
    """Return the ORDER BY terms. None sorts first; SQLite does so unless told otherwise, PostgreSQL must be told."""
    found: list[sa.ColumnElement[object]] = []
    for key, column in zip(keys, columns, strict=True):
        term = column.desc() if key.is_descending else column.asc()
        if dialect == "postgresql" and key.is_nullable:
            term = term.nulls_last() if key.is_descending else term.nulls_first()
        found.append(term)
    return found
