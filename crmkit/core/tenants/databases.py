"""The databases of tenants: how a schema or a file is begun, and how it goes."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from crmkit.core.storage.locks import hold
from crmkit.core.tenants.places import TenantPlace, home_file, location_of
from crmkit.errors import TenantExistsError, TenantStorageError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from crmkit.app import CRM
    from crmkit.core.storage.places import OwnPlace
    from crmkit.core.tenants.register import Entry, Register

LOCK = "tenants"
WITH_FILE = ("", "-wal", "-shm")
"""The file of a database, and those that SQLite keeps beside it, which are nothing without it."""


def begin(crm: CRM, home: OwnPlace, register: Register, name: str) -> None:
    """Note a new tenant, on PostgreSQL together with its schema; nothing is done if it is noted already.

    Raises:
        TenantExistsError: if there is such a schema or file already.
    """
    location = location_of(crm, home, name)
    with register.writing() as connection:
        hold(connection, home, LOCK)
        register.make(connection)
        if register.read(name, connection) is not None:
            return
        if is_taken(crm, connection, location):
            raise TenantExistsError(name=name, location=location, is_tenant=False)
        register.add(connection, name, location, crm.clock())
        if connection.dialect.name != "sqlite":
            with storing(name, location):
                connection.execute(sa.schema.CreateSchema(location))


def is_taken(crm: CRM, connection: sa.Connection, location: str) -> bool:
    """Return whether there is a schema or file of this name."""
    if connection.dialect.name == "sqlite":
        return (home_file(crm).parent / location).exists()
    return bool(sa.inspect(connection).has_schema(location))


def make(tenant: CRM) -> None:
    """Make the file of a tenant that is being created (SQLite); a connection alone never makes one."""
    if tenant.engine.dialect.name == "sqlite":
        assert isinstance(tenant.place, TenantPlace)
        file, entry = tenant.place.file, tenant.place.entry
        with storing(entry.name, entry.location):
            file.parent.mkdir(exist_ok=True)
            file.touch()


def is_there(tenant: CRM) -> bool:
    """Return whether a tenant has a schema or file; it has none when its creation or its end was cut short."""
    if tenant.engine.dialect.name == "sqlite":
        assert isinstance(tenant.place, TenantPlace)
        return tenant.place.file.exists()
    return True


def drop(crm: CRM, register: Register, entry: Entry) -> None:
    """Delete the schema or file of a tenant that is being dropped, and strike it out."""
    with storing(entry.name, entry.location):
        if crm.engine.dialect.name == "sqlite":
            file = home_file(crm).parent / entry.location
            for ending in WITH_FILE:
                file.with_name(file.name + ending).unlink(missing_ok=True)
        with register.writing() as connection:
            if connection.dialect.name != "sqlite":
                connection.execute(sa.schema.DropSchema(entry.location, cascade=True, if_exists=True))
            register.remove(connection, entry)


@contextmanager
def storing(name: str, location: str) -> Iterator[None]:
    """Turn what stands against a schema or a file into a clear error.

    Raises:
        TenantStorageError: with the words of the system or the database.
    """
    try:
        yield
    except OSError as error:
        raise TenantStorageError(name=name, location=location, problem=error.strerror or str(error)) from error
    except DBAPIError as error:
        problem = str(error.orig).strip().partition("\n")[0]
        raise TenantStorageError(name=name, location=location, problem=problem) from error
