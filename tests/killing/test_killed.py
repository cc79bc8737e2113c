"""Workers that are killed at any moment while things are due: everything is done once all the same."""

from __future__ import annotations

import os
import random
import select
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from crmkit import SYSTEM, User
from crmkit.core.storage.moments import utc_now
from tests.killing.cases import CASES, EVERYBODY, plugins

if TYPE_CHECKING:
    from collections.abc import Iterator

    from crmkit import CRM
    from crmkit.testing.fixtures import CRMFactory
    from tests.killing.case import People

ROOT = Path(__file__).parents[2]
PROGRAM = Path(__file__).with_name("working.py")
PATIENCE, MOMENT, LONGEST = 60, 0.02, 0.6
KILLS = 100 if os.environ.get("CRMKIT_SLOW") else 2
DAY = timedelta(days=1)

Where = tuple[str, str | None]


@contextmanager
def workers(on: Where, count: int, seconds: float) -> Iterator[list[subprocess.Popen[str]]]:
    """Start workers; whatever happens, none is left."""
    url, schema = on
    command = [sys.executable, str(PROGRAM), url, schema or "-", str(seconds)]
    paths = os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])
    environment = {**os.environ, "PYTHONPATH": paths}
    started = [
        subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) for _number in range(count)
    ]
    try:
        yield started
    finally:
        for each in started:
            each.kill()
            each.communicate()


def kill_halfway(worker: subprocess.Popen[str], seconds: float) -> None:
    """Kill a worker so long after it was first in the middle of something."""
    assert worker.stdout is not None
    assert select.select([worker.stdout], [], [], PATIENCE)[0]
    time.sleep(seconds)
    worker.send_signal(signal.SIGKILL)
    assert worker.wait(PATIENCE) == -signal.SIGKILL


def crms(make_crm: CRMFactory, on: Where) -> tuple[CRM, CRM]:
    """Return a CRM as it was yesterday, when things were planned, and as it is today, when they are due."""
    make_crm.clock = lambda: utc_now() - DAY  # type: ignore[assignment]
    yesterday = make_crm(plugins(lambda: None), on=on)
    make_crm.clock = utc_now  # type: ignore[assignment]
    return yesterday, make_crm(plugins(lambda: None), on=on)


def begin(crm: CRM) -> People:
    """Write what cases need once, and return the people."""
    with crm.session(actor="admin") as session:
        people = {name: session.create(User, name=name, external_id=name, roles=["member"]) for name in EVERYBODY}
        people["bo"] = session.update(people["bo"], manager=people["li"])
        for case in CASES:
            case.begin(session, people)
    return people


def add(crm: CRM, people: People, number: int) -> None:
    """Have more fall due in every case."""
    with crm.session(actor="admin") as session:
        for case in CASES:
            case.add(session, people, number)


def ask(crm: CRM, chosen: random.Random) -> None:
    """Let time go by until all leases have ended, and ask for a run of each job, in any order."""
    jobs = [job for case in CASES for job in case.jobs]
    with crm.session(actor=SYSTEM) as session:
        for job in chosen.sample(jobs, len(jobs)):
            session.enqueue(job)
        work = session.tables.system.work
        past = utc_now().replace(year=2020)
        session.unit.connection.execute(
            work.update().where(work.c.leased_until.is_not(None)).values(leased_until=past, due_at=past)
        )


def left(crm: CRM) -> int:
    """Return how much is not done yet."""
    with crm.session(actor=SYSTEM, readonly=True) as session:
        return sum(case.left(session) for case in CASES)


def wait_until_done(crm: CRM) -> None:
    """Wait until nothing is left, as long as it becomes less."""
    least, since = left(crm), time.monotonic()
    while least:
        assert time.monotonic() < since + PATIENCE, f"{least} left, given up: {crm.outbox.dead()}"
        time.sleep(0.1)
        now = left(crm)
        if now < least:
            least, since = now, time.monotonic()


@pytest.mark.row("C9")
@pytest.mark.proof
@pytest.mark.timeout(PATIENCE * 40)
def test_killed_workers_do_everything_once(make_crm: CRMFactory) -> None:
    """`kill -9` while reminders, clocks, escalations, hand-overs and rules are due: each comes once.

    There is more to do in every life of a worker, a hundred of them when slow. In the end, two of them share the rest.
    """
    on = make_crm.database()
    yesterday, crm = crms(make_crm, on)
    people = begin(yesterday)
    chosen = random.Random(5)  # noqa: S311  (which moment, no secret)
    cut_off = 0
    for number in range(KILLS):
        add(yesterday, people, number)
        ask(crm, chosen)
        with workers(on, 1, MOMENT) as [worker]:
            kill_halfway(worker, chosen.uniform(0, LONGEST))
        cut_off += left(crm) > 0
    assert cut_off >= KILLS // 2
    add(yesterday, people, KILLS)
    ask(crm, chosen)
    with workers(on, 2, 0):
        wait_until_done(crm)
    with crm.session(actor=SYSTEM) as session:
        for case in CASES:
            case.check(session, KILLS + 1)
    assert crm.outbox.dead() == []
