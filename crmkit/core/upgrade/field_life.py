"""The life of custom fields: `crm.fields`, which gives them indexes and columns, or takes all their values away."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import sqlalchemy as sa
from sqlalchemy.schema import CreateIndex

from crmkit.core.assemble.model import known
from crmkit.core.lifecycle.custom_fields.definitions import ENTITY, definition
from crmkit.core.lifecycle.custom_fields.fitted import MOVED, fit, fitted_to
from crmkit.core.lifecycle.custom_fields.guarding import is_custom
from crmkit.core.lifecycle.opening import connecting
from crmkit.core.reading.permission import SYSTEM
from crmkit.core.storage.extra import EXTRA, as_text, stored
from crmkit.core.storage.extra_statements import CHANGED
from crmkit.core.storage.locks import hold
from crmkit.core.storage.plugin_ledger import columns_of
from crmkit.core.storage.system.generations import raise_generation
from crmkit.core.storage.tables import index_name
from crmkit.core.upgrade.applying import LOCK
from crmkit.core.upgrade.growing import add_column
from crmkit.core.upgrade.present import Present
from crmkit.core.upgrade.rebuilding import drop_columns
from crmkit.core.upgrade.steps import quoted
from crmkit.errors import DestructiveError, UpgradeRefused
from crmkit.translation import _, ngettext

if TYPE_CHECKING:
    from collections.abc import Iterator

    from crmkit.app import CRM
    from crmkit.core.assemble.model import FieldModel
    from crmkit.core.declare.records import Record
    from crmkit.core.lifecycle.custom_fields.fitted import Fitted
    from crmkit.core.lifecycle.session import Session
    from crmkit.core.reading.permission import System

    Actor = str | Record | System


class FieldLife:
    """Changes how the database keeps custom fields.

    Each command is one transaction, under the lock of upgrades: killed anywhere, nothing of it is there, and a second
    one at the same time waits for the first. The actor must be one who may update, or delete, their definitions.
    """

    def __init__(self, crm: CRM) -> None:
        self._crm = crm

    def index(self, entity: str, name: str, /, *, actor: Actor = SYSTEM) -> None:
        """Make filters and sorting on a custom field fast.

        Raises:
            UnknownNameError: if there is no such custom field.
            Refused: if its kind has no order.
            UpgradeRefused: if it is hidden.
            AccessDeniedError: if the actor may not change it.
        """
        with self._maintaining(actor) as session:
            record, connection = find(session, entity, name), session.unit.connection
            session.update(record, indexed=True)
            fitted = fit(self._crm.declared, connection)
            field = active_field(fitted, entity, name)
            make_index(connection, fitted, entity, field)

    def promote(self, entity: str, name: str, /, *, actor: Actor = SYSTEM) -> None:
        """Give a custom field columns of its own, with the values that are there; nobody sees a difference.

        Afterwards a plugin, or the edition, may declare the field itself, with the same name and kind.

        Raises:
            UnknownNameError: if there is no such custom field.
            UpgradeRefused: if it is hidden, or the table has columns of its name already.
            AccessDeniedError: if the actor may not change it.
        """
        with self._maintaining(actor) as session:
            record, connection = find(session, entity, name), session.unit.connection
            if getattr(record, "promoted", False):
                return
            before = active_field(fit(self._crm.declared, connection), entity, name)
            session.update(record, promoted=True)
            fitted = fit(self._crm.declared, connection)
            after = active_field(fitted, entity, name)
            drop_index(connection, fitted, entity, name)
            add_columns(connection, fitted, entity, after)
            if after.declared.index:
                make_index(connection, fitted, entity, after)
            move_values(connection, fitted, entity, before)
            raise_generation(connection, session.tables.system.generation, MOVED)

    def purge(self, entity: str, name: str, /, *, destructive: bool = False, actor: Actor = SYSTEM) -> int:
        """Delete a custom field with all its values for good, and return how many there were.

        What the change log says of them stays, and is shown to nobody but the system.

        Raises:
            UnknownNameError: if there is no such custom field.
            DestructiveError: if there are values, and that isn't said to be meant.
            AccessDeniedError: if the actor may not delete it.
        """
        with self._maintaining(actor) as session:
            record, connection = find(session, entity, name), session.unit.connection
            wanted = definition(lambda each: getattr(record, each))
            fitted = fitted_to(self._crm.declared, [wanted])
            field = fitted.model.entities[wanted.entity].fields.get(wanted.name)
            if field is None or not is_custom(field):
                forget(session, record)  # a plugin declares it by now, and its values are the plugin's
                return 0
            count = session.custom_fields.count(wanted)
            if count and not destructive:
                loss = ngettext(
                    "{count} value of {path}", "{count} values of {path}", count, path=f"{wanted.entity}.{wanted.name}"
                )
                raise DestructiveError(losses=(loss,))
            empty(connection, fitted, wanted.entity, field)
            forget(session, record)
            drop_index(connection, fitted, wanted.entity, wanted.name)
            if wanted.promoted:
                table = fitted.tables[wanted.entity]
                drop_columns(connection, table.name, fitted.tables.schema, columns_of(field))
            raise_generation(connection, session.tables.system.generation, MOVED)
            return count

    @contextmanager
    def _maintaining(self, actor: Actor) -> Iterator[Session]:
        crm = self._crm
        with connecting(crm.engine), crm.engine.connect() as connection, connection.begin():
            for name in (LOCK, MOVED):
                hold(connection, crm.tables, name)
            with crm.session(actor=actor, connection=connection) as session:
                session.unit.is_maintaining = True
                yield session


def find(session: Session, entity: str, name: str) -> Record:
    """Return the definition of a custom field.

    Raises:
        UnknownNameError: if there is none that the actor sees.
    """
    found = session.model.entity(entity).name
    records = session.find(session.model.entities[ENTITY].record_class, {"entity": found})
    listed = {str(getattr(each, "name", "")): each for each in records}
    return known(listed, name, _("custom field of {entity}", entity=found))


def forget(session: Session, record: Record) -> None:
    """Delete a definition, so that it can be restored without what is no longer there."""
    session.delete(session.update(record, indexed=False, promoted=False))


def active_field(fitted: Fitted, entity: str, name: str) -> FieldModel:
    """Return a custom field of the model.

    Raises:
        UpgradeRefused: if it isn't there.
    """
    found = fitted.model.entity(entity).fields.get(name)
    if found is None or not is_custom(found):
        problem = _("{path} is hidden, or a plugin declares it.", path=f"{entity}.{name}")
        raise UpgradeRefused(problems=(problem,))
    return found


def make_index(connection: sa.Connection, fitted: Fitted, entity: str, field: FieldModel) -> None:
    """Create the index of a field, if it isn't there."""
    table = fitted.tables[entity]
    present = Present.of(connection, fitted.tables).indexes.get(table.name, set())
    for index in (each for each in table.indexes if each.name == index_name(table, field.name)):
        dialects = getattr(index, "_ddl_if", None)
        if index.name not in present and (dialects is None or dialects.dialect == connection.dialect.name):
            connection.execute(CreateIndex(index))


