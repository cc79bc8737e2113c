"""The databases of tenants: how a schema or a file is begun, and how it goes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from crmkit.core.tenants.places import TenantPlace, home_file
from crmkit.errors import TenantExistsError

if TYPE_CHECKING:
    from pathlib import Path

    from crmkit.app import CRM
    from crmkit.core.tenants.register import Entry, Register

WITH_FILE = ("", "-wal", "-shm")
"""The file of a database, and those that SQLite keeps beside it, which are nothing without it."""


def begin(crm: CRM, register: Register, name: str, location: str) -> None:
    """Note a new tenant, on PostgreSQL together with its schema. If another process does so first, that is enough.

    Raises:
        TenantExistsError: if there is such a schema or file already.
    """
    is_sqlite = crm.engine.dialect.name == "sqlite"
    try:
        with register.writing() as connection:
            register.make(connection)
            is_taken = (
                (home_file(crm).parent / location).exists()
                if is_sqlite
                else sa.inspect(connection).has_schema(location)
            )
            if is_taken and register.find(name, connection) is None:
                raise TenantExistsError(name=name, location=location, is_tenant=False)
            register.add(connection, name, location, crm.clock())
            if not is_sqlite:
                connection.execute(sa.schema.CreateSchema(location))
    except IntegrityError:
        return


def make(tenant: CRM) -> None:
    """Make the file of a tenant that is being created (SQLite); a connection alone never makes one."""
    if tenant.engine.dialect.name == "sqlite":
        file = file_of(tenant)
        file.parent.mkdir(exist_ok=True)
        file.touch()


def is_there(tenant: CRM) -> bool:
    """Return whether a tenant has a schema or file; it has none when its creation or its end was cut short."""
    if tenant.engine.dialect.name == "sqlite":
        return file_of(tenant).exists()
    return True


def file_of(tenant: CRM) -> Path:
    """Return the file of a tenant (SQLite)."""
    assert isinstance(tenant.place, TenantPlace)
    return tenant.place.file


def drop(crm: CRM, register: Register, entry: Entry) -> None:
    """Delete the schema or file of a tenant that is being dropped, and strike it out."""
    is_sqlite = crm.engine.dialect.name == "sqlite"
    if is_sqlite:
        file = home_file(crm).parent / entry.location
        for ending in WITH_FILE:
            file.with_name(file.name + ending).unlink(missing_ok=True)
    with register.writing() as connection:
        if not is_sqlite:
            connection.execute(sa.schema.DropSchema(entry.location, cascade=True, if_exists=True))
        register.remove(connection, entry)
