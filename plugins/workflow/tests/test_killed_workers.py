"""Workers that are killed while clocks and escalations are due: each is told of once all the same."""

from __future__ import annotations

import os
import random
import select
import signal
import subprocess
import sys
import time
from collections import Counter
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from crmkit import SYSTEM, Notice, User
from crmkit.core.storage.moments import utc_now
from crmkit_workflow.clocks.entities import Clock, ClockAlert
from crmkit_workflow.escalations.entities import Escalation, EscalationLevel, EscalationRule
from tests.workflow.desk import Ticket, desk, make_rule
from tests.workflow.telling import slowly

if TYPE_CHECKING:
    from collections.abc import Iterator

    from crmkit import CRM
    from crmkit.testing.fixtures import CRMFactory

ROOT = Path(__file__).parents[3]
PROGRAM = ROOT / "tests" / "workflow" / "telling.py"
PATIENCE, BEGINNING = 60, 3
KILLS = 100 if os.environ.get("CRMKIT_SLOW") else 2
JOBS = ("clock_alerts", "escalate")

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


def with_tickets(make_crm: CRMFactory, on: Where, count: int) -> CRM:
    """Return a CRM with tickets of yesterday, each with a clock that is due and an age that escalates it."""
    make_crm.clock = lambda: utc_now() - timedelta(days=1)  # type: ignore[assignment]
    crm = make_crm(["workflow", desk(), slowly(0)], on=on)
    with crm.session(actor="admin") as session:
        li = session.create(User, name="Li", external_id="li")
        bo = session.create(User, name="Bo", external_id="bo", manager=li)
        make_rule(session, target="0:01")
        rule = session.create(EscalationRule, name="Left alone", entity="ticket")
        session.create(EscalationLevel, rule=rule, after="0:01", field="priority", value="high")
        session.create(EscalationLevel, rule=rule, after="0:02", tell_superior=True)
        session.create_many(Ticket, [{"name": f"T{number}", "owner": bo} for number in range(count)])
    make_crm.clock = utc_now  # type: ignore[assignment]
    return make_crm(["workflow", desk(), slowly(0)], on=on)


def ask(crm: CRM) -> None:
    """Let time go by until all leases have ended, and ask for another run of each job."""
    with crm.session(actor=SYSTEM) as session:
        for job in JOBS:
            session.enqueue(job)
        work = session.tables.system.work
        past = utc_now().replace(year=2020)
        session.unit.connection.execute(
            work.update().where(work.c.leased_until.is_not(None)).values(leased_until=past, due_at=past)
        )


def wait_until_begun(worker: subprocess.Popen[str]) -> None:
    """Wait until a worker says that it tells somebody something, or has nothing to tell any more."""
    assert worker.stdout is not None
    select.select([worker.stdout], [], [], BEGINNING)


def untold(crm: CRM) -> int:
    """Return how much is to be told yet."""
    with crm.session(actor=SYSTEM) as session:
        clocks, tickets = session.count(Clock, "not breached"), session.count(Ticket)
        return clocks + 2 * tickets - session.count(Escalation)


@pytest.mark.proof
@pytest.mark.timeout(PATIENCE * 20)
def test_killed_workers_tell_everything_once(make_crm: CRMFactory) -> None:
    """`kill -9` at any moment: every breach and every level is there once, with its notices and its event (S46, S47).

    A hundred kills with CRMKIT_SLOW=1. In the end, two workers share the rest.
    """
    on, count = make_crm.database(), 4 * KILLS
    crm = with_tickets(make_crm, on, count)
    chosen = random.Random(5)  # noqa: S311  (which moment, no secret)
    ask(crm)
    for _kill in range(KILLS):
        with workers(on, 1, 0.02) as [worker]:
            wait_until_begun(worker)
            time.sleep(chosen.uniform(0, 0.2))
            worker.send_signal(signal.SIGKILL)
            worker.wait(PATIENCE)
        ask(crm)
    with workers(on, 2, 0):
        end = time.monotonic() + PATIENCE
        while untold(crm):
            assert time.monotonic() < end, f"{untold(crm)} left"
            time.sleep(0.1)
    check(crm, count)


def check(crm: CRM, count: int) -> None:
    """Everything was told, and nothing twice."""
    event = crm.tables.system.event
    with crm.session(actor=SYSTEM) as session:
        alerts = Counter((each.clock, each.what) for each in session.find(ClockAlert))
        levels = Counter((each.record, each.level) for each in session.find(Escalation))
        kinds = Counter(each.kind for each in session.find(Notice))
        versions = {each.version for each in session.find(Ticket)}
        names = session.unit.connection.execute(event.select().with_only_columns(event.c.name)).scalars()
        breaches = [each for each in names if each == "clock.breached"]
    assert (len(alerts), set(alerts.values())) == (count, {1})
    assert (len(levels), set(levels.values())) == (2 * count, {1})
    assert kinds == {"clock_breached": 2 * count, "escalated": 3 * count}
    assert (len(breaches), versions) == (count, {2})
    assert crm.outbox.dead() == []
