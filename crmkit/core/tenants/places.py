"""Places of tenants: a schema beside the CRM's own (PostgreSQL), or a file in a folder beside its file (SQLite)."""

from __future__ import annotations

import os
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

import sqlalchemy as sa
from attrs import field, frozen
from sqlalchemy.exc import DBAPIError

from crmkit.core.storage.engine import open_engine
from crmkit.core.storage.places import OwnPlace
from crmkit.core.storage.tables import Tables, short
from crmkit.core.tenants.register import ACTIVE, SUSPENDED
from crmkit.errors import (
    ConnectionFailed,
    NoTenantsError,
    TenantSuspendedError,
    TenantUnfinishedError,
    UnknownTenantError,
    WrongConnectionError,
)
from crmkit.translation import _

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from crmkit.app import CRM
    from crmkit.core.assemble.model import Model
    from crmkit.core.tenants.register import Entry, Register


@frozen(kw_only=True)
class TenantPlace:
    """Where one tenant lives.

    Attributes:
        home: the CRM whose tenant it is.
        prefix: what every table's name begins with.
        register: what says whether it may be opened.
        entry: what the register said of it.
        opens: the states in which sessions may be opened.
        forget: what is told when the tenant is no longer what `entry` says.
    """

    home: CRM
    prefix: str
    register: Register
    entry: Entry
    opens: tuple[str, ...] = (ACTIVE,)
    forget: Callable[[str], None] = field(default=lambda _name: None)

    @property
    def tenant(self) -> str | None:
        """The name of the tenant."""
        return self.entry.name

    def tables(self, model: Model) -> Tables:
        """Return the tables; on SQLite those of the home, as they name no database."""
        if self.home.engine.dialect.name == "sqlite":
            return self.home.tables
        return Tables(model, prefix=self.prefix, schema=self.entry.location)

    def engine(self) -> sa.Engine:
        """Return the home's engine on PostgreSQL, one for the tenant's file on SQLite, which is never made by it."""
        home = self.home.engine
        if home.dialect.name != "sqlite":
            return home
        file = f"file:{quote(str(self.file))}"
        return open_engine(sa.URL.create(home.url.drivername, database=file, query={"mode": "rw", "uri": "true"}))

    @property
    def file(self) -> Path:
        """The tenant's file (SQLite)."""
        return home_file(self.home).parent / self.entry.location

    def close(self, engine: sa.Engine) -> None:
        """Close the connections to the tenant's file; the home's engine is left alone."""
        if engine is not self.home.engine:
            engine.dispose()

    def check_open(self, connection: sa.Connection | None = None) -> None:
        """Refuse sessions of a tenant that is not there, not ready, or suspended.

        Raises:
            UnknownTenantError: if it was dropped.
            TenantUnfinishedError: if it is being created or dropped.
            TenantSuspendedError: if it is suspended.
        """
        found = self.register.find(self.entry.name, connection)
        if found is None or found.number != self.entry.number:
            self.forget(self.entry.name)
            raise UnknownTenantError(name=self.entry.name)
        if found.state not in self.opens:
            if found.state == SUSPENDED:
                raise TenantSuspendedError(name=found.name)
            raise TenantUnfinishedError(name=found.name, state=found.state)

    def check_connection(self, connection: sa.Connection) -> None:
        """Refuse a host's connection to another file (SQLite); on PostgreSQL the schema is in every statement.

        Raises:
            WrongConnectionError: naming the tenant and where it lives.
        """
        if connection.dialect.name == "sqlite":
            main = next(row[2] for row in connection.exec_driver_sql("PRAGMA database_list") if row[1] == "main")
            if os.path.realpath(main) != os.path.realpath(self.file):
                raise WrongConnectionError(name=self.entry.name, location=str(self.file))

    @contextmanager
    def explaining(self) -> Iterator[None]:
        """Say that the tenant is gone, or closed, if that is why the database failed."""
        try:
            yield
        except (DBAPIError, ConnectionFailed):
            self.check_open()
            raise


def check_home(crm: CRM) -> OwnPlace:
    """Return the place of a CRM that can have tenants.

    Raises:
        NoTenantsError: saying why it can't.
    """
    place = crm.place
    if not isinstance(place, OwnPlace):
        raise NoTenantsError(problem=_("it is a tenant itself"))
    if place.metadata is not None:
        raise NoTenantsError(problem=_("its tables are in the host's MetaData, which knows them once only"))
    if crm.engine.dialect.name == "sqlite":
        if place.schema is not None:
            raise NoTenantsError(
                problem=_("on SQLite a schema is an attached file, and a tenant has a file of its own")
            )
        home_file(crm)
    return place


def home_file(crm: CRM) -> Path:
    """Return the file of a CRM on SQLite.

    Raises:
        NoTenantsError: if there is none.
    """
    name = crm.engine.url.database
    if not name or name == ":memory:" or name.startswith("file:"):
        problem = _("on SQLite each tenant has a file beside the CRM's own, and {name} is no plain file")
        raise NoTenantsError(problem=_(problem, name=name or ":memory:"))
    return Path(name).absolute()


def location_of(crm: CRM, place: OwnPlace, name: str) -> str:
    """Return where a new tenant is to live: its schema, or its file as seen from the folder of the CRM's own."""
    if crm.engine.dialect.name == "sqlite":
        return f"{home_file(crm).stem}.tenants/{name}.db"
    return short("_".join([*([place.schema] if place.schema else []), f"{place.prefix}tenant", name]))
