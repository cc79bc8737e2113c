"""Sources: the tables that a statement reads from, one for every reference that its paths follow."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

from crmkit.core.reading.local_time import calendar_part
from crmkit.core.storage.extra import stored
from crmkit.core.storage.tables import sort_column
from crmkit.errors import InvalidValue
from crmkit.translation import _

if TYPE_CHECKING:
    from collections.abc import Iterable

    from crmkit.core.assemble.model import EntityModel, FieldModel, Model
    from crmkit.core.reading.context import ReadContext
    from crmkit.core.reading.paths import Path
    from crmkit.core.storage.tables import Tables

MOST_JOINS = 30


class Sources:
    """The tables of one statement.

    A reference is followed by a left join on the living record that may be read: a record that is deleted or out of
    reach looks like none. Paths that share a reference share its join.

    Attributes:
        root: the table of the entity that is asked for.
        needs_local_time: whether the statement computes days in the home time zone.
    """

    def __init__(
        self,
        model: Model,
        tables: Tables,
        context: ReadContext,
        entity: EntityModel,
        dialect: str,
        *,
        root: sa.FromClause | None = None,
    ) -> None:
        self.model = model
        self.tables = tables
        self.context = context
        self.entity = entity
        self.dialect = dialect
        self.root = tables[entity.name] if root is None else root
        self.needs_local_time = False
        self._joined: dict[tuple[str, ...], sa.FromClause] = {(): self.root}
        self._from: sa.FromClause = self.root

    @property
    def from_clause(self) -> sa.FromClause:
        """The root with all that has been joined to it so far."""
        return self._from

    def table(self, hops: tuple[FieldModel, ...]) -> sa.FromClause:
        """Return the table that some references lead to, joining it if nobody has asked for it before."""
        names = tuple(hop.name for hop in hops)
        found = self._joined.get(names)
        return self._join(hops, names) if found is None else found

    def _join(self, hops: tuple[FieldModel, ...], names: tuple[str, ...]) -> sa.FromClause:
        if len(self._joined) > MOST_JOINS:
            raise InvalidValue(
                _("This follows more than {most_joins} references; ask for less at once.", most_joins=MOST_JOINS)
            )
        before = self.table(hops[:-1])
        target = self.model.entities[str(hops[-1].target)]
        alias = self.tables[target.name].alias(f"via_{len(self._joined)}")
        reach = self.context.reach(target, alias)
        on = [alias.c.id == before.c[hops[-1].columns[0]], alias.c.deleted_at.is_(None)]
        self._from = self._from.outerjoin(alias, sa.and_(*on, *([] if reach is None else [reach])))
        self._joined[names] = alias
        return alias

    def stored(self, path: Path, column: str) -> sa.ColumnElement[object]:
        """Return a column of the table that has the path's field."""
        return stored(self.table(path.hops), path.field, column)

    def column(self, path: Path) -> sa.ColumnElement[object]:
        """Return what a path compares and sorts by: for an amount, its worth in the base currency."""
        if path.part is None:
            return self.stored(path, sort_column(path.field))
        if path.part.suffix is not None:
            return self.stored(path, path.field.name + path.part.suffix)
        self.needs_local_time = True
        return calendar_part(self.stored(path, path.field.columns[0]), path, self.context.conventions, self.dialect)

    def columns(self, path: Path) -> list[sa.ColumnElement[object]]:
        """Return the columns that the path's kind loads its value from."""
        if path.part is None:
            return [self.stored(path, name) for name in path.field.columns]
        return [self.column(path)]

    def record_columns(
        self, hops: tuple[FieldModel, ...], fields: Iterable[FieldModel]
    ) -> list[sa.ColumnElement[object]]:
        """Return the columns of some fields of the entity that the references lead to, as a record is built of them."""
        table = self.table(hops)
        return [stored(table, field, name) for field in fields for name in field.columns]
