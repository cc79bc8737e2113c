"""Fixtures: say `pytest_plugins = ["crmkit.testing.fixtures"]` in the `conftest.py` at the root of your project.

`make_crm` makes CRMs on the database of the test, which runs once on SQLite and once on PostgreSQL; `crm` is one
with no plugin beyond the core, and `session` acts in it as an administrator named `admin`.
"""

from __future__ import annotations

import itertools
import os
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from attrs import define, evolve, field

from crmkit.app import CRM
from crmkit.core.storage.system.tenants import tenant_table
from crmkit.core.tenants.life import Tenants
from crmkit.testing.as_made import AsMade
from crmkit.testing.clock import FrozenClock
from crmkit.testing.databases import drop_schema, find_postgresql, stop_postgresql
from crmkit.testing.declaring import declared_by
from crmkit.testing.pool import DatabasePool, PooledPlace

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Iterator, Mapping

    from crmkit.core.assemble.model import Model
    from crmkit.core.lifecycle.session import Session

DATABASES = ("sqlite", "postgresql")
PLACING = {"metadata", "prefix", "schema"}
"""The options that say where tables are: such a CRM's database is made for it alone."""


@define(eq=False)
class CRMFactory:
    """Makes CRMs, each on a database of its own; they are closed after the test."""

    backend: str
    folder: Path
    server: str | None
    clock: FrozenClock
    pool: DatabasePool
    made: list[CRM] = field(factory=list)
    used: list[tuple[Hashable, CRM, AsMade]] = field(factory=list)
    schemas: list[str] = field(factory=list)
    numbers: Iterator[int] = field(factory=itertools.count)

    def database(self) -> tuple[str, str | None]:
        """Return URL and schema of a new, empty database."""
        if self.backend == "sqlite":
            return f"sqlite:///{self.folder / f'crm{next(self.numbers)}.db'}", None
        assert self.server is not None
        schema = self.pool.new_schema(self.server)
        self.schemas.append(schema)
        return self.server, schema

    def __call__(
        self,
        plugins: Iterable[object] = (),
        *,
        on: tuple[str, str | None] | None = None,
        upgrade: bool = True,
        **options: object,
    ) -> CRM:
        """Make a CRM with an administrator `admin`, on a new database or on one that `database` returned.

        On a new database, the administrator is there before plugins that are given as objects watch what happens.
        """
        wished = tuple(plugins)
        if on is None and upgrade and not PLACING & options.keys():
            return self._pooled(wished, options)
        url, schema = on or self.database()
        crm = CRM(url, wished, schema=schema, clock=self.clock, **options)  # type: ignore[arg-type]
        self.made.append(crm)
        if upgrade:
            crm.upgrade(admin="admin")
        return crm

    def _pooled(self, plugins: tuple[object, ...], options: Mapping[str, object]) -> CRM:
        crm = self.pool.assembled(plugins, options)
        crm.clock = self.clock
        named = tuple(each for each in plugins if isinstance(each, str))
        key = named, declared_by(crm.model)
        silent = None if len(named) == len(plugins) else without_hooks(crm.model, ("core", *named))
        return self._on_file(key, crm, silent) if self.backend == "sqlite" else self._on_schema(key, crm, silent)

    def _on_file(self, key: Hashable, crm: CRM, silent: Model | None) -> CRM:
        file = self.folder / f"crm{next(self.numbers)}.db"
        place = PooledPlace(database=f"sqlite:///{file}", pool=self.pool, key=key)
        if not self.pool.file(key, file):
            with upgraded(crm, place, silent) as maker:
                self.pool.keep_file(key, maker, file)
        return self._settled(crm, place)

    def _on_schema(self, key: Hashable, crm: CRM, silent: Model | None) -> CRM:
        assert self.server is not None
        made = self.pool.schema(key)
        schema = made.schema if made else self.pool.new_schema(self.server)
        place = PooledPlace(database=self.server, schema=schema, pool=self.pool, key=key)
        if made is None:
            with upgraded(crm, place, silent) as maker:
                made = AsMade.of(maker, schema)
        found = self._settled(crm, place)
        self.used.append((key, found, made))
        return found

    def _settled(self, crm: CRM, place: PooledPlace) -> CRM:
        found = crm.at(place)
        found.is_checked = crm.is_checked
        self.made.append(found)
        return found

    def close(self) -> None:
        """Close what was made, and give databases back or drop them, tenants included."""
        for made in self.made:
            if "tenants" in vars(made):
                drop_tenants(made)
        for key, crm, schema in self.used:
            self.pool.give_back(key, crm, schema)
        for crm in self.made:
            crm.close()
        for name in self.schemas:
            drop_schema(str(self.server), name)
        self.made.clear()
        self.used.clear()
        self.schemas.clear()


def without_hooks(model: Model, but: tuple[str, ...]) -> Model:
    """Return a Model whose plugins do nothing of their own, but for some."""
    hooks = {name: tuple(call for call in calls if call.plugin in but) for name, calls in model.hooks.items()}
    return evolve(model, hooks=hooks)


@contextmanager
def upgraded(crm: CRM, place: PooledPlace, silent: Model | None) -> Iterator[CRM]:
    """Prepare a place for a CRM, with an administrator `admin`, by another CRM that does no more than that."""
    maker = crm.at(place)
    maker.model = silent or crm.model
    try:
        maker.upgrade(admin="admin")
        yield maker
    finally:
        maker.close()


def drop_tenants(crm: CRM) -> None:
    """Drop all tenants, and the register, as a database has none that was never asked for tenants."""
    life = Tenants(crm)  # anew: another CRM on the same database may have dropped them already
    for each in life.list():
        life.drop(each.name, confirm=each.name)
    with crm.engine.begin() as connection:
        tenant_table(crm.tables.prefix, crm.tables.schema).drop(connection, checkfirst=True)


@pytest.fixture(scope="session")
def postgresql_server(database_pool: DatabasePool) -> Iterator[str | None]:
    """The URL of a PostgreSQL for tests, if there is one."""
    run = os.environ.get("PYTEST_XDIST_TESTRUNUID", str(os.getpid()))
    # Not in pytest's own folder, which is closed to the user whom a server needs that root starts.
    folder = Path(tempfile.gettempdir(), f"crmkit-{run[:12]}")
    yield find_postgresql(folder)
    database_pool.close()
    stop_postgresql(folder)


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
