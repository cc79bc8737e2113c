"""Extra: values of fields without columns of their own, kept in one JSON column of the entity's table.

`{"shoe_size": 42, "price": 1250000, "price_currency": "EUR"}`: by the names that the columns would have, each value in
the form in which SQLite keeps such a column. What reads or sorts by a field asks `stored` for its columns, and gets
expressions that have the same type, the same order and the same NULLs as real ones, and that an index can be made of.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import TypeDecorator

from crmkit.core.declare.kinds import Part
from crmkit.core.storage.column_types import column_type

if TYPE_CHECKING:
    from sqlalchemy.engine import Dialect
    from sqlalchemy.sql.compiler import SQLCompiler

    from crmkit.core.assemble.model import FieldModel

EXTRA = "extra"
KEY_PART = Part()


class ExtraJson(TypeDecorator[str]):
    """A JSON object as text in one form, so that equal objects are equal texts: `jsonb` on PostgreSQL."""

    impl = sa.JSON
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> sa.types.TypeEngine[Any]:
        """Return the column type of the database."""
        wanted = JSONB if dialect.name == "postgresql" else sa.JSON
        return dialect.type_descriptor(wanted(none_as_null=True))

    def process_bind_param(self, value: str | None, dialect: Dialect) -> Any:
        """Return the object that the text says."""
        del dialect
        return None if value is None else json.loads(value)

    def process_result_value(self, value: Any, dialect: Dialect) -> str | None:
        """Return the text of the object."""
        del dialect
        return None if value is None else as_text(value)


def as_text(values: dict[str, object]) -> str:
    """Return a JSON object in its one form."""
    return json.dumps(values, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


class ExtraValue(FunctionElement[Any]):
    """A value of the column `extra`, as the column of its own that it could be."""

    inherit_cache = True
    name = "extra_value"

    def __init__(self, extra: sa.ColumnElement[Any], name: str, part: Part) -> None:
        # Name and type are said as clauses, so that they are part of the key by which compiled statements are kept.
        super().__init__(extra, sa.literal_column(f"'{name}'"), sa.literal_column(f"'{part.type}'"))
        self.type = column_type(part)


@compiles(ExtraValue)
def _of_text(element: ExtraValue, compiler: SQLCompiler, **named: Any) -> str:
    extra, name, _type = element.clauses
    return f"json_extract({compiler.process(extra, **named)}, '$.{str(name).strip(QUOTE)}')"


@compiles(ExtraValue, "postgresql")
def _of_jsonb(element: ExtraValue, compiler: SQLCompiler, **named: Any) -> str:
    extra, name, type_ = element.clauses
    text = f"({compiler.process(extra, **named)} ->> {name})"
    return BY_TYPE[str(type_).strip(QUOTE)].format(text)


QUOTE = "'"
DAY = ", ".join(f"CAST(substr({{0}}, {start}, {length}) AS INTEGER)" for start, length in ((1, 4), (6, 2), (9, 2)))
TIME = "CAST(substr({0}, 12, 2) AS INTEGER), CAST(substr({0}, 15, 2) AS INTEGER), CAST(substr({0}, 18) AS FLOAT8)"
BY_TYPE = {
    "text": '({0} COLLATE "C")',
    "integer": "CAST({0} AS BIGINT)",
    "boolean": "CAST({0} AS BOOLEAN)",
    "date": f"make_date({DAY})",
    "datetime": f"timezone(CAST('UTC' AS TEXT), make_timestamp({DAY}, {TIME}))",
}
"""How PostgreSQL reads a type. Its casts from text to days and moments depend on settings, which no index may do."""


def stored(table: sa.FromClause, field: FieldModel, column: str) -> sa.ColumnElement[Any]:
    """Return one of a field's columns in a table, or in an alias of it, wherever the field's values are kept."""
    if not field.in_extra:
        return table.c[column]
    parts = dict(zip(field.columns, field.kind.parts, strict=True))
    return ExtraValue(table.c[EXTRA], column, parts.get(column, KEY_PART))
