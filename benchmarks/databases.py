"""Databases for benchmarks: a new one for each way of a race, all made by crmkit, so that tables and indexes agree."""

from __future__ import annotations

import itertools
import os
import sqlite3
from contextlib import suppress
from typing import TYPE_CHECKING, Protocol, Self, cast

import psycopg
import sqlalchemy as sa
from attrs import define, field

from benchmarks import plugin
from crmkit import CRM, SYSTEM, Team, User
from crmkit.core.assemble.plugins import installed
from crmkit.testing.databases import drop_schema

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path
    from types import TracebackType

    from crmkit.core.declare.stages import Stage

ACTOR = "ann"


class Cursor(Protocol):
    """What benchmarks use of a driver's cursor."""

    rowcount: int

    def execute(self, statement: str, parameters: object = ...) -> object:
        """Run a statement."""

    def executemany(self, statement: str, parameters: Iterable[object]) -> object:
        """Run a statement for every row."""

    def fetchall(self) -> list[tuple[object, ...]]:
        """Return all rows."""


class Connection(Protocol):
    """What benchmarks use of a driver's connection."""

    def cursor(self) -> Cursor:
        """Return a cursor."""

    def commit(self) -> None:
        """Commit."""

    def close(self) -> None:
        """Close the connection."""


def first_party_plugins() -> list[str]:
    """Return the names of the installed plugins that come from this repository."""
    return sorted(
        name for name, point in installed().items() if point.dist is not None and point.dist.name.startswith("crmkit")
    )


def new_crm(url: str, schema: str | None = None) -> CRM:
    """Assemble a CRM with every first-party plugin that is installed, and the benchmarks' own."""
    return CRM(url, [*first_party_plugins(), plugin], schema=schema)


@define(eq=False)
class Home:
    """One database with its tables, a team and an actor in it, who may write what belongs to the team.

    Attributes:
        driver: a connection of the bare driver, set up as crmkit sets up its own.
        actor: the actor's id.
        team: the id of the actor's team.
    """

    crm: CRM
    backend: str
    driver: Connection
    actor: int = 0
    team: int = 0

    def populate(self, roles: Sequence[str] = ("manager",)) -> None:
        """Create the team and the actor."""
        with self.crm.session(actor=SYSTEM) as session:
            team = session.create(Team, name="Team")
            user = session.create(User, name="Ann", external_id=ACTOR, roles=list(roles), team=team)
        self.actor, self.team = user.id, team.id

    def first_stage(self, entity: str) -> tuple[str, Stage]:
        """Return the default pipeline of an entity and its first stage."""
        pipeline = self.crm.model.pipelines_of(entity)[0]
        return pipeline.name, pipeline.first

    def marked(self, statement: str) -> str:
        """Return a statement with the driver's own marks for parameters instead of `?`."""
        return statement if self.backend == "sqlite" else statement.replace("?", "%s")

    def rows(self, statement: str) -> list[tuple[object, ...]]:
        """Return the rows of a statement, by the bare driver."""
        cursor = self.driver.cursor()
        cursor.execute(statement)
        found = cursor.fetchall()
        self.driver.commit()
        return found


@define(eq=False)
class Databases:
    """Makes databases of one kind, and drops them at the end.

    Attributes:
        backend: `sqlite` or `postgresql`.
        folder: where SQLite's files go.
        server: the URL of the PostgreSQL.
    """

    backend: str
    folder: Path
    server: str | None = None
    _homes: list[Home] = field(factory=list)
    _schemas: list[str] = field(factory=list)
    _filled: dict[int, Home] = field(factory=dict)
    _numbers: Iterator[int] = field(factory=itertools.count)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.drop()

    def empty(self) -> Home:
        """Return a database that has tables and no rows."""
        number = next(self._numbers)
        home = self._sqlite(number) if self.backend == "sqlite" else self._postgresql(number)
        self._homes.append(home)
        return home

    def new(self) -> Home:
        """Return a database with a team and an actor."""
        home = self.empty()
        home.populate()
        return home

    def filled(self, size: int) -> Home:
        """Return a database with so many opportunities; the same one when asked again."""
        from benchmarks.filling import fill

        if size not in self._filled:
            home = self._filled[size] = self.empty()
            fill(home, size)
        return self._filled[size]

    def drop(self) -> None:
        """Drop all databases that were made."""
        for home in self._homes:
            home.driver.close()
            home.crm.close()
        for file in self.folder.glob("benchmark*.db*"):
            with suppress(OSError):
                file.unlink()
        for schema in self._schemas:
            drop_schema(str(self.server), schema)
        self._homes.clear()
        self._schemas.clear()
        self._filled.clear()

    def _sqlite(self, number: int) -> Home:
        file = self.folder / f"benchmark{number}.db"
        crm = new_crm(f"sqlite:///{file}")
        crm.upgrade(admin="admin")
        driver = sqlite3.connect(file)
        for pragma in ("foreign_keys=ON", "busy_timeout=30000", "synchronous=NORMAL"):
            driver.execute(f"PRAGMA {pragma}")
        return Home(crm, self.backend, cast("Connection", driver))

    def _postgresql(self, number: int) -> Home:
        schema = f"benchmark_{os.getpid()}_{number}"
        drop_schema(str(self.server), schema)
        engine = sa.create_engine(str(self.server))
        with engine.begin() as connection:
            connection.execute(sa.schema.CreateSchema(schema))
        engine.dispose()
        self._schemas.append(schema)
        crm = new_crm(str(self.server), schema)
        crm.upgrade(admin="admin")
        address = sa.make_url(str(self.server)).set(drivername="postgresql")
        driver = psycopg.connect(address.render_as_string(hide_password=False), options=f"-c search_path={schema}")
        return Home(crm, self.backend, cast("Connection", driver))