def drop_index(connection: sa.Connection, fitted: Fitted, entity: str, name: str) -> None:
    """Drop the index of a custom field, if it has one."""
    index = index_name(fitted.tables[entity], name)
    connection.exec_driver_sql(f"DROP INDEX IF EXISTS {quoted(connection, index, fitted.tables.schema)}")


def add_columns(connection: sa.Connection, fitted: Fitted, entity: str, field: FieldModel) -> None:
    """Add the columns of a field.

    Raises:
        UpgradeRefused: if one of them is there.
    """
    table = fitted.tables[entity]
    present = Present.of(connection, fitted.tables).tables[table.name]
    taken = [column for column in columns_of(field) if column in present]
    if taken:
        problem = _("{table} has a column {column} already.", table=table.name, column=taken[0])
        raise UpgradeRefused(problems=(problem,))
    for column in columns_of(field):
        connection.exec_driver_sql(add_column(connection, table, table.c[column]))


def move_values(connection: sa.Connection, fitted: Fitted, entity: str, field: FieldModel) -> None:
    """Put the values that a field has in `extra` into its columns."""
    table = fitted.tables[entity]
    values = {column: stored(table, field, column) for column in columns_of(field)}
    has_any = sa.or_(*(value.is_not(None) for value in values.values()))
    connection.execute(table.update().where(has_any).values(values))
    take_out(connection, table, field)


def take_out(connection: sa.Connection, table: sa.Table, field: FieldModel) -> None:
    """Take the values of a field out of `extra`."""
    preparer = connection.dialect.identifier_preparer
    mark = "?" if connection.dialect.paramstyle == "qmark" else "%s"
    change = CHANGED[connection.dialect.name].format(preparer.quote(EXTRA), mark)
    statement = f"UPDATE {preparer.format_table(table)} SET {change} WHERE extra IS NOT NULL"  # noqa: S608  (own names)
    connection.exec_driver_sql(statement, (as_text(dict.fromkeys(columns_of(field))),))


def empty(connection: sa.Connection, fitted: Fitted, entity: str, field: FieldModel) -> None:
    """Delete all values of a field."""
    table = fitted.tables[entity]
    if field.in_extra:
        take_out(connection, table, field)
    else:
        connection.execute(table.update().values(dict.fromkeys(columns_of(field))))
