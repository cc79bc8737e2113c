"""The writes as somebody would write them by hand: the same rows by the same statements, without crmkit.

Every record, its change, its event and its stage history are computed anew for each write, as a program would. The
permission of the actor is a condition in the update, as in crmkit's.
"""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime
from itertools import count
from typing import TYPE_CHECKING

import sqlalchemy as sa

from benchmarks.plugin import PIPELINE

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from benchmarks.databases import Home

Row = dict[str, object]

encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
QUALIFIED, PROPOSED = PIPELINE.stages
INSERTS = ("customer", "change", "event", "stage_history")
SEARCHED = ("name", "number", "phone", "email")
STAMPS = ("updated_at", "updated_by_id")
CITY, STAGE = ("city", *STAMPS), ("stage", "stage_since", "probability", *STAMPS)


class NotUpdatedError(Exception):
    """A hand-written update met no row: its version had changed, or the actor may not change it."""


class ByHand(ABC):
    """Writes customers, and moves opportunities, in a database that is its own."""

    def __init__(self, home: Home) -> None:
        self.home = home
        self.numbers = count(1)
        self.pipeline, self.stage = home.first_stage("customer")

    @abstractmethod
    def transaction(self) -> AbstractContextManager[None]:
        """Return the context manager of a transaction."""

    @abstractmethod
    def insert(self, table: str, rows: Sequence[Row]) -> None:
        """Insert rows of equal columns."""

    @abstractmethod
    def update(self, columns: tuple[str, ...], row: Row) -> int:
        """Update one record and return how many rows that touched."""

    @abstractmethod
    def known_numbers(self, keys: Sequence[str]) -> set[str]:
        """Return those of the customers' numbers, as they are searched, that exist already."""

    def moment(self, now: datetime) -> object:
        """Return a moment as the statements take it."""
        return now

    def create(self, given: Mapping[str, str]) -> None:
        """Create one customer."""
        for table, row in zip(INSERTS, self.new_rows(given), strict=True):
            self.insert(table, [row])

    def create_many(self, given: Sequence[Mapping[str, str]]) -> None:
        """Create customers in bulk."""
        for table, rows in zip(INSERTS, zip(*map(self.new_rows, given), strict=True), strict=True):
            self.insert(table, rows)

    def new_rows(self, given: Mapping[str, str]) -> tuple[Row, Row, Row, Row]:
        """Return the rows of a new customer: itself, its change, its event, its entry into a stage."""
        now = datetime.now(UTC)
        at, number, actor, stage = self.moment(now), next(self.numbers), self.home.actor, self.stage
        values: Row = {**given, "type": "organisation", "owner": actor, "pipeline": self.pipeline}
        values |= {"stage": stage.name, "stage_kind": stage.kind, "stage_since": iso(now)}
        values |= {"pool_locked": False, "owned_since": iso(now)}
        customer = {
            "id": number,
            "version": 1,
            **given,
            **{f"{name}_key": given[name].removeprefix("+").casefold() for name in SEARCHED if name in given},
            "type": "organisation",
            "owner_id": actor,
            "pipeline": self.pipeline,
            "stage": stage.name,
            "stage_kind": stage.kind,
            "stage_since": at,
            "pool_locked": False,
            "owned_since": at,
            "created_at": at,
            "created_by_id": actor,
            "updated_at": at,
            "updated_by_id": actor,
        }
        change = self.change("customer", number, 1, "create", at=at, old=None, new=values)
        event = self.event("customer.created", "customer", number, 1, at)
        return (
            customer,
            change,
            event,
            self.entry("customer", number, self.pipeline, source=None, target=stage.name, at=at),
        )

    def move_to_city(self, number: int, before: str | None, after: str) -> None:
        """Change a customer's city, if its version is 1."""
        at = self.moment(datetime.now(UTC))
        self.change_one(CITY, number, {"city": after, "updated_at": at, "updated_by_id": self.home.actor})
        self.insert(
            "change", [self.change("customer", number, 2, "update", at=at, old={"city": before}, new={"city": after})]
        )
        self.insert("event", [self.event("customer.updated", "customer", number, 2, at)])

    def propose(self, number: int, opportunity: Mapping[str, object], since: datetime) -> None:
        """Move an opportunity from qualified to proposed, past the gates, if its version is 1."""
        if opportunity["customer"] is None or opportunity["expected_close"] is None or not opportunity["amount"]:
            raise NotUpdatedError
        now = datetime.now(UTC)
        at = self.moment(now)
        values: Row = {"stage": PROPOSED.name, "stage_since": at, "probability": 50_0000}
        self.change_one(STAGE, number, {**values, "updated_at": at, "updated_by_id": self.home.actor})
        old = {"probability": "20", "stage": QUALIFIED.name, "stage_since": iso(since)}
        new = {"probability": "50", "stage": PROPOSED.name, "stage_since": iso(now)}
        self.insert("change", [self.change("opportunity", number, 2, "move", at=at, old=old, new=new)])
        self.insert("event", [self.event("opportunity.moved", "opportunity", number, 2, at)])
        entry = self.entry("opportunity", number, PIPELINE.name, source=QUALIFIED.name, target=PROPOSED.name, at=at)
        worth = {"amount": opportunity["amount"], "seconds": int((now - since).total_seconds())}
        self.insert("stage_history", [entry | worth])

    def change_one(self, columns: tuple[str, ...], number: int, values: Row) -> None:
        """Update one record whose version is 1 and that belongs to the actor's team."""
        home = self.home
        where = {"of_id": number, "of_version": 1, "of_team": home.team, "of_actor": home.actor}
        if self.update(columns, values | where) != 1:
            raise NotUpdatedError

    def change(
        self,
        entity: str,
        number: int,
        version: int,
        action: str,
        *,
        at: object,
        old: Mapping[str, object] | None,
        new: Mapping[str, object],
    ) -> Row:
        """Return a row of the change log."""
        return {
            "entity": entity,
            "record_id": number,
            "version": version,
            "action": action,
            "at": at,
            "actor_id": self.home.actor,
            "old": None if old is None else encode(old),
            "new": encode(new),
        }

    def event(self, name: str, entity: str, number: int, version: int, at: object) -> Row:
        """Return a row of the outbox."""
        row: Row = {"name": name, "entity": entity, "record_id": number, "version": version}
        return row | {"ordinal": 0, "at": at, "actor_id": self.home.actor}

    def entry(self, entity: str, number: int, pipeline: str, *, source: str | None, target: str, at: object) -> Row:
        """Return a row of the stage history."""
        row: Row = {"entity": entity, "record_id": number, "pipeline": pipeline, "source": source, "target": target}
        return row | {"kind": "open", "at": at, "actor_id": self.home.actor}


