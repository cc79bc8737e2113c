"""An upgrade that is killed, anywhere: the database is as before, or as after; a second one waits for the first."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import sqlalchemy as sa

from crmkit.testing.schemas import contents_of, schema_of
from tests.core.upgrade.rental import rental, use

if TYPE_CHECKING:
    from crmkit.testing.fixtures import CRMFactory

KILLED = """
import os, signal, sys
import sqlalchemy as sa
sys.path.insert(0, {folder!r})
from tests.core.upgrade.rental import rental
from crmkit import CRM

crm = CRM({url!r}, [rental()] if {enable!r} else [], schema={schema!r})
left = [{after!r}]

def count(*_):
    left[0] -= 1
    if not left[0]:
        os.kill(os.getpid(), signal.SIGKILL)

sa.event.listen(crm.engine, "after_cursor_execute", count)
if {enable!r}:
    crm.upgrade()
else:
    crm.plugins.apply(crm.plugins.plan(purge=["rental"]), destructive=True)
"""


class Failed(Exception):
    """Something went wrong in the middle of an upgrade."""


@pytest.mark.proof
@pytest.mark.row("M7")
@pytest.mark.parametrize("enable", [True, False])
def test_an_upgrade_that_fails_after_any_statement_changes_nothing(make_crm: CRMFactory, *, enable: bool) -> None:
    """After every statement up to the commit: the database is as it was, and the next run ends as if nothing happened.

    After each with CRMKIT_SLOW=1, else after every 13th on SQLite and every 41st on PostgreSQL.
    """
    database = make_crm.database()
    crm = make_crm([rental()] if enable else [], on=database, upgrade=False)
    base = make_crm(on=database) if enable else make_crm([rental()], on=database)
    if not enable:
        use(base)
    expected = schema_of(make_crm([rental()] if enable else []))
    before = schema_of(base), contents_of(base)
    step = 1 if os.environ.get("CRMKIT_SLOW") else {"sqlite": 13, "postgresql": 41}[crm.engine.dialect.name]
    number = 1 - step
    while True:
        number += step
        left = [number]

        def fail(*_given: object, left: list[int] = left) -> None:
            left[0] -= 1
            if not left[0]:
                raise Failed

        sa.event.listen(crm.engine, "after_cursor_execute", fail)
        try:
            crm.plugins.apply(crm.plugins.plan(purge=[] if enable else ["rental"]), destructive=True)
            break
        except Failed:
            pass
        finally:
            sa.event.remove(crm.engine, "after_cursor_execute", fail)
        if schema_of(base) == expected:
            break  # it was committed: what failed only computes anew, and is done again by the next run
        assert (schema_of(base), contents_of(base)) == before, number
    assert number > 2 * step
    assert schema_of(crm) == expected


@pytest.mark.proof
@pytest.mark.parametrize("enable", [True, False])
@pytest.mark.parametrize("share", [0.3, 0.6, 0.9] if os.environ.get("CRMKIT_SLOW") else [0.8])
def test_a_killed_upgrade_is_finished_by_the_next(make_crm: CRMFactory, share: float, *, enable: bool) -> None:
    """A process that is killed leaves no half of an upgrade behind, and no lock."""
    database = make_crm.database()
    base = make_crm([] if enable else [rental()], on=database)
    if not enable:
        use(base)
    before = schema_of(base), contents_of(base)
    url, schema = database
    total = count_statements(make_crm, enable=enable)
    after = int(total * share)
    folder = str(Path(__file__).parents[3])
    program = KILLED.format(url=url, schema=schema, after=after, enable=enable, folder=folder)
    killed = subprocess.run([sys.executable, "-c", program], check=False, env=os.environ)
    assert killed.returncode == -signal.SIGKILL
    assert (schema_of(base), contents_of(base)) == before
    crm = make_crm([rental()] if enable else [], on=database)
    if not enable:
        crm.plugins.apply(crm.plugins.plan(purge=["rental"]), destructive=True)
    assert schema_of(crm) == schema_of(make_crm([rental()] if enable else []))


def count_statements(make_crm: CRMFactory, *, enable: bool) -> int:
    """Return how many statements an enabling, or a purge, of the plugin takes."""
    database = make_crm.database()
    base = make_crm([] if enable else [rental()], on=database)
    if not enable:
        use(base)
    crm = make_crm([rental()] if enable else [], on=database, upgrade=False)
    seen: list[object] = []
    sa.event.listen(crm.engine, "after_cursor_execute", lambda *given: seen.append(given[2]))
    if enable:
        crm.upgrade()
    else:
        crm.plugins.apply(crm.plugins.plan(purge=["rental"]), destructive=True)
    return len(seen)


def test_a_second_upgrade_waits_for_the_first(make_crm: CRMFactory) -> None:
    """Eight upgrades at the same time do the work once."""
    database = make_crm.database()
    make_crm(on=database)
    crms = [make_crm([rental()], on=database, upgrade=False) for _ in range(8)]
    done: list[list[str]] = []
    threads = [threading.Thread(target=lambda crm=crm: done.append(crm.upgrade())) for crm in crms]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert [bool(each) for each in sorted(done, key=len)] == [False] * 7 + [True]
