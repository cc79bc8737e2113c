"""Restricting: restrictions as conditions in SQL, for one actor."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from attrs import evolve
from sqlalchemy.sql.visitors import replacement_traverse

from crmkit.core.reading.context import ReadContext
from crmkit.core.reading.filters import conditions as c
from crmkit.core.reading.filters.constants import PROBE
from crmkit.core.reading.filters.parse import parse
from crmkit.core.reading.filters.sql import SqlFilter
from crmkit.core.reading.sources import Sources
from crmkit.translation import _

if TYPE_CHECKING:
    from collections.abc import Mapping

    from crmkit.core.assemble.model import EntityModel, Model
    from crmkit.core.declare.restrictions import Restriction
    from crmkit.core.reading.filters.conditions import Condition
    from crmkit.core.reading.filters.filter import Filter
    from crmkit.core.reading.permission import Principal

PLAIN = (c.Always, c.Compare, c.ComparePaths, c.IsNone, c.IsTrue, c.OneOf)
LATER = evolve(PROBE, now=datetime(2001, 1, 1, tzinfo=UTC), today=date(2001, 1, 1))


def restricted(
    principal: Principal, entity: EntityModel, table: sa.FromClause, restriction: Restriction
) -> sa.ColumnElement[bool]:
    """Return the condition that a row of a table meets a restriction, as an actor reads it."""
    key = restriction.entity, restriction.name
    found = principal.filters.get(key)
    if found is None:
        found = principal.filters[key] = parse(principal.model, entity, restriction.where)
    context = ReadContext(
        now=PROBE.now,
        today=PROBE.today,
        actor=principal.user,
        team=principal.team,
        conventions=principal.model.conventions,
        reach=lambda _entity, _table: None,
    )
    made = SqlFilter(found.condition, found.values(context), prefix=f"restriction_{entity.name}_{restriction.name}_")
    sources = Sources(principal.model, principal.tables, context, entity, dialect="", root=table)
    return with_values(made.clause(sources), made.parameters)


def with_values(condition: sa.ColumnElement[bool], values: Mapping[str, object]) -> sa.ColumnElement[bool]:
    """Return a condition whose parameters have their values: it becomes part of statements that know none."""

    def placed(element: Any, **_named: Any) -> Any:
        if not isinstance(element, sa.BindParameter) or element.key not in values:
            return None
        return sa.bindparam(element.key, values[element.key], type_=element.type, expanding=element.expanding)

    return replacement_traverse(condition, {}, placed)


def problem_of(model: Model, restriction: Restriction) -> str:
    """Return what is wrong with the filter of a restriction, empty if nothing is.

    It is written into statements that are kept, so it can't ask for the time; and it follows no references.

    Raises:
        FilterError: if it is no filter over the entity.
    """
    found = parse(model, model.entities[restriction.entity], restriction.where)
    if any(path.hops or path.part is not None for path in found.paths):
        return _("a restriction asks for the entity's own fields only.")
    if asks_for_time(found) or not is_plain(found.condition):
        return _("a restriction compares fields, and asks for me() and my_team(), and for nothing else.")
    return ""


def asks_for_time(found: Filter) -> bool:
    """Return whether any constant of a filter is another one at another time."""
    return any(each.constant.evaluate(PROBE, {}) != each.constant.evaluate(LATER, {}) for each in found.slots)


def is_plain(condition: Condition) -> bool:
    """Return whether a condition compares, and does nothing else."""
    match condition:
        case c.AllOf(parts) | c.AnyOf(parts):
            return all(is_plain(part) for part in parts)
        case c.Not(part):
            return is_plain(part)
        case _:
            return isinstance(condition, PLAIN)
