"""Matching: which records have certain values, asked for a whole batch at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

from crmkit.core.lifecycle.validation import key_values
from crmkit.core.storage.extra import stored
from crmkit.core.storage.tables import unique_columns
from crmkit.errors import InvalidValue
from crmkit.translation import _

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from crmkit.core.assemble.model import EntityModel, FieldModel, Model
    from crmkit.core.lifecycle.session import Session

AT_ONCE = 400
Key = tuple[object, ...]


def key_of(model: Model, fields: Sequence[FieldModel], values: Sequence[object]) -> Key | None:
    """Return what the columns of some fields hold for these values; None if all of them are empty.

    Raises:
        InvalidValue: if a value doesn't fit its field.
    """
    key: list[object] = []
    for field, value in zip(fields, values, strict=True):
        parsed = None if value is None else field.kind.parse(value, model.conventions)
        if parsed is None:
            key += [None] * len(columns_of(field))
        else:
            key += key_values(field, parsed)
    return None if all(each is None for each in key) else tuple(key)


def columns_of(field: FieldModel) -> tuple[str, ...]:
    """Return the columns by which a field's values are compared."""
    return unique_columns(field)


def find_ids(
    session: Session, entity: EntityModel, fields: Sequence[FieldModel], keys: Iterable[Key]
) -> dict[Key, list[int]]:
    """Return the ids of the living records with these keys that the actor may read, the oldest first."""
    table = session.tables[entity.name]
    columns = [stored(table, field, column) for field in fields for column in columns_of(field)]
    reach = session.reacher.reach(entity, table, "read")
    found: dict[Key, list[int]] = {}
    for chunk in chunks(list(dict.fromkeys(keys))):
        condition: sa.ColumnElement[bool] = sa.and_(any_of(columns, chunk), table.c.deleted_at.is_(None))
        if reach is not None:
            condition &= reach
        query = sa.select(table.c.id, *columns).where(condition).order_by(table.c.id)
        for row in session.unit.connection.execute(query):
            found.setdefault(tuple(row[1:]), []).append(row[0])
    return found


def any_of(columns: Sequence[sa.ColumnElement[object]], keys: Sequence[Key]) -> sa.ColumnElement[bool]:
    """Return the condition that a row has one of the keys; an empty part of a key means an empty column."""
    if len(columns) == 1:
        return columns[0].in_([key[0] for key in keys])
    return sa.or_(
        *(sa.and_(*(c.is_(None) if v is None else c == v for c, v in zip(columns, key, strict=True))) for key in keys)
    )


def chunks(keys: list[Key]) -> Iterator[list[Key]]:
    """Yield the keys in pieces that fit into one statement, whatever the database's limit of parameters."""
    for start in range(0, len(keys), AT_ONCE):
        yield keys[start : start + AT_ONCE]


def single(ids: Sequence[int], what: str) -> int | None:
    """Return the only id, or None if there is none.

    Raises:
        InvalidValue: if there are several.
    """
    if len(ids) > 1:
        raise InvalidValue(
            _("{count} records are {what}. Add a column that tells them apart.", count=len(ids), what=what)
        )
    return ids[0] if ids else None
