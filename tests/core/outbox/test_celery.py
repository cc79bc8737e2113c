"""The outbox relayed to Celery, with a real Redis and a real RabbitMQ, and Celery workers as processes of their own."""

from __future__ import annotations

import os
import secrets
import socket
import subprocess
import sys
import time
from contextlib import contextmanager, suppress
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from crmkit import CRM, SYSTEM, Customer, Opportunity
from crmkit.core.outbox.transactions import writing
from crmkit.core.storage.moments import utc_now
from crmkit.testing.fixtures import missing_service
from tests.core.outbox.copying import plugin

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from crmkit.celery import CeleryRelay
    from crmkit.testing.fixtures import CRMFactory

pytestmark = [pytest.mark.row("L1"), pytest.mark.broker, pytest.mark.slow, pytest.mark.timeout(300)]
BROKERS = {
    "redis": ("127.0.0.1", 6379, "redis://127.0.0.1:6379/7"),
    "rabbitmq": ("127.0.0.1", 5672, "amqp://guest:guest@127.0.0.1//"),
}
PATIENCE = 120


@pytest.fixture(params=sorted(BROKERS))
def broker(request: pytest.FixtureRequest) -> str:
    """The URL of a message broker."""
    host, port, url = BROKERS[request.param]
    try:
        socket.create_connection((host, port), timeout=5).close()
    except OSError:
        missing_service(f"no {request.param} is running at {host}:{port}")
    return url


class Shop:
    """A CRM with a Celery app, and how to start workers for it."""

    def __init__(self, crm: CRM, on: tuple[str, str | None], broker: str, folder: Path) -> None:
        self.crm, self.folder = crm, folder
        url, schema = on
        self.variables = {
            **os.environ,
            "SHOP_DATABASE": url,
            "SHOP_SCHEMA": schema or "-",
            "SHOP_BROKER": broker,
            "SHOP_QUEUE": f"crmkit-test-{secrets.token_hex(6)}",
        }

    def relay(self, queued: timedelta = timedelta(minutes=15)) -> CeleryRelay:
        """Return a relay of this process."""
        from celery import Celery

        from crmkit.celery import CeleryRelay

        app = Celery("shop", broker=self.variables["SHOP_BROKER"], set_as_current=False)
        return CeleryRelay(app, self.crm, queued=queued, queue=self.variables["SHOP_QUEUE"])

    @contextmanager
    def workers(self, seconds: float = 0) -> Iterator[subprocess.Popen[bytes]]:
        """Run Celery with two processes."""
        command = [sys.executable, "-m", "celery", "-A", "tests.core.outbox.shop", "worker", "--concurrency", "2"]
        command += ["--loglevel", "error", "--without-gossip", "--without-mingle", "-Q", self.variables["SHOP_QUEUE"]]
        log = self.folder / "celery.log"
        with log.open("ab") as written:
            started = subprocess.Popen(
                command,
                env={**self.variables, "SHOP_SECONDS": str(seconds)},
                stdout=written,
                stderr=written,
                start_new_session=True,
            )
        try:
            yield started
        finally:
            kill(started)

    def left(self) -> int:
        """Return how much work of the plugin is left."""
        with self.crm.session(actor=SYSTEM, readonly=True) as session:
            work, event = session.tables.system.work, session.tables.system.event
            connection = session.unit.connection
            new = connection.execute(event.select().where(event.c.dispatched_at.is_(None))).all()
            waiting = connection.execute(work.select().where(work.c.state == "waiting")).all()
        return len(new) + len([each for each in waiting if not each.consumer.startswith("job:core.")])

    def wait(self, relay: CeleryRelay, wanted: int = 0) -> None:
        """Relay until so little is left."""
        end = time.monotonic() + PATIENCE
        while self.left() > wanted:
            log = self.folder / "celery.log"
            assert time.monotonic() < end, f"{self.left()} left; {log.read_text()[-2000:] if log.exists() else ''}"
            relay.run_once()
            time.sleep(0.05)


