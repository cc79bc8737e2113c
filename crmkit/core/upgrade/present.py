"""What is there: the schema of a database, as it is before and between the steps of a plan, and the ledger."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa
from attrs import define, field

from crmkit.core.storage.system.tenants import is_register
from crmkit.core.upgrade.steps import count_rows, quoted

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from crmkit.core.assemble.custom_fields import Definition
    from crmkit.core.assemble.model import Model
    from crmkit.core.storage.plugin_ledger import Fact
    from crmkit.core.storage.tables import Tables


def is_ours(name: str, prefix: str) -> bool:
    """Return whether a table is one of the CRM's, by its name; the register of its tenants is no part of it."""
    return name.startswith(prefix) and not is_register(name, prefix)


@define(eq=False)
class Present:
    """The schema of a database, kept up with what the steps of a plan will do.

    Attributes:
        tables: the columns of every table of the CRM, in their order.
        indexes: the names of the indexes of every table.
        sequences: the names of the sequences (PostgreSQL).
    """

    tables: dict[str, list[str]]
    indexes: dict[str, set[str]]
    sequences: set[str] = field(factory=set)

    @classmethod
    def of(cls, connection: sa.Connection, tables: Tables) -> Present:
        """Read the schema off a database."""
        inspector = sa.inspect(connection)
        names = [each for each in inspector.get_table_names(schema=tables.schema) if is_ours(each, tables.prefix)]
        columns = inspector.get_multi_columns(schema=tables.schema, filter_names=names) if names else {}
        is_postgresql = connection.dialect.name == "postgresql"
        return cls(
            tables={name: [each["name"] for each in columns[tables.schema, name]] for name in names},
            indexes=indexes_of(connection, inspector, names, tables.schema),
            sequences=set(inspector.get_sequence_names(schema=tables.schema)) if is_postgresql else set(),
        )

    def rename_table(self, old: str, new: str) -> None:
        """Note that a table gets another name."""
        self.tables[new] = self.tables.pop(old)
        self.indexes[new] = self.indexes.pop(old, set())

    def rename_column(self, table: str, old: str, new: str) -> None:
        """Note that a column gets another name."""
        self.tables[table] = [new if each == old else each for each in self.tables[table]]

    def drop_index(self, table: str, name: str) -> None:
        """Note that an index goes."""
        self.indexes.get(table, set()).discard(name)


def indexes_of(
    connection: sa.Connection, inspector: sa.Inspector, names: list[str], schema: str | None
) -> dict[str, set[str]]:
    """Return the names of the indexes of some tables; SQLAlchemy reads none of expressions off SQLite."""
    found: dict[str, set[str]] = {name: set() for name in names}
    if connection.dialect.name == "sqlite":
        master = f"{connection.dialect.identifier_preparer.quote(schema)}." if schema else ""
        query = f"SELECT tbl_name, name FROM {master}sqlite_master WHERE type = 'index' AND sql IS NOT NULL"  # noqa: S608
        for table, name in connection.exec_driver_sql(query):
            found.setdefault(table, set()).add(name)
        return found
    listed = inspector.get_multi_indexes(schema=schema, filter_names=names) if names else {}
    return found | {str(name): {str(each["name"]) for each in indexes} for (_schema, name), indexes in listed.items()}


@define(eq=False, kw_only=True)
class Situation:
    """What a plan begins with, and what it finds out.

    Attributes:
        facts: the plugins in the ledger, by name.
        present: the schema as the steps so far leave it.
        older: the columns of the tables that were there before.
        definitions: the custom fields, the hidden ones included.
        problems: what stands against the plan.
    """

    connection: sa.Connection
    model: Model
    tables: Tables
    facts: Mapping[str, Fact]
    present: Present
    older: Mapping[str, frozenset[str]]
    now: datetime
    definitions: tuple[Definition, ...] = ()
    problems: list[str] = field(factory=list)

    @property
    def is_sqlite(self) -> bool:
        """Whether the database is SQLite."""
        return self.connection.dialect.name == "sqlite"

    def quoted(self, name: str) -> str:
        """Return the name of a table, an index or a sequence as the database wants it written."""
        return quoted(self.connection, name, self.tables.schema)

    def count(self, table: str, *columns: str) -> int:
        """Return how many rows a table has, or how many of them have a value in one of some columns."""
        return count_rows(self.connection, table, self.tables.schema, *columns)
