"""Permission: one predicate, compiled into every read, and asked before every write."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Final

import sqlalchemy as sa
from attrs import define

from crmkit.core.assemble.policies import may_run
from crmkit.core.assemble.readers import readers_of
from crmkit.core.assemble.rights import action_on_whole, covers
from crmkit.core.declare.kinds import AnyRefKind
from crmkit.core.reading.among import among
from crmkit.core.reading.belonging import Belonging, owner_column
from crmkit.core.reading.restricting import restricted
from crmkit.core.reading.sharing import moment, shared_records, shared_with
from crmkit.core.storage.moments import utc_now

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from crmkit.core.assemble.model import EntityModel, FieldModel, Model
    from crmkit.core.assemble.rights import Levels, Rights
    from crmkit.core.declare.access import Action
    from crmkit.core.declare.declarations import Command, Report
    from crmkit.core.declare.external_sources import ExternalSource
    from crmkit.core.declare.restrictions import Restriction
    from crmkit.core.reading.context import Visible
    from crmkit.core.reading.filters.filter import Filter
    from crmkit.core.storage.tables import Tables

ALL: Final[Levels] = frozenset({"all"})


def is_no_secret(_entity: EntityModel, field: FieldModel) -> bool:
    """Return whether the system sees a field."""
    return not field.is_secret


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
        shared: the entities of which records are shared with the actor.
        reaches_all: whether permission does not bind: the system, and guards and reactions of plugins.
        clock: tells when shares expire, UTC.
    """

    model: Model
    tables: Tables
    user: int | None
    name: str
    team: int | None = None
    roles: tuple[str, ...] = ()
    shared: frozenset[str] = frozenset()
    reaches_all: bool = False
    clock: Callable[[], datetime] = utc_now

    @property
    def key(self) -> tuple[object, ...]:
        """What the reach depends on: equal keys, equal reach."""
        return self.reaches_all, self.user, self.team, self.roles, self.shared

    @cached_property
    def rights(self) -> Rights:
        """What the actor's roles allow."""
        return self.model.rights(self.roles)

    @cached_property
    def belonging(self) -> Belonging:
        """Which records belong to the actor, to its team, and so on."""
        return Belonging(tables=self.tables, user=self.user, team=self.team)

    @cached_property
    def filters(self) -> dict[tuple[str, str], Filter]:
        """The filters of restrictions that were read already, by entity and name."""
        return {}

    def restrictions(self, entity: EntityModel) -> tuple[Restriction, ...]:
        """Return the restrictions of an entity that bind the actor."""
        return () if self.reaches_all else self.rights.restrictions(entity.name)

    def levels(self, entity: EntityModel, action: Action) -> Levels:
        """Return how far the actor reaches; several levels mean all that any of them reaches, none means nothing."""
        return ALL if self.reaches_all else self.rights.levels(entity, action)

    def may(self, entity: EntityModel, action: Action) -> bool:
        """Return whether there may be a record of the entity with which the actor may do this."""
        return self.reaches_all or self.rights.may(entity, action)

    def may_run(self, declared: Report | Command | ExternalSource) -> bool:
        """Return whether the actor may run a report or a command, or look up in an external source."""
        return self.reaches_all or may_run(self.rights, declared)

    def reads_all(self, entity: EntityModel) -> bool:
        """Return whether the actor surely reads every record of an entity."""
        if self.reaches_all:
            return True
        is_open = entity.private_mark is None and not self.restrictions(entity)
        return is_open and "all" in self.rights.levels(entity, "read")

    @property
    def audits(self) -> bool:
        """Whether the actor may read the audit trail."""
        return self.reaches_all or self.rights.audits

    @property
    def privacy(self) -> bool:
        """Whether the actor may export and erase persons."""
        return self.reaches_all or self.rights.privacy

    @cached_property
    def visible(self) -> Visible | None:
        """The function that says whether the actor may see a field; None if it may see every field.

        A secret is seen by nobody, not even by the system: see `session.secret`.
        """
        if self.reaches_all:
            return is_no_secret if self.model.has_secrets else None
        return None if self.rights.sees_everything else self.rights.sees

    def sees(self, entity: EntityModel, field: FieldModel) -> bool:
        """Return whether the actor may see a field."""
        return self.visible is None or self.visible(entity, field)

    def reach(
        self, entity: EntityModel, table: sa.FromClause, action: Action = "read"
    ) -> sa.ColumnElement[bool] | None:
        """Return the condition on a table's rows under which the actor may do something; None for always.

        A part of another record, such as an order's line, is read with its whole and written by who may update that.
        What is not seen is not there, so nothing can be done with it.
        """
        if self.reaches_all:
            return None
        allowed = self._reach_of_rights(entity, table, action)
        seen = [restricted(self, entity, table, each) for each in self.restrictions(entity)]
        limits = [each for each in (allowed, *seen) if each is not None]
        return sa.and_(*limits) if limits else None

    def _reach_of_rights(
        self, entity: EntityModel, table: sa.FromClause, action: Action
    ) -> sa.ColumnElement[bool] | None:
        """Return the condition under which roles and shares allow something."""
        if entity.whole is not None:
            return self._reach_of_whole(entity.whole, table, action_on_whole(action))
        seen, wanted = self.levels(entity, "read"), self.levels(entity, action)
        condition = self._reach_of_levels(entity, table, action, wanted)
        if action == "read" or covers(seen, wanted):
            return condition
        limits = (condition, self._reach_of_levels(entity, table, "read", seen))
        return sa.and_(*(each for each in limits if each is not None))

    def _reach_of_levels(
        self, entity: EntityModel, table: sa.FromClause, action: Action, levels: Levels
    ) -> sa.ColumnElement[bool] | None:
        """Return the condition that levels reach a row, or that a share opens it to whom the levels allow anything."""
        condition = self.belonging.condition(entity, table, levels)
        if entity.private_mark is not None:
            condition = self._unless_private(entity, entity.private_mark, table, condition)
        if condition is None or not levels or self.user is None:
            return condition
        if entity.declared.readers is not None and action in {"read", "export"}:
            condition = sa.or_(condition, among(table.c.id, self.read_by_part(entity, self.user)))
        if entity.name not in self.shared:
            return condition
        opened = shared_with(self.tables, self.user, self.team, moment(self.clock))
        records = shared_records(self.tables, entity.name, action, opened)
        return condition if records is None else sa.or_(condition, among(table.c.id, records))

    def _unless_private(
        self,
        entity: EntityModel,
        mark: FieldModel,
        table: sa.FromClause,
        condition: sa.ColumnElement[bool] | None,
    ) -> sa.ColumnElement[bool]:
        """Return the condition, and that the actor owns the row if it is private; shares come on top."""
        opened = sa.or_(table.c[mark.columns[0]].is_not(sa.true()), table.c[owner_column(entity)] == self.user)
        return opened if condition is None else sa.and_(condition, opened)

    def read_by_part(self, entity: EntityModel, user: int) -> sa.Select[int]:
        """Return the query for the ids of records with a part that makes a user their reader."""
        found = readers_of(self.model, entity)
        assert found is not None
        part, whole, field = found
        table = self.tables[part.name].alias()
        columns = [table.c[each] for each in field.columns]
        named = [columns[0] == "user"] if isinstance(field.kind, AnyRefKind) else []
        query = sa.select(table.c[whole.columns[0]])
        return query.where(*named, columns[-1] == user, table.c.deleted_at.is_(None))

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