def kill(started: subprocess.Popen[bytes]) -> None:
    """Kill a program and its children."""
    with suppress(ProcessLookupError):
        os.killpg(started.pid, 9)
    started.wait()


@pytest.fixture
def shop(make_crm: CRMFactory, broker: str, tmp_path: Path) -> Shop:
    """A CRM with 20 customers to be copied, each after an update, and 20 jobs to be done."""
    on = make_crm.database()
    make_crm.clock = utc_now  # type: ignore[assignment]
    crm = make_crm([plugin()], on=on)
    with crm.session(actor=SYSTEM) as session:
        made = session.create_many(Customer, ({"name": f"C{number}"} for number in range(20)))
        session.update_many((each, {"city": "Paris"}) for each in made)
        for _ in range(20):
            session.enqueue("tick")
    return Shop(crm, on, broker, tmp_path)


def check_done_once(crm: CRM) -> None:
    """Everything was done, and nothing twice."""
    with crm.session(actor=SYSTEM) as session:
        copies = [each.name for each in session.find(Opportunity, limit=200)]
        ticks = session.count(Customer, "number is not None")
    assert sorted(copies) == sorted(f"C{number}" for number in range(20))
    assert ticks == 20
    assert crm.outbox.dead() == []


def test_celery_does_what_is_due_once(shop: Shop) -> None:
    """Handlers and jobs, by processes of Celery; tasks that come twice, or too late, do nothing."""
    relay = shop.relay()
    with shop.workers():
        shop.wait(relay)
        work = shop.crm.tables.system.work
        with writing(shop.crm) as (connection, _now):
            numbers = connection.execute(work.select()).all()
        for row in numbers:
            relay._task.apply_async((row.id, "relayed stale"), queue=shop.variables["SHOP_QUEUE"])
        time.sleep(1)
    check_done_once(shop.crm)


@pytest.mark.parametrize("broker", ["redis"], indirect=True)
def test_killed_celery_workers_lose_nothing(shop: Shop) -> None:
    """`kill -9` in the middle: once the leases have ended, others do the rest, and nothing is there twice."""
    relay = shop.relay()
    with shop.workers(seconds=0.1) as celery:
        shop.wait(relay, wanted=30)
        kill(celery)
    with writing(shop.crm) as (connection, now):
        work = shop.crm.tables.system.work
        over = work.update().where(work.c.leased_until.is_not(None)).values(leased_until=now - timedelta(days=1))
        connection.execute(over)
    with shop.workers():
        shop.wait(relay)
    check_done_once(shop.crm)


@pytest.mark.parametrize("broker", ["redis"], indirect=True)
def test_what_a_broker_loses_is_relayed_again(shop: Shop) -> None:
    """When its lease ends; and as nobody has begun it, that counts for no crash."""
    relay = shop.relay()
    relay.run_once()
    work = shop.crm.tables.system.work
    with writing(shop.crm) as (connection, now):
        relayed = connection.execute(work.select().where(work.c.leased_until.is_not(None))).all()
        over = work.update().where(work.c.leased_until.is_not(None)).values(leased_until=now - timedelta(days=1))
        connection.execute(over)
    assert len(relayed) >= 40
    shop.variables["SHOP_QUEUE"] += "-other"
    again = shop.relay()
    with shop.workers():
        shop.wait(again)
    check_done_once(shop.crm)
    with writing(shop.crm) as (connection, _now):
        assert not connection.execute(work.select().where(work.c.crashes > 0)).all()


def test_a_broker_that_is_away_holds_up_nothing(make_crm: CRMFactory, tmp_path: Path) -> None:
    """The work is free for a worker meanwhile."""
    on = make_crm.database()
    make_crm.clock = utc_now  # type: ignore[assignment]
    crm = make_crm([plugin()], on=on)
    with crm.session(actor=SYSTEM) as session:
        session.enqueue("tick")
    shop = Shop(crm, on, "redis://127.0.0.1:1/0", tmp_path)
    assert shop.relay().run_once().tried == 0
    assert crm.worker().run_once().done >= 1
