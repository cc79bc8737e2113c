"""Statements: inserts and updates of an entity's table, prepared once and run by the driver as they are.

They do what the same statements of SQLAlchemy Core would, with the column types' own conversions, without building an
expression for every record.
"""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.sql.visitors import replacement_traverse

from crmkit.core.storage.column_types import UtcDateTime

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from sqlalchemy.engine import Dialect

    from crmkit.core.assemble.model import EntityModel, FieldModel

MOMENT_PLACE = "__THE_MOMENT__"
"""What stands for a moment in a text that is otherwise complete."""


class TableStatements:
    """Prepared statements for one table on one kind of database."""

    def __init__(self, table: sa.Table, dialect: Dialect) -> None:
        preparer = dialect.identifier_preparer
        self.table = table
        self.dialect = dialect
        self.name = preparer.format_table(table)
        self.mark = "?" if dialect.paramstyle == "qmark" else "%s"
        self.quoted = {column.name: preparer.quote(column.name) for column in table.columns}
        self.convert = {column.name: converter(column.type, dialect) for column in table.columns}

    def insert(self, columns: Iterable[str]) -> str:
        """Return an insert that leaves out rows which a unique index refuses, so that their number tells."""
        names = list(columns)
        marks = ", ".join([self.mark] * len(names))
        listed = ", ".join(self.quoted[name] for name in names)
        return f"INSERT INTO {self.name} ({listed}) VALUES ({marks}) ON CONFLICT DO NOTHING"  # noqa: S608  (own names)

    def update(self, columns: Iterable[str], *further: str) -> str:
        """Return an update of one living record by id and version, which counts the version up.

        `further` are assignments that are written out, each with one parameter.
        """
        changed = ", ".join((*(f"{self.quoted[name]} = {self.mark}" for name in columns), *further))
        return (
            f"UPDATE {self.name} SET {changed}, version = version + 1 "  # noqa: S608  (own names)
            f"WHERE id = {self.mark} AND version = {self.mark}"
        )

    def literal(self, condition: sa.ColumnElement[bool], moment: str) -> tuple[str, int]:
        """Return a condition on this table as text for the driver, its numbers and names written out.

        The parameter called `moment` stays one; how often it comes is returned, too.
        """
        kept: sa.ColumnElement[object] = sa.literal_column(MOMENT_PLACE)

        def placed(element: Any, **_: Any) -> Any:
            return kept if getattr(element, "key", None) == moment else None

        condition = replacement_traverse(condition, {}, placed)
        text = str(condition.compile(dialect=self.dialect, compile_kwargs={"literal_binds": True}))
        if self.mark != "?":
            text = text.replace("%", "%%").replace("%%%%", "%%")
        return text.replace(MOMENT_PLACE, self.mark), text.count(MOMENT_PLACE)

    def convert_row(self, columns: Iterable[str], values: Iterable[object]) -> tuple[object, ...]:
        """Return the values as the driver takes them."""
        return tuple(
            value if value is None or (convert := self.convert[name]) is None else convert(value)
            for name, value in zip(columns, values, strict=True)
        )


class EntityStatements(TableStatements):
    """Prepared statements of an entity, from the values of its fields."""

    def __init__(self, table: sa.Table, entity: EntityModel, dialect: Dialect) -> None:
        super().__init__(table, dialect)
        self.fields = {name: self._column_writers(field) for name, field in entity.fields.items() if not field.in_extra}
        self.columns = tuple(column for columns, _ in self.fields.values() for column in columns)
        self.insert_all = self.insert(self.columns)
        self._blank: tuple[object, ...] = (None,) * len(self.columns)
        self._places: dict[str, tuple[int, int, Callable[[object], Sequence[object]]]] = {}
        for name, (columns, write) in self.fields.items():
            start = sum(place[1] for place in self._places.values())
            self._places[name] = (start, len(columns), write)
        self._updates: dict[tuple[str, ...], str] = {}

    def _column_writers(self, field: FieldModel) -> tuple[tuple[str, ...], Callable[[object], Sequence[object]]]:
        key = field.key_column
        columns = (*field.columns, key) if key else field.columns
        return columns, writer(field, [self.convert[name] for name in columns])

    def row(self, values: Mapping[str, object], template: Sequence[object] | None = None) -> list[object]:
        """Return the parameters of `insert_all`: those of the template, with the given values put in."""
        row = list(self._blank if template is None else template)
        places = self._places
        for name, value in values.items():
            if value is not None:
                start, width, write = places[name]
                if width == 1:
                    (row[start],) = write(value)
                else:
                    row[start : start + width] = write(value)
        return row

    def changed_columns(self, names: Iterable[str]) -> tuple[str, ...]:
        """Return the columns of some fields."""
        return tuple(column for name in names for column in self.fields[name][0])

    def update_fields(self, names: tuple[str, ...]) -> str:
        """Return the update of some fields."""
        found = self._updates.get(names)
        if found is None:
            found = self._updates[names] = self.update(self.changed_columns(names))
        return found

    def changed_row(self, names: Iterable[str], values: Mapping[str, object]) -> list[object]:
        """Return the parameters of some fields in their order."""
        row: list[object] = []
        for name in names:
            columns, write = self.fields[name]
            value = values[name]
            row.extend([None] * len(columns) if value is None else write(value))
        return row


def writer(
    field: FieldModel, converters: list[Callable[[object], object] | None]
) -> Callable[[object], Sequence[object]]:
    """Return the function from a field's value to its columns' parameters, the search key last if there is one."""
    kind = field.kind
    single = converters[0]
    if kind.is_plain and not field.key_column:
        if single is None:
            return lambda value: (value,)
        return lambda value: (single(value),)
    if kind.is_plain:
        return lambda value: (value if single is None else single(value), kind.key(value))
    if field.key_column:
        return lambda value: (*_converted(kind.dump(value), converters), kind.key(value))
    if all(convert is None for convert in converters):
        return kind.dump
    return lambda value: _converted(kind.dump(value), converters)


def _converted(values: Iterable[object], converters: Iterable[Callable[[object], object] | None]) -> tuple[object, ...]:
    pairs = zip(values, converters, strict=False)
    return tuple(value if value is None or convert is None else convert(value) for value, convert in pairs)


def converter(type_: sa.types.TypeEngine[Any], dialect: Dialect) -> Callable[[object], object] | None:
    """Return the function from a value to what the driver takes; None if that is the value itself."""
    if isinstance(type_, UtcDateTime) and dialect.name == "sqlite":
        return sqlite_moment
    return type_.dialect_impl(dialect).bind_processor(dialect)


@lru_cache(maxsize=1024)
def sqlite_moment(value: object) -> str:
    """Return a moment as SQLAlchemy's SQLite dialect writes it, at a third of the cost."""
    assert isinstance(value, datetime)
    utc = value if value.tzinfo is UTC else value.astimezone(UTC)
    return utc.replace(tzinfo=None).isoformat(" ", "microseconds")
