"""Belonging: which records are an actor's own, its reports', its team's, its agency's, as conditions in SQL."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa
from attrs import frozen

if TYPE_CHECKING:
    from collections.abc import Iterable

    from crmkit.core.assemble.model import EntityModel
    from crmkit.core.declare.access import Level
    from crmkit.core.storage.tables import Tables

AGENCY, CUSTOMER = "agency", "customer"


@frozen(kw_only=True, eq=False)
class Belonging:
    """The conditions under which records belong to an actor.

    A record belongs to its owner, a user to itself, anything else to who created it.
    """

    tables: Tables
    user: int | None
    team: int | None

    def condition(
        self, entity: EntityModel, table: sa.FromClause, levels: Iterable[Level]
    ) -> sa.ColumnElement[bool] | None:
        """Return the condition that a row belongs to what some levels reach; None for always."""
        found = set(levels)
        if "all" in found:
            return None
        owner = table.c[owner_column(entity)]
        conditions = [each for level in sorted(found) for each in self._of_level(level, entity, table, owner)]
        return sa.or_(owner == self.user, *conditions) if found else sa.false()

    def owners(self, users: sa.FromClause, levels: Iterable[Level]) -> sa.ColumnElement[bool]:
        """Return the condition that what a user owns is reached by some levels, in the table of users."""
        conditions = [self._of_owner(level, users.c.id) for level in sorted(set(levels))]
        return sa.or_(users.c.id == self.user, *(each for each in conditions if each is not None))

    def _of_level(
        self, level: Level, entity: EntityModel, table: sa.FromClause, owner: sa.ColumnElement[int]
    ) -> Iterable[sa.ColumnElement[bool]]:
        if entity.name == "team" and level in {"team", "tree", AGENCY} and self.team is not None:
            yield table.c.id == self.team if level == "team" else table.c.id.in_(self._teams())
        condition = self._of_owner(level, owner)
        if condition is not None:
            yield condition
        if level == AGENCY and self.team is not None:
            yield from self._registered(entity, table)

    def _of_owner(self, level: Level, owner: sa.ColumnElement[int]) -> sa.ColumnElement[bool] | None:
        """Return the condition that an owner is one of those whom a level adds to the actor itself."""
        users, closure = self.tables["user"], self.tables.system.closure
        if level == "reports":
            below = sa.select(closure.c.descendant)
            return owner.in_(below.where(closure.c.tree == "user", closure.c.ancestor == self.user))
        if level in {"own", "none"} or self.team is None:
            return None
        members = sa.select(users.c.id)
        if level == "team":
            return owner.in_(members.where(users.c.team_id == self.team))
        return owner.in_(members.where(users.c.team_id.in_(self._teams())))

    def _registered(self, entity: EntityModel, table: sa.FromClause) -> Iterable[sa.ColumnElement[bool]]:
        """Yield the condition that a record, or the customer it is about, is registered to the actor's agency."""
        if points_to(entity, AGENCY, "team"):
            yield table.c[entity.fields[AGENCY].columns[0]].in_(self._teams())
        elif points_to(entity, CUSTOMER, CUSTOMER):
            customers = self.tables[CUSTOMER].alias()
            registered = sa.select(customers.c.id).where(customers.c.agency_id.in_(self._teams()))
            yield table.c[entity.fields[CUSTOMER].columns[0]].in_(registered)

    def _teams(self) -> sa.Select[int]:
        """Return the query for the actor's team and all teams below it."""
        closure = self.tables.system.closure
        found = sa.select(closure.c.descendant)
        return found.where(closure.c.tree == "team", closure.c.ancestor == self.team)


def owner_column(entity: EntityModel) -> str:
    """Return the column with the user to whom a record belongs."""
    if entity.name == "user":
        return "id"
    return entity.fields[entity.owner].columns[0] if entity.owner else "created_by_id"


def points_to(entity: EntityModel, field: str, target: str) -> bool:
    """Return whether an entity has a reference of this name to that entity."""
    return field in entity.fields and entity.fields[field].target == target
