"""Fitted: a Model with the custom fields of a database, and what is derived from it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa
from attrs import define, field

from crmkit.core.assemble.custom_fields import with_custom_fields
from crmkit.core.lifecycle.custom_fields.definitions import definitions_of
from crmkit.core.lifecycle.ledger import Statements
from crmkit.core.storage.locks import share
from crmkit.core.storage.tables import Tables
from crmkit.errors import FieldsMovedError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from crmkit.core.assemble.custom_fields import Definition
    from crmkit.core.assemble.model import Model

MOVED = "custom_fields_moved"


@define(eq=False)
class Fitted:
    """A Model with its tables and the statements prepared for it; sessions that share it understand each other.

    A session keeps the one that it was opened with, so that nothing changes under its feet.

    Attributes:
        moved: how often values of custom fields had been moved to another place, or purged.
    """

    model: Model
    tables: Tables
    moved: int = 0
    _statements: dict[str, Statements] = field(factory=dict, init=False)

    def statements(self, connection: sa.Connection) -> Statements:
        """Return the prepared statements for the connection's kind of database."""
        name = connection.dialect.name
        if name not in self._statements:
            self._statements[name] = Statements(self.tables, connection.dialect)
        return self._statements[name]

    def check_unmoved(self, connection: sa.Connection) -> None:
        """Refuse to write if values have been moved meanwhile, and let none be moved before the transaction's end.

        Raises:
            FieldsMovedError: if they have.
        """
        share(connection, self.tables, MOVED)
        if moved_in(connection, self.tables) != self.moved:
            raise FieldsMovedError


def moved_in(connection: sa.Connection, tables: Tables) -> int:
    """Return how often values of custom fields have been moved in a database."""
    generation = tables.system.generation
    query = sa.select(generation.c.number).where(generation.c.topic == MOVED)
    return connection.execute(query).scalar() or 0


def fit(declared: Fitted, connection: sa.Connection) -> Fitted:
    """Return what plugins declare, fitted to a database: with its custom fields, if it has any."""
    moved = moved_in(connection, declared.tables)
    found = definitions_of(connection, declared.model, declared.tables)
    return fitted_to(declared, found, moved) if found else declared


def fitted_to(declared: Fitted, definitions: Iterable[Definition], moved: int = 0) -> Fitted:
    """Return what plugins declare, with custom fields and tables for them."""
    model, tables = with_custom_fields(declared.model, definitions), declared.tables
    return Fitted(model, Tables(model, prefix=tables.prefix, schema=tables.schema), moved)
