"""Sharing: which records are opened to an actor by shares that have not expired, as conditions in SQL."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import sqlalchemy as sa

from crmkit.core.storage.column_types import MOMENT

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from crmkit.core.declare.access import Action
    from crmkit.core.storage.tables import Tables

    Number = int | sa.ColumnElement[int]

NOW: Final = "crmkit_now"
WIDENED: Final[dict[Action, tuple[str, ...]]] = {
    "read": ("read", "write"),
    "export": ("read", "write"),
    "update": ("write",),
    "move": ("write",),
}
"""The actions that shares open, and by which access."""


def moment(clock: Callable[[], datetime]) -> sa.BindParameter[datetime]:
    """Return the parameter for the moment at which a statement runs: statements are kept, time goes on."""
    return sa.bindparam(NOW, callable_=clock, type_=MOMENT)


def shared_with(
    tables: Tables, user: Number, team: Number | None, now: sa.ColumnElement[datetime]
) -> sa.ColumnElement[bool]:
    """Return the condition that a share opens a record to a user: by name, or by its team or one above that."""
    share, closure = tables.system.share.c, tables.system.closure.c
    to_user = sa.and_(share.to_entity == "user", share.to_id == user)
    living = sa.or_(share.until.is_(None), share.until > now)
    if team is None:
        return sa.and_(to_user, living)
    above = sa.select(closure.ancestor).where(closure.tree == "team", closure.descendant == team)
    to_team = sa.and_(share.to_entity == "team", share.to_id.in_(above))
    return sa.and_(sa.or_(to_user, to_team), living)


def shared_records(
    tables: Tables, entity: str, action: Action, condition: sa.ColumnElement[bool]
) -> sa.Select[int] | None:
    """Return the query for the ids that shares open for an action; None if none ever do."""
    access = WIDENED.get(action)
    if access is None:
        return None
    share = tables.system.share
    return sa.select(share.c.record_id).where(share.c.entity == entity, share.c.access.in_(access), condition)


def shared_entities(tables: Tables, users: sa.Table, now: sa.ColumnElement[datetime]) -> sa.ScalarSelect[str | None]:
    """Return the query for the entities of which any record is shared with a user, commas between their names.

    It belongs into a statement that selects the user.
    """
    share = tables.system.share
    opened = shared_with(tables, users.c.id, users.c.team_id, now)
    names = sa.select(share.c.entity).where(opened).distinct().correlate(users).subquery("opened")
    return sa.select(sa.func.aggregate_strings(names.c.entity, ",")).scalar_subquery()
