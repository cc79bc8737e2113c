"""Held roles: the roles of a user, its own and those that role sources give on a day."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import sqlalchemy as sa

from crmkit.core.declare.role_sources import RoleSource

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date

    from crmkit.core.assemble.model import Model
    from crmkit.core.storage.tables import Tables

TODAY: Final = "crmkit_today"


def this_day(today: Callable[[], date]) -> sa.BindParameter[date]:
    """Return the parameter for the day on which a statement runs: statements are kept, days go on."""
    return sa.bindparam(TODAY, callable_=today, type_=sa.Date())


def held_roles(
    model: Model, tables: Tables, users: sa.FromClause, today: sa.ColumnElement[date]
) -> sa.ColumnElement[str]:
    """Return the expression for all roles of a user of a statement, as tags are stored; see `role_names`."""
    found: sa.ColumnElement[str] = sa.func.coalesce(users.c.roles, "")
    for source, _plugin in model.of(RoleSource):
        found = found.concat(sa.func.coalesce(given_by(source, model, tables, users, today), ""))
    return found


def given_by(
    source: RoleSource, model: Model, tables: Tables, users: sa.FromClause, today: sa.ColumnElement[date]
) -> sa.ScalarSelect[str | None]:
    """Return the query for the roles that one source gives a user."""
    entity = model.entities[source.entity]
    giving = tables[source.entity].alias()
    naming: sa.FromClause = giving
    origin: sa.FromClause = giving
    conditions = [giving.c[entity.fields[source.user].columns[0]] == users.c.id, giving.c.deleted_at.is_(None)]
    if source.through:
        reference = entity.fields[source.through]
        naming = tables[str(reference.target)].alias()
        origin = giving.join(naming, naming.c.id == giving.c[reference.columns[0]])
        conditions.append(naming.c.deleted_at.is_(None))
    if source.since:
        conditions.append(sa.or_(giving.c[source.since].is_(None), giving.c[source.since] <= today))
    if source.until:
        conditions.append(sa.or_(giving.c[source.until].is_(None), giving.c[source.until] >= today))
    names = sa.func.aggregate_strings(naming.c[source.field], "")
    return sa.select(names).select_from(origin).where(*conditions).correlate(users).scalar_subquery()


def role_names(stored: str) -> tuple[str, ...]:
    """Return the names of roles from what `held_roles` gives, each once."""
    return tuple(sorted({each for each in stored.split("\n") if each}))
