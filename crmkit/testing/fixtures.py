"""Fixtures: say `pytest_plugins = ["crmkit.testing.fixtures"]` in the `conftest.py` at the root of your project.

`make_crm` makes CRMs on the database of the test, which runs once on SQLite and once on PostgreSQL; `crm` is one
with no plugin beyond the core, and `session` acts in it as an administrator named `admin`.
"""

from __future__ import annotations

import itertools
import os
from typing import TYPE_CHECKING

import pytest
from attrs import define, field

from crmkit.app import CRM
from crmkit.core.storage.system.tenants import tenant_table
from crmkit.core.tenants.life import Tenants
from crmkit.testing.clock import FrozenClock
from crmkit.testing.databases import drop_schema, find_postgresql
from crmkit.testing.pool import DatabasePool, Key

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from crmkit.core.lifecycle.session import Session

DATABASES = ("sqlite", "postgresql")


@define(eq=False)
class CRMFactory:
    """Makes CRMs, each on a database of its own; they are closed after the test."""

    backend: str
    folder: Path
    server: str | None
    clock: FrozenClock
    pool: DatabasePool
    made: list[CRM] = field(factory=list)
    used: list[tuple[Key | None, CRM | None, str]] = field(factory=list)
    numbers: Iterator[int] = field(factory=itertools.count)

    def database(self) -> tuple[str, str | None]:
        """Return URL and schema of a new, empty database."""
        if self.backend == "sqlite":
            return f"sqlite:///{self.folder / f'crm{next(self.numbers)}.db'}", None
        assert self.server is not None
        schema = self.pool.new_schema(self.server)
        self.used.append((None, None, schema))
        return self.server, schema

    def __call__(
        self,
        plugins: Iterable[object] = (),
        *,
        on: tuple[str, str | None] | None = None,
        upgrade: bool = True,
        **options: object,
    ) -> CRM:
        """Make a CRM with an administrator `admin`, on a new database or on one that `database` returned."""
        wished = tuple(plugins)
        if on is None and upgrade and not options and all(isinstance(each, str) for each in wished):
            return self._pooled(wished)
        url, schema = on or self.database()
        crm = self._make(url, wished, schema, **options)
        if upgrade:
            crm.upgrade(admin="admin")
        return crm

    def _make(self, url: str, plugins: tuple[object, ...], schema: str | None, **options: object) -> CRM:
        crm = CRM(url, plugins, schema=schema, clock=self.clock, **options)  # type: ignore[arg-type]
        self.made.append(crm)
        return crm

    def _pooled(self, plugins: tuple[object, ...]) -> CRM:
        if self.backend == "sqlite":
            file = self.folder / f"crm{next(self.numbers)}.db"
            is_ready = self.pool.file(plugins, file)
            crm = self._make(f"sqlite:///{file}", plugins, None)
            if not is_ready:
                crm.upgrade(admin="admin")
                self.pool.keep_file(plugins, crm, file)
            return crm
        assert self.server is not None
        ready = self.pool.schema(plugins)
        schema = ready or self.pool.new_schema(self.server)
        crm = self._make(self.server, plugins, schema)
        if ready is None:
            crm.upgrade(admin="admin")
        self.used.append((plugins, crm, schema))
        return crm

    def close(self) -> None:
        """Close what was made, and give databases back or drop them, tenants included."""
        for made in self.made:
            if "tenants" in vars(made):
                drop_tenants(made)
        for key, crm, schema in self.used:
            assert self.server is not None
            if key is None or crm is None:
                drop_schema(self.server, schema)
            else:
                self.pool.give_back(key, crm, schema, self.server)
        for crm in self.made:
            crm.close()


def drop_tenants(crm: CRM) -> None:
    """Drop all tenants, and the register, as a database has none that was never asked for tenants."""
    life = Tenants(crm)  # anew: another CRM on the same database may have dropped them already
    for each in life.list():
        life.drop(each.name, confirm=each.name)
    with crm.engine.begin() as connection:
        tenant_table(crm.tables.prefix, crm.tables.schema).drop(connection, checkfirst=True)


@pytest.fixture(scope="session")
def postgresql_server(tmp_path_factory: pytest.TempPathFactory) -> str | None:
    """The URL of a PostgreSQL for tests, if there is one."""
    return find_postgresql(tmp_path_factory.mktemp("postgresql"))


@pytest.fixture(params=[pytest.param("sqlite"), pytest.param("postgresql", marks=pytest.mark.postgres)])
def backend(request: pytest.FixtureRequest) -> str:
    """The database of the test: each test runs once on each."""
    return str(request.param)


@pytest.fixture
def clock() -> FrozenClock:
    """The clock of the CRMs: a Monday morning, standing still."""
    return FrozenClock()


@pytest.fixture
def make_crm(
    backend: str, tmp_path: Path, clock: FrozenClock, database_pool: DatabasePool, request: pytest.FixtureRequest
) -> Iterator[CRMFactory]:
    """Makes CRMs on the database of the test."""
    server = None
    if backend == "postgresql":
        server = request.getfixturevalue("postgresql_server")
        if server is None:
            missing_service("crmkit[postgresql] is not installed, or no PostgreSQL is running and none can be started")
    factory = CRMFactory(backend, tmp_path, server, clock, database_pool)
    yield factory
    factory.close()


@pytest.fixture(scope="session")
def database_pool(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DatabasePool]:
    """The databases that are copied or emptied instead of made anew for every test."""
    worker = os.environ.get("PYTEST_XDIST_WORKER", "main")
    pool = DatabasePool(tmp_path_factory.mktemp("databases"), f"{worker}_{os.getpid()}")
    yield pool
    pool.close()


@pytest.fixture
def crm(make_crm: CRMFactory) -> CRM:
    """A CRM with no plugin beyond the core."""
    return make_crm()


@pytest.fixture
def session(crm: CRM) -> Iterator[Session]:
    """A session of the administrator."""
    with crm.session(actor="admin") as opened:
        yield opened


def missing_service(reason: str) -> None:
    """Skip a test for want of a service, or fail where services are required (`CRMKIT_REQUIRE_SERVICES=1`)."""
    if os.environ.get("CRMKIT_REQUIRE_SERVICES") == "1":
        pytest.fail(reason)
    pytest.skip(reason)
