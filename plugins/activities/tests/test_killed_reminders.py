"""Workers that are killed while they remind: nobody is reminded twice, and nothing is forgotten."""

from __future__ import annotations

import os
import random
import select
import subprocess
import sys
import time
from collections import Counter
from contextlib import contextmanager
from datetime import timedelta
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from crmkit import SYSTEM, Notice, User
from crmkit.core.storage.moments import utc_now
from crmkit_activities.reminders.reminder import Reminder

if TYPE_CHECKING:
    from collections.abc import Iterator

    from crmkit import CRM
    from crmkit.testing.fixtures import CRMFactory

PROGRAM = Path(__file__).with_name("reminding.py")
PATIENCE = 60
KILLS = 100 if os.environ.get("CRMKIT_SLOW") else 2
EACH_TIME = 3


@contextmanager
def worker(on: tuple[str, str | None]) -> Iterator[subprocess.Popen[str]]:
    """Start a worker; whatever happens, it is not left."""
    url, schema = on
    command = [sys.executable, str(PROGRAM), url, schema or "-", "0.05"]
    started = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        yield started
    finally:
        started.kill()
        started.communicate()


def slow_plugin() -> object:
    """Return the plugin of the program, which must be the same here."""
    spec = spec_from_file_location("reminding", PROGRAM)
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    found: object = module.plugin(0)
    return found


def add_reminders(crm: CRM, number: int) -> None:
    """Make reminders that are due at once, and ask for a run."""
    with crm.session(actor=SYSTEM) as session:
        [ann] = session.find(User, {"external_id": "ann"})
        soon = utc_now() + timedelta(seconds=0.01)
        session.create_many(Reminder, ({"owner": ann, "at": soon, "text": f"{number} {n}"} for n in range(EACH_TIME)))
        session.enqueue("fire_reminders", at=soon)


def end_leases(crm: CRM) -> None:
    """Let time go by until all leases have ended."""
    with crm.session(actor=SYSTEM) as session:
        session.unit.check_writable()
        work = session.tables.system.work
        past = utc_now().replace(year=2020)
        session.unit.connection.execute(work.update().where(work.c.leased_until.is_not(None)).values(leased_until=past))


def open_reminders(crm: CRM) -> int:
    """Return how many have not come yet."""
    with crm.session(actor=SYSTEM, readonly=True) as session:
        return session.count(Reminder, "due_at is not None")


@pytest.mark.row("C9")
@pytest.mark.proof
@pytest.mark.timeout(PATIENCE * 20)
def test_killed_workers_remind_of_everything_once(make_crm: CRMFactory) -> None:
    """`kill -9` at any moment: what was half done is not there, and another one does it; a hundred times when slow."""
    on = make_crm.database()
    make_crm.clock = utc_now  # type: ignore[assignment]
    crm = make_crm(["activities", slow_plugin()], on=on)
    with crm.session(actor=SYSTEM) as session:
        session.create(User, name="Ann", external_id="ann", roles=["member"])
    chosen = random.Random(7)  # noqa: S311  (which moment, no secret)
    for number in range(KILLS):
        add_reminders(crm, number)
        with worker(on) as started:
            assert started.stdout is not None
            assert select.select([started.stdout], [], [], PATIENCE)[0]
            time.sleep(chosen.uniform(0, 0.1))
        end_leases(crm)
    add_reminders(crm, KILLS)
    with worker(on):
        end = time.monotonic() + PATIENCE
        while open_reminders(crm):
            assert time.monotonic() < end
            time.sleep(0.05)
    with crm.session(actor=SYSTEM) as session:
        told = Counter(each.text for each in session.find(Notice))
    expected = {f"Reminder: {number} {n}" for number in range(KILLS + 1) for n in range(EACH_TIME)}
    assert told == dict.fromkeys(expected, 1)
