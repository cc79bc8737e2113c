"""Workers as processes of their own: many at once, killed at any moment, and told to stop."""

from __future__ import annotations

import os
import random
import select
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from crmkit import SYSTEM, Customer, Opportunity
from crmkit.core.storage.moments import utc_now
from tests.core.outbox.copying import plugin

if TYPE_CHECKING:
    from collections.abc import Iterator

    from crmkit import CRM
    from crmkit.testing.fixtures import CRMFactory

PROGRAM = Path(__file__).with_name("copying.py")
PATIENCE = 60
KILLS = 100 if os.environ.get("CRMKIT_SLOW") else 3

Where = tuple[str, str | None]


@contextmanager
def workers(on: Where, count: int, seconds: float) -> Iterator[list[subprocess.Popen[str]]]:
    """Start workers; whatever happens, none is left."""
    url, schema = on
    command = [sys.executable, str(PROGRAM), url, schema or "-", str(seconds)]
    started = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(count)]
    try:
        yield started
    finally:
        for each in started:
            each.kill()
            each.communicate()


def with_customers(make_crm: CRMFactory, on: Where, count: int) -> CRM:
    """Return a CRM with customers to be copied, and jobs to be done, by the clock of the machine."""
    make_crm.clock = utc_now  # type: ignore[assignment]
    crm = make_crm([plugin()], on=on)
    with crm.session(actor=SYSTEM) as session:
        made = session.create_many(Customer, ({"name": f"C{number}"} for number in range(count)))
        session.update_many((each, {"city": "Paris"}) for each in made)
        for _ in range(count):
            session.enqueue("tick")
    return crm


def left(crm: CRM) -> int:
    """Return how much work of the plugin is left, and events that nobody has handed out."""
    with crm.session(actor=SYSTEM, readonly=True) as session:
        work, event = session.tables.system.work, session.tables.system.event
        connection = session.unit.connection
        waiting = connection.execute(work.select().where(work.c.state == "waiting")).all()
        new = connection.execute(event.select().where(event.c.dispatched_at.is_(None))).all()
    return len(new) + len([each for each in waiting if not each.consumer.startswith("job:core.")])


def wait_until_begun(worker: subprocess.Popen[str]) -> None:
    """Wait until a worker says that it has begun to copy."""
    assert worker.stdout is not None
    assert select.select([worker.stdout], [], [], PATIENCE)[0]


def wait_for(crm: CRM, wanted: int = 0) -> None:
    """Wait until so little is left."""
    end = time.monotonic() + PATIENCE
    while left(crm) > wanted:
        assert time.monotonic() < end, f"{left(crm)} left"
        time.sleep(0.05)


def check_done_once(crm: CRM, count: int) -> None:
    """Everything was done, and nothing twice."""
    with crm.session(actor=SYSTEM) as session:
        copies = [each.name for each in session.find(Opportunity, limit=10_000)]
        ticks = session.count(Customer, "number is not None")
    assert sorted(copies) == sorted(f"C{number}" for number in range(count))
    assert ticks == count
    assert crm.outbox.dead() == []


@pytest.mark.row("L1")
def test_many_workers_do_everything_once(make_crm: CRMFactory) -> None:
    """Three processes share the work; each event and each run is there once."""
    on = make_crm.database()
    crm = with_customers(make_crm, on, 60)
    with workers(on, 3, 0.005):
        wait_for(crm)
    check_done_once(crm, 60)


@pytest.mark.row("L1")
@pytest.mark.slow
@pytest.mark.timeout(PATIENCE * 20)
def test_killed_workers_lose_nothing_and_double_nothing(
    make_crm: CRMFactory,
) -> None:
    """`kill -9` at any moment: the lease ends, and somebody else does it; what was half done is not there."""
    on = make_crm.database()
    count = KILLS * 6
    crm = with_customers(make_crm, on, count)
    chosen = random.Random(3)  # noqa: S311  (which moment, no secret)
    for _ in range(KILLS):
        with workers(on, 1, 0.03) as [worker]:
            wait_until_begun(worker)
            time.sleep(chosen.uniform(0, 0.1))
            worker.send_signal(signal.SIGKILL)
            worker.wait(PATIENCE)
        end_leases(crm)
    with workers(on, 2, 0):
        wait_for(crm)
    check_done_once(crm, count)


def end_leases(crm: CRM) -> None:
    """Let time go by until all leases have ended."""
    with crm.session(actor=SYSTEM) as session:
        session.unit.check_writable()
        work = session.tables.system.work
        past = utc_now().replace(year=2020)
        session.unit.connection.execute(work.update().where(work.c.leased_until.is_not(None)).values(leased_until=past))


def test_a_worker_that_is_told_to_stop_leaves_nothing_half_done(make_crm: CRMFactory) -> None:
    """It finishes what it is doing, gives the rest back at once, and says goodbye with 0."""
    on = make_crm.database()
    crm = with_customers(make_crm, on, 40)
    with workers(on, 1, 0.05) as [worker]:
        wait_until_begun(worker)
        worker.send_signal(signal.SIGTERM)
        assert worker.wait(PATIENCE) == 0
    with crm.session(actor=SYSTEM, readonly=True) as session:
        work = session.tables.system.work
        leased = session.unit.connection.execute(work.select().where(work.c.leased_until.is_not(None))).all()
    assert leased == []
    assert left(crm) > 0
    with workers(on, 2, 0):
        wait_for(crm)
    check_done_once(crm, 40)
