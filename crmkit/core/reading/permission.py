"""Permission: one predicate, compiled into every read, and asked before every write."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Final

import sqlalchemy as sa
from attrs import define

from crmkit.core.declare.declarations import LEVELS
from crmkit.core.declare.kinds import AnyRefKind

if TYPE_CHECKING:
    from collections.abc import Mapping

    from crmkit.core.assemble.model import EntityModel, FieldModel, Model
    from crmkit.core.declare.declarations import Action, Grant, Level
    from crmkit.core.storage.tables import Tables


class System:
    """The actor that may do everything: for programs that act for nobody in particular. What it does is audited."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "SYSTEM"


SYSTEM: Final = System()


@define(kw_only=True, eq=False, slots=False, frozen=True)
class Principal:
    """Who acts: a user with roles and a team, or the system (`user` is None).

    Attributes:
        user: the user's id.
        name: how messages call the actor.
        reaches_all: whether permission does not bind: the system, and guards and reactions of plugins.
    """

    model: Model
    tables: Tables
    user: int | None
    name: str
    team: int | None = None
    roles: tuple[str, ...] = ()
    reaches_all: bool = False

    @cached_property
    def _levels(self) -> dict[tuple[str, Action], Level]:
        return {}

    @property
    def key(self) -> tuple[object, ...]:
        """What the reach depends on: equal keys, equal reach."""
        return self.reaches_all, self.user, self.team, self.roles

    def level(self, entity: EntityModel, action: Action) -> Level:
        """Return how far the actor reaches: the widest level that one of its roles grants."""
        if self.reaches_all:
            return "all"
        found = self._levels.get((entity.name, action))
        if found is None:
            grants = (self._grant(role, entity.name) for role in self.roles if role in self.model.roles)
            levels = [getattr(grant, action) for grant in grants if grant is not None]
            widest: Level = max(levels, key=LEVELS.index, default="none")
            if action in {"update", "delete"}:  # what is not seen is not there, so nobody can change it
                widest = min(widest, self.level(entity, "read"), key=LEVELS.index)
            found = self._levels[entity.name, action] = widest
        return found

    def _grant(self, role: str, entity: str) -> Grant | None:
        grants: Mapping[str, Grant] = {grant.entity: grant for grant in self.model.roles[role].grants}
        return grants.get(entity) or grants.get("*")

    def reach(
        self, entity: EntityModel, table: sa.FromClause, action: Action = "read"
    ) -> sa.ColumnElement[bool] | None:
        """Return the condition on a table's rows under which the actor may do something; None for always.

        A part of another record, such as an order's line, is read with its whole and written by who may update that.
        """
        if self.reaches_all:
            return None
        if entity.whole is not None:
            return self._reach_of_whole(entity.whole, table, "read" if action == "read" else "update")
        level = self.level(entity, action)
        if level == "all":
            return None
        if level == "none":
            return sa.false()
        owner = table.c[entity.fields[entity.owner].columns[0] if entity.owner else "created_by_id"]
        if level == "own" or self.team is None:
            return owner == self.user
        users = self.tables["user"]
        return owner.in_(sa.select(users.c.id).where(users.c.team_id == self.team)) | (owner == self.user)

    def _reach_of_whole(self, whole: FieldModel, table: sa.FromClause, action: Action) -> sa.ColumnElement[bool] | None:
        if not isinstance(whole.kind, AnyRefKind):
            return self._within(str(whole.target), table.c[whole.columns[0]], action)
        targets = whole.kind.targets or tuple(name for name, each in self.model.entities.items() if each.whole is None)
        entity_column, id_column = (table.c[column] for column in whole.columns)
        return sa.or_(
            *(
                (entity_column == name) & (sa.true() if condition is None else condition)
                for name in targets
                if name in self.model.entities
                for condition in [self._within(name, id_column, action)]
            )
        )

    def _within(self, entity: str, column: sa.ColumnElement[int], action: Action) -> sa.ColumnElement[bool] | None:
        table = self.tables[entity].alias()
        condition = self.reach(self.model.entities[entity], table, action)
        return None if condition is None else column.in_(sa.select(table.c.id).where(condition))
