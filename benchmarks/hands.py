"""`python -m benchmarks.hands`: how long it takes to sweep pools, and to distribute what waits in a queue.

There is no way by hand to compare it with. What matters is that the microseconds per record stay as they are while the
number of records grows.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

from benchmarks.__main__ import sizes
from crmkit import CRM, Customer, User
from crmkit.core.outbox.garbage import rare_collections
from crmkit.testing.clock import FrozenClock
from crmkit_workflow.pools.entities import Pool, PoolMember, PoolRule
from crmkit_workflow.pools.sweep import sweep_all
from crmkit_workflow.queues.distributing import distribute, put
from crmkit_workflow.queues.entities import Queue, QueueMember

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

MONDAY = datetime(2026, 3, 2, 8, tzinfo=UTC)
AT_ONCE, OWNERS = 1_000, 50
DAYS = 90
Figure = tuple[str, int, int, float, float]


def filled(file: Path, size: int) -> tuple[CRM, FrozenClock]:
    """Return a CRM with so many customers of fifty owners, who got them evenly over ninety days."""
    clock = FrozenClock(MONDAY)
    crm = CRM(f"sqlite:///{file}", ["workflow"], clock=clock)
    crm.upgrade(admin="ann")
    with crm.session(actor="ann") as session:
        owners = session.create_many(User, [{"name": f"U{each}", "external_id": f"u{each}"} for each in range(OWNERS)])
        pool = session.create(Pool, name="Pool", protection=timedelta(days=2 * DAYS))
        session.create_many(PoolMember, [{"pool": pool, "member": each} for each in owners])
        session.create(PoolRule, pool=pool, kind="follow_up", days=DAYS)
        session.create(PoolRule, pool=pool, kind="opportunity", days=2 * DAYS, exempt_if="level == 'a'")
    for start in range(0, size, AT_ONCE):
        clock.now = MONDAY + start / size * timedelta(days=DAYS)
        count = min(AT_ONCE, size - start)
        with crm.session(actor="ann") as session:
            rows = [{"name": f"C{start + each}", "owner": owners[each % OWNERS]} for each in range(count)]
            session.create_many(Customer, rows)
    return crm, clock


def swept(size: int) -> list[Figure]:
    """Return what a sweep takes when it notes what is near, when nothing changes, and when some or all are due."""
    with tempfile.TemporaryDirectory() as folder:
        crm, clock = filled(Path(folder) / "crm.db", size)
        found = []
        for case, days in (
            ("sweep, the first", DAYS),
            ("sweep, the same day", 0),
            ("sweep, a tenth due", DAYS / 10),
            ("sweep, all others due", DAYS),
        ):
            clock.now = (MONDAY if case == "sweep, the first" else clock.now) + timedelta(days=days)
            found.append(timed(case, lambda: sweep(crm)))
        crm.close()
        return found


def sweep(crm: CRM) -> tuple[int, int]:
    """Sweep, a batch a transaction, and return how many were looked at and how many returned."""
    found = sweep_all(crm)
    return found.checked, len(found.returned)


def distributed(size: int) -> list[Figure]:
    """Return what it takes to distribute so many customers to fifty members, who has the least first."""
    with tempfile.TemporaryDirectory() as folder:
        crm, _clock = filled(Path(folder) / "crm.db", size)
        with crm.session(actor="ann") as session:
            queue = session.create(Queue, name="Queue", strategy="least_loaded")
            members = session.find(User, "external_id != 'ann'")
            session.create_many(QueueMember, [{"queue": queue, "user": each} for each in members])
            put(session, queue, session.find(Customer))
            found = timed("distribute", lambda: (size, len(distribute(session, queue))))
        crm.close()
        return [found]


def timed(case: str, work: Callable[[], tuple[int, int]]) -> Figure:
    """Return the case, how many records there were, what became of how many, and the seconds by both clocks.

    Garbage is collected as in a worker.
    """
    with rare_collections():
        start, processor = time.perf_counter(), time.process_time()
        checked, changed = work()
    return case, checked, changed, time.perf_counter() - start, time.process_time() - processor


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure all sizes, and print them."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.hands", description=__doc__)
    parser.add_argument("--sizes", type=sizes, default=[10_000, 100_000], help="how many customers are swept")
    parser.add_argument("--waiting", type=sizes, default=[1_000, 10_000], help="how many are distributed")
    options = parser.parse_args(arguments)
    table = Table("case", "records", "moved", "seconds", "of processor", "records a second", "of processor")
    for figures in (*map(swept, options.sizes), *map(distributed, options.waiting)):
        for case, checked, changed, seconds, processor in figures:
            rates = (f"{checked / taken:,.0f}" for taken in (seconds, processor))
            table.add_row(case, f"{checked:,}", f"{changed:,}", f"{seconds:.1f}", f"{processor:.1f}", *rates)
    Console().print(table)


if __name__ == "__main__":
    main()