class ByCore(ByHand):
    """Writes with SQLAlchemy Core: expressions built once, compiled once by its cache."""

    def __init__(self, home: Home) -> None:
        super().__init__(home)
        tables = home.crm.tables
        system = tables.system
        self.inserts = {
            "customer": tables["customer"].insert(),
            "change": system.change.insert(),
            "event": system.event.insert(),
            "stage_history": system.stage_history.insert(),
        }
        self.updates = {CITY: self._update(tables["customer"], CITY), STAGE: self._update(tables["opportunity"], STAGE)}

    def _update(self, table: sa.Table, columns: tuple[str, ...]) -> sa.Update:
        users = self.home.crm.tables["user"]
        team = sa.select(users.c.id).where(users.c.team_id == sa.bindparam("of_team"))
        within = table.c.owner_id.in_(team) | (table.c.owner_id == sa.bindparam("of_actor"))
        found = table.update().where(table.c.id == sa.bindparam("of_id"), table.c.version == sa.bindparam("of_version"))
        values: dict[str, sa.ColumnElement[object]] = {name: sa.bindparam(name) for name in columns}
        return found.where(within).values(**values, version=table.c.version + 1)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Open a transaction."""
        with self.home.crm.engine.begin() as self.connection:
            yield

    def insert(self, table: str, rows: Sequence[Row]) -> None:
        """Insert rows of equal columns."""
        self.connection.execute(self.inserts[table], rows[0] if len(rows) == 1 else rows)

    def update(self, columns: tuple[str, ...], row: Row) -> int:
        """Update one record and return how many rows that touched."""
        return self.connection.execute(self.updates[columns], row).rowcount

    def known_numbers(self, keys: Sequence[str]) -> set[str]:
        """Return those of the customers' numbers, as they are searched, that exist already."""
        column = self.home.crm.tables["customer"].c.number_key
        return set(self.connection.execute(sa.select(column).where(column.in_(keys))).scalars())


class ByDriver(ByHand):
    """Writes with the bare driver."""

    def __init__(self, home: Home) -> None:
        super().__init__(home)
        self.updates = {CITY: self._update("customer", CITY), STAGE: self._update("opportunity", STAGE)}
        self.inserts: dict[tuple[str, int], str] = {}

    def _update(self, table: str, columns: tuple[str, ...]) -> str:
        changed = ", ".join(f"{name} = ?" for name in columns)
        statement = (
            f"UPDATE crm_{table} SET {changed}, version = version + 1 WHERE id = ? AND version = ? AND "
            "(owner_id IN (SELECT id FROM crm_user WHERE team_id = ?) OR owner_id = ?)"
        )
        return self.home.marked(statement)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Open a transaction."""
        self.cursor = self.home.driver.cursor()
        yield
        self.home.driver.commit()

    def moment(self, now: datetime) -> object:
        """Return a moment as the driver takes it."""
        return now if self.home.backend == "postgresql" else now.replace(tzinfo=None).isoformat(" ", "microseconds")

    def insert(self, table: str, rows: Sequence[Row]) -> None:
        """Insert rows of equal columns."""
        statement = self.inserts.get((table, len(rows[0]))) or self._insert(table, rows[0])
        if len(rows) == 1:
            self.cursor.execute(statement, tuple(rows[0].values()))
        else:
            self.cursor.executemany(statement, [tuple(row.values()) for row in rows])

    def _insert(self, table: str, row: Row) -> str:
        marks = ", ".join("?" * len(row))
        made = self.home.marked(f"INSERT INTO crm_{table} ({', '.join(row)}) VALUES ({marks})")
        self.inserts[table, len(row)] = made
        return made

    def update(self, columns: tuple[str, ...], row: Row) -> int:
        """Update one record and return how many rows that touched."""
        self.cursor.execute(self.updates[columns], tuple(row.values()))
        return self.cursor.rowcount

    def known_numbers(self, keys: Sequence[str]) -> set[str]:
        """Return those of the customers' numbers, as they are searched, that exist already."""
        marks = ", ".join("?" * len(keys))
        statement = f"SELECT number_key FROM crm_customer WHERE number_key IN ({marks})"
        self.cursor.execute(self.home.marked(statement), tuple(keys))
        return {str(row[0]) for row in self.cursor.fetchall()}


def iso(moment: datetime) -> str:
    """Return a moment as the change log writes it."""
    return moment.isoformat().replace("+00:00", "Z")
