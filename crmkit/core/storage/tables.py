"""Tables: one per entity, with real columns for every plugin's fields, derived from the Model."""

from __future__ import annotations

import hashlib
from functools import cached_property
from typing import TYPE_CHECKING

import sqlalchemy as sa

from crmkit.core.declare.kinds import AnyRefKind, MoneyKind
from crmkit.core.storage.column_types import KEY, TEXT, column_type
from crmkit.core.storage.extra import EXTRA, ExtraJson, stored
from crmkit.core.storage.system import SystemTables

if TYPE_CHECKING:
    from collections.abc import Iterable

    from crmkit.core.assemble.model import EntityModel, FieldModel, Model
    from crmkit.core.declare.declarations import Unique

LONGEST_IDENTIFIER = 63
NOT_NULL = frozenset({"version", "created_at", "updated_at"})


class Tables:
    """The tables of an assembled Model in one `MetaData`, which may be the host's.

    Attributes:
        metadata: where the tables live.
        prefix: what every table's name begins with.
        system: the lifecycle's own tables.
    """

    def __init__(
        self, model: Model, metadata: sa.MetaData | None = None, *, prefix: str = "crm_", schema: str | None = None
    ) -> None:
        self.model = model
        self.metadata = sa.MetaData() if metadata is None else metadata
        self.prefix = prefix
        self.schema = schema
        self.entities = {entity.name: self._table(entity) for entity in model.entities.values()}
        self.system = SystemTables(self.metadata, prefix=prefix, schema=schema)

    def __getitem__(self, entity: str) -> sa.Table:
        return self.entities[entity]

    @cached_property
    def all(self) -> tuple[sa.Table, ...]:
        """All tables of crmkit, in the order in which they can be created."""
        ours = {*self.entities.values(), *self.system.all}
        return tuple(table for table in self.metadata.sorted_tables if table in ours)

    def name_of(self, entity: EntityModel) -> str:
        """Return the name of an entity's table: `crm_customer`, or `crm_<plugin>_<entity>`."""
        owner = "" if entity.provider == "core" else f"{entity.provider}_"
        return short(f"{self.prefix}{owner}{entity.name}")

    def _table(self, entity: EntityModel) -> sa.Table:
        name = self.name_of(entity)
        columns = [column for field in entity.fields.values() for column in self._columns(entity, field)]
        table = sa.Table(name, self.metadata, *columns, sa.Column(EXTRA, ExtraJson()), schema=self.schema)
        for field in entity.fields.values():
            if field.declared.index and field.columns and not field.declared.unique:
                self._index(table, field)
        for unique in entity.uniques:
            self._unique_index(entity, table, unique)
        return table

    def _columns(self, entity: EntityModel, field: FieldModel) -> Iterable[sa.Column[object]]:
        if field.name == "id":
            yield sa.Column("id", KEY, primary_key=True, autoincrement=False)
        if field.name == "id" or field.in_extra:
            return
        for column, part in zip(field.columns, field.kind.parts, strict=True):
            keys = [self._foreign_key(entity, field)] if self._has_foreign_key(entity, field) else []
            yield sa.Column(column, column_type(part), *keys, nullable=field.name not in NOT_NULL)
        if field.key_column:
            yield sa.Column(field.key_column, TEXT)

    def _has_foreign_key(self, entity: EntityModel, field: FieldModel) -> bool:
        """Say whether the reference is a foreign key: never from a core table to a plugin's, nor for who wrote it."""
        if field.target is None or field.is_system:
            return False
        return entity.provider != "core" or self.model.entities[field.target].provider == "core"

    def _foreign_key(self, entity: EntityModel, field: FieldModel) -> sa.ForeignKey:
        target = self.name_of(self.model.entities[str(field.target)])
        return sa.ForeignKey(
            f"{self.schema}.{target}.id" if self.schema else f"{target}.id",
            name=short(f"fk_{self.name_of(entity)}_{field.columns[0]}"),
            ondelete="CASCADE" if field.declared.part_of else "SET NULL",
            use_alter=field.provider != entity.provider,  # an extension may point back and close a circle of tables
        )

    def _index(self, table: sa.Table, field: FieldModel) -> None:
        name = index_name(table, field.name)
        columns = indexed_columns(table, field)
        if field.name == "stage" or isinstance(field.kind, AnyRefKind):
            sa.Index(name, *columns)
            return
        sa.Index(name, *columns).ddl_if(dialect="sqlite")
        sa.Index(name, columns[0].asc().nulls_first(), *columns[1:]).ddl_if(dialect="postgresql")

    def _unique_index(self, entity: EntityModel, table: sa.Table, unique: Unique) -> None:
        columns = [column for name in unique.fields for column in unique_columns(entity.fields[name])]
        living = table.c.deleted_at.is_(None)
        condition = sa.and_(living, table.c[unique.where].is_(sa.true())) if unique.where else living
        sa.Index(
            unique_index_name(entity, table, unique),
            *(table.c[column] for column in columns),
            unique=True,
            sqlite_where=condition,
            postgresql_where=condition,
        )


def index_name(table: sa.Table, field: str) -> str:
    """Return the name of the index by which filters and sorting on a field are fast."""
    return short(f"ix_{table.name}_{field}")


def unique_index_name(entity: EntityModel, table: sa.Table, unique: Unique) -> str:
    """Return the name of the index that keeps a combination of fields unique."""
    columns = [column for name in unique.fields for column in unique_columns(entity.fields[name])]
    return short(f"uq_{table.name}_{'_'.join(columns)}")


def unique_columns(field: FieldModel) -> tuple[str, ...]:
    """Return the columns by which a field's values are compared for uniqueness."""
    return (field.key_column,) if field.key_column else field.columns


def indexed_columns(table: sa.Table, field: FieldModel) -> list[sa.ColumnElement[object]]:
    """Return the columns of a field's index; the id at the end makes it the order of a page.

    PostgreSQL needs `NULLS FIRST` said, SQLite always sorts so and refuses the words.
    """
    if field.name == "stage":
        return [table.c.pipeline, table.c.stage]
    if isinstance(field.kind, AnyRefKind):
        return [table.c[name] for name in field.columns]
    return [stored(table, field, sort_column(field)), table.c.id]


def sort_column(field: FieldModel) -> str:
    """Return the column by which a field sorts: money by its worth in the base currency."""
    return f"{field.name}_base" if isinstance(field.kind, MoneyKind) else field.columns[0]


def short(name: str) -> str:
    """Return the identifier, shortened without ambiguity if a database would cut it off."""
    if len(name) <= LONGEST_IDENTIFIER:
        return name
    digest = hashlib.sha256(name.encode()).hexdigest()[:8]
    return f"{name[: LONGEST_IDENTIFIER - 9]}_{digest}"
