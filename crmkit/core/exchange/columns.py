"""Columns of an export: the paths of an entity that an import brings back unchanged, and their cells."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import sqlalchemy as sa
from attrs import frozen

from crmkit.core.declare import kinds
from crmkit.core.declare.kinds.places import ADDRESS_PARTS
from crmkit.core.exchange.files import Column
from crmkit.core.reading.paths import PathFinder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from crmkit.core.assemble.model import EntityModel, FieldModel
    from crmkit.core.declare.kinds import Kind
    from crmkit.core.lifecycle.session import Session

NUMERIC = (kinds.IntegerKind, kinds.DecimalKind)


@frozen(kw_only=True)
class ExportColumn:
    """A column of an export: its name, the path that is read for it, and how a value becomes a cell."""

    name: str
    path: str
    cell: Callable[[object], str | None]
    numeric: bool = False

    @property
    def written(self) -> Column:
        """The column as the files take it."""
        return Column(self.name, numeric=self.numeric)


def all_columns(session: Session, entity: EntityModel) -> list[ExportColumn]:
    """Return the columns of everything that an import can set, with the id and the moment of creation in front."""
    names = ["id", "created_at", *entity.writable]
    if entity.staged:
        names += ["pipeline", "stage", "stage_since"]
    fields = [entity.fields[name] for name in names]
    return [column for field in fields if leaves(session, entity, field) for column in columns_of(session, field)]


def leaves(session: Session, entity: EntityModel, field: FieldModel) -> bool:
    """Return whether a field may be in a file: the actor sees it, and it is no secret."""
    return session.principal.sees(entity, field) and not field.is_secret


def columns_of(session: Session, field: FieldModel) -> Iterator[ExportColumn]:
    """Yield the columns of a field: one, or one for each part of an address."""
    if isinstance(field.kind, kinds.AddressKind):
        for part in ADDRESS_PARTS:
            yield ExportColumn(
                name=f"{field.name}.{part}",
                path=field.name,
                cell=lambda value, part=part: getattr(value, part, None),  # type: ignore[misc]
            )
    elif field.target is not None:
        yield chosen_column(session, session.model.entities[field.target], field)
    else:
        yield plain_column(field.name, field.kind)


def chosen_column(session: Session, target: EntityModel, field: FieldModel) -> ExportColumn:
    """Return the column of a reference: by a unique field that every record has, or else by id."""
    key = key_field(session, target)
    path = f"{field.name}.{key.name}"
    return plain_column(path, key.kind)


def key_field(session: Session, target: EntityModel) -> FieldModel:
    """Return the first field that is unique, visible and filled in every living record; else the id."""
    table = session.tables[target.name]
    for field in target.writable.values():
        if not field.declared.unique or isinstance(field.kind, kinds.RefKind) or not leaves(session, target, field):
            continue
        empty = sa.select(table.c.id).where(table.c[field.columns[0]].is_(None), table.c.deleted_at.is_(None)).limit(1)
        if field.declared.required and session.unit.connection.execute(empty).first() is None:
            return field
    return target.fields["id"]


def plain_column(name: str, kind: Kind) -> ExportColumn:
    """Return the column of values as they are."""

    def cell(value: object) -> str | None:
        return None if value is None else kind.to_text(value)

    return ExportColumn(name=name, path=name, cell=cell, numeric=isinstance(kind, NUMERIC))


def named_columns(session: Session, entity: EntityModel, paths: Sequence[str]) -> list[ExportColumn]:
    """Return the columns of chosen paths.

    Raises:
        FilterError: if a path leads nowhere.
    """
    finder = PathFinder(session.model, partial(leaves, session))
    return [plain_column(path, finder.find(entity, path).kind) for path in paths]
