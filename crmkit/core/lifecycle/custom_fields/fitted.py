"""Fitted: a Model with the custom fields of a database, and what is derived from it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import define, field

from crmkit.core.assemble.custom_fields import with_custom_fields
from crmkit.core.lifecycle.custom_fields.definitions import definitions_of
from crmkit.core.lifecycle.ledger import Statements
from crmkit.core.storage.tables import Tables

if TYPE_CHECKING:
    import sqlalchemy as sa

    from crmkit.core.assemble.model import Model


@define(eq=False)
class Fitted:
    """A Model with its tables and the statements prepared for it; sessions that share it understand each other.

    A session keeps the one that it was opened with, so that nothing changes under its feet.
    """

    model: Model
    tables: Tables
    _statements: dict[str, Statements] = field(factory=dict, init=False)

    def statements(self, connection: sa.Connection) -> Statements:
        """Return the prepared statements for the connection's kind of database."""
        name = connection.dialect.name
        if name not in self._statements:
            self._statements[name] = Statements(self.tables, connection.dialect)
        return self._statements[name]


def fit(declared: Fitted, connection: sa.Connection) -> Fitted:
    """Return what plugins declare, fitted to a database: with its custom fields, if it has any."""
    found = definitions_of(connection, declared.model, declared.tables)
    if not found:
        return declared
    model, tables = with_custom_fields(declared.model, found), declared.tables
    return Fitted(model, Tables(model, prefix=tables.prefix, schema=tables.schema))
