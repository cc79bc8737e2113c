"""The contents of a database as it is backed up: its tables with their columns, and their rows as lines of JSON.

The same data give the same lines on every database, so that a fingerprint of them tells whether two are equal.
"""

from __future__ import annotations

import base64
import binascii
import json
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from attrs import frozen

from crmkit.core.storage.column_types import BOOLEAN, BYTES, DATE, INTEGER, MOMENT, TEXT
from crmkit.core.storage.extra import ExtraJson
from crmkit.core.upgrade.planning import kept_tables
from crmkit.core.upgrade.rebuilding import references_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from crmkit.core.storage.tables import Tables

FORGOTTEN = ("sequence", "command", "generation")
"""Tables of the system that a backup leaves out: the next ids are computed anew, and what processes promised each other
(idempotency keys, generations) ends with a restore."""
UNCOMPARED = ("event_epoch",)
"""Tables that a restore adds to, and that fingerprints leave out."""
TYPES: Mapping[str, sa.types.TypeEngine[Any]] = {
    "text": TEXT,
    "integer": INTEGER,
    "boolean": BOOLEAN,
    "date": DATE,
    "datetime": MOMENT,
    "json": ExtraJson(),
    "bytes": BYTES,
}
AT_ONCE = 1000


@frozen(kw_only=True)
class Contents:
    """One table of a backup.

    Attributes:
        name: the table's name without the CRM's prefix.
        columns: the type of every column, by name, in the order of the names.
        key: the columns of the primary key.
        references: the foreign keys, each with its column, the table it refers to, and what is done on delete.
    """

    name: str
    columns: Mapping[str, str]
    key: tuple[str, ...]
    references: tuple[tuple[str, str, str], ...] = ()

    def table(self, tables: Tables) -> sa.Table:
        """Return the table to read from or write to, with columns of the backup's types."""
        columns = [sa.Column(name, TYPES[sort], primary_key=name in self.key) for name, sort in self.columns.items()]
        return sa.Table(f"{tables.prefix}{self.name}", sa.MetaData(), *columns, schema=tables.schema)


def contents_of(connection: sa.Connection, tables: Tables) -> list[Contents]:
    """Return the tables that a backup holds, those of disabled plugins included, by name."""
    inspector = sa.inspect(connection)
    found = []
    for table in sorted(kept_tables(connection, tables)):
        name = table.removeprefix(tables.prefix)
        if name not in FORGOTTEN:
            columns = {each["name"]: type_name(each["type"]) for each in inspector.get_columns(table, tables.schema)}
            key = inspector.get_pk_constraint(table, tables.schema)["constrained_columns"]
            references = foreign_keys(connection, inspector, table, tables)
            found.append(
                Contents(name=name, columns=dict(sorted(columns.items())), key=tuple(key), references=references)
            )
    return found


def foreign_keys(
    connection: sa.Connection, inspector: sa.Inspector, table: str, tables: Tables
) -> tuple[tuple[str, str, str], ...]:
    """Return the foreign keys of a table, with the names of tables without the prefix."""
    if connection.dialect.name == "sqlite":
        listed = references_of(connection, table)
    else:
        listed = [
            (each["constrained_columns"][0], each["referred_table"], str(each["options"].get("ondelete", "NO ACTION")))
            for each in inspector.get_foreign_keys(table, tables.schema)
        ]
    return tuple(sorted((column, target.removeprefix(tables.prefix), rule) for column, target, rule in listed))


def type_name(found: sa.types.TypeEngine[Any]) -> str:
    """Return the name of a column's type in a backup."""
    for kind, name in (
        (sa.Boolean, "boolean"),
        (sa.DateTime, "datetime"),
        (sa.Date, "date"),
        (sa.Integer, "integer"),
        (sa.Numeric, "integer"),
        (sa.JSON, "json"),
        (sa.LargeBinary, "bytes"),
    ):
        if isinstance(found, kind):
            return name
    return "text"


def lines_of(connection: sa.Connection, contents: Contents, tables: Tables) -> Iterator[bytes]:
    """Yield the rows of a table in the order of its key, each as a line of JSON: a list of the columns' values."""
    table = contents.table(tables)
    order = [table.c[name] for name in contents.key]
    options = {"stream_results": True, "yield_per": AT_ONCE}
    rows = connection.execution_options(**options).execute(sa.select(*table.columns).order_by(*order))
    for row in rows:
        yield line_of(row)


def line_of(row: Sequence[object]) -> bytes:
    """Return a row as a line of JSON."""
    return json.dumps(list(row), ensure_ascii=False, separators=(",", ":"), default=plain).encode() + b"\n"


def plain(value: object) -> object:
    """Return a date, a moment in UTC to the microsecond, or bytes (in base 64) as text."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, (bytes, memoryview)):
        return base64.b64encode(value).decode("ascii")
    raise TypeError(value)


def value_of(sort: str, given: object) -> object:
    """Return a value of a line as the database takes it.

    Raises:
        ValueError: if it is none of the column's type.
    """
    fits = {"text": str, "integer": int, "boolean": bool, "date": str, "datetime": str, "json": str, "bytes": str}[sort]
    if given is None:
        return None
    if not isinstance(given, fits) or (sort == "integer" and isinstance(given, bool)):
        raise ValueError(given)
    if sort == "date":
        return date.fromisoformat(str(given))
    if sort == "bytes":
        return bytes_of(str(given))
    if sort == "json":
        json.loads(str(given))
    if sort == "datetime":
        return datetime.strptime(str(given), "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=UTC)
    return given


def bytes_of(text: str) -> bytes:
    """Return the bytes that base 64 stands for.

    Raises:
        ValueError: if it is no base 64.
    """
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error as error:
        raise ValueError(text) from error
