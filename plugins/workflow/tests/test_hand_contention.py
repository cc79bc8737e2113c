"""Many at once: one grabs, one claims, and whatever wins, a record is one person's or a pool's, and counted once."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import sqlalchemy as sa

from crmkit import Customer, User
from crmkit_workflow.ownership.entities import OwnershipRecord
from crmkit_workflow.pools.entities import PoolUse
from crmkit_workflow.queues.distributing import put
from crmkit_workflow.queues.entities import Queue, QueueItem, QueueMember

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from crmkit import CRM, Session
    from crmkit.testing.fixtures import CRMFactory
    from crmkit_workflow.pools.entities import Pool

HAMMER = Path(__file__).with_name("hammer.py")
IS_SLOW = bool(os.environ.get("CRMKIT_SLOW"))
PROCESSES, ROUNDS = (100, 1000) if IS_SLOW else (3, 5)


class Racers:
    """Processes that do something at the same moment, each as a user of its own."""

    def __init__(self, database: tuple[str, str | None], names: Sequence[str]) -> None:
        url, schema = database
        self.running = [
            subprocess.Popen(
                [sys.executable, str(HAMMER), url, schema or "-", name],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
            for name in names
        ]
        assert set(self.answers()) == {"ready"}

    def answers(self) -> list[str]:
        """Return what each says next."""
        return [str(each.stdout and each.stdout.readline()).strip() for each in self.running]

    def do(self, doings: Sequence[str], number: int) -> list[str]:
        """Have each do something with a customer, and return what came of it."""
        for each, doing in zip(self.running, doings, strict=True):
            assert each.stdin is not None
            each.stdin.write(f"{doing} {number}\n")
            each.stdin.flush()
        return self.answers()

    def stop(self) -> None:
        """Let them end."""
        for each in self.running:
            each.communicate(timeout=60)
            assert each.returncode == 0


@contextmanager
def racing(database: tuple[str, str | None], names: Sequence[str]) -> Iterator[Racers]:
    """Start the processes, and end them."""
    racers = Racers(database, names)
    yield racers
    racers.stop()


def users_of(session: Session, number: int) -> list[User]:
    """Create users who work on their own records."""
    rows = [{"name": f"u{each}", "external_id": f"u{each}", "roles": ["member"]} for each in range(number)]
    return session.create_many(User, rows)


def unowned(session: Session, number: int) -> list[Customer]:
    """Create customers that belong to nobody."""
    found = session.create_many(Customer, [{"name": f"c{each}"} for each in range(number)])
    return session.update_many((each, {"owner": None}) for each in found)


def events(crm: CRM, name: str) -> int:
    """Count the events of a name."""
    table = crm.tables.system.event
    with crm.engine.connect() as connection:
        return int(connection.execute(sa.select(sa.func.count()).where(table.c.name == name)).scalar_one())


@pytest.mark.row("D5")
@pytest.mark.proof
@pytest.mark.timeout(3600)
def test_one_of_many_grabs_a_record(make_crm: CRMFactory) -> None:
    """Of all who grab one record at the same moment one gets it, all others are told; one history row, one event.

    A hundred processes and a thousand records with CRMKIT_SLOW=1.
    """
    database = make_crm.database()
    crm = make_crm(["workflow"], on=database)
    with crm.session(actor="admin") as session:
        users = users_of(session, PROCESSES)
        queue = session.create(Queue, name="Grab", strategy="grab")
        session.create_many(QueueMember, [{"queue": queue, "user": each} for each in users])
        records = unowned(session, ROUNDS)
        put(session, queue, records)
    with racing(database, [each.external_id for each in users]) as racers:
        for record in records:
            outcomes = Counter(racers.do(["grab"] * PROCESSES, record.id))
            assert outcomes == {"taken": 1, "already_taken": PROCESSES - 1}
    with crm.session(actor="admin") as session:
        rows = session.find(OwnershipRecord, {"how": "grabbed"})
        assert sorted(int(each.record) for each in rows) == sorted(each.id for each in records)
        items = {each.record: each.assignee for each in session.find(QueueItem, {"is_open": True})}
        assert items == {each.ref: each.owner for each in session.find(Customer)}
        assert None not in items.values()
    assert events(crm, "queue_item.assigned") == ROUNDS


@pytest.mark.row("M3")
@pytest.mark.proof
@pytest.mark.timeout(3600)
def test_one_of_many_claims_a_record_and_quotas_are_exact(make_crm: CRMFactory, make_pool: Callable[..., Pool]) -> None:
    """Of all who claim one record at once one gets it; nobody claims more than the pool allows, and losing is free."""
    database = make_crm.database()
    crm = make_crm(["workflow"], on=database)
    with crm.session(actor="admin") as session:
        users = users_of(session, PROCESSES)
        pool = make_pool(session, users, claim_limit=3)
        records = session.create_many(Customer, [{"name": f"c{each}", "pool": pool} for each in range(ROUNDS)])
    with racing(database, [each.external_id for each in users]) as racers:
        for record in records[: 3 * PROCESSES]:
            outcomes = Counter(racers.do(["claim"] * PROCESSES, record.id))
            assert outcomes["taken"] == 1
            assert outcomes["taken"] + outcomes["already_claimed"] + outcomes["claim_limit"] == PROCESSES
    with crm.session(actor="admin") as session:
        used = {each.user: each.claimed for each in session.find(PoolUse)}
        owned = Counter(each.owner for each in session.find(Customer, "owner is not None"))
        assert used == owned
        assert max(used.values()) <= 3
        assert session.count(OwnershipRecord, {"how": "claimed"}) == min(ROUNDS, 3 * PROCESSES)


@pytest.mark.row("M3")
@pytest.mark.proof
@pytest.mark.timeout(3600)
def test_claims_sweeps_and_assignments_at_once(make_crm: CRMFactory, make_pool: Callable[..., Pool]) -> None:
    """Whichever wins, a record has an owner or lies in the pool, its history adds up, and the quota counts it."""
    database = make_crm.database()
    crm = make_crm(["workflow"], on=database)
    processes = 20 if IS_SLOW else 4
    with crm.session(actor="admin") as session:
        users = users_of(session, processes)
        pool = make_pool(session, users, protection=timedelta(0), claim_limit=10**6, cooldown=timedelta(0))
        acme = session.create(Customer, name="Acme", pool=pool)
    doings = ["claim", "sweep", "assign", "claim"] * (processes // 4)
    with racing(database, [each.external_id for each in users]) as racers:
        for turn in range(ROUNDS):
            racers.do(doings[turn % 4 :] + doings[: turn % 4], acme.id)
    with crm.session(actor="admin") as session:
        acme = session.get(Customer, acme.id)
        assert (acme.owner is None) != (acme.pool is None)
        rows = session.find(OwnershipRecord, {"record": acme})
        here = Counter((each.to_owner, each.to_pool) for each in rows)
        here.subtract((each.from_owner, each.from_pool) for each in rows if each.how != "pooled")
        assert +here == {(acme.owner, acme.pool): 1}
        assert -here == {}
        moved = [each for each in session.history(acme) if not each.new.keys().isdisjoint({"owner", "pool"})]
        assert len(rows) == len(moved)
        claimed = Counter(each.to_owner for each in rows if each.how == "claimed")
        assert {each.user: each.claimed for each in session.find(PoolUse)} == claimed
