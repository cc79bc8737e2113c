"""`python -m benchmarks.clocks`: how long it takes to recompute clocks after their calendar was changed.

There is no way by hand to compare it with. What matters is that the microseconds per clock stay as they are while the
number of clocks grows.
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
from crmkit import CRM, SYSTEM, BusinessCalendar, Customer, SpecialDay
from crmkit.testing.clock import FrozenClock
from crmkit_workflow.clocks.entities import ClockRule
from crmkit_workflow.clocks.recomputing import recompute

if TYPE_CHECKING:
    from collections.abc import Sequence

MONDAY = datetime(2026, 3, 2, 8, tzinfo=UTC)
AT_ONCE = 1_000


def filled(file: Path, size: int) -> CRM:
    """Return a CRM with so many customers, each with a clock that runs; they started at different moments."""
    clock = FrozenClock(MONDAY)
    crm = CRM(f"sqlite:///{file}", ["workflow"], clock=clock)
    crm.upgrade(admin="ann")
    with crm.session(actor="ann") as session:
        calendar = session.create(BusinessCalendar, name="Office", time_zone="Europe/Berlin")
        session.create(
            ClockRule, name="Care", entity="customer", stops_if="city == 'Paris'", target="40:00", calendar=calendar
        )
    for start in range(0, size, AT_ONCE):
        clock.advance(minutes=1)
        with crm.session(actor="ann") as session:
            session.create_many(Customer, ({"name": f"C{start + each}"} for each in range(min(AT_ONCE, size - start))))
    return crm


def recomputed(crm: CRM) -> tuple[int, int, float, float]:
    """Recompute all clocks, a batch a transaction.

    Return how many there were, how many changed, the seconds by the clock and those of the processor.
    """
    start, processor, after, checked, changed = time.perf_counter(), time.process_time(), 0, 0, 0
    last: int | None = 0
    while last is not None:
        after = last
        with crm.session(actor=SYSTEM) as session:
            found = recompute(session, after)
        checked, changed, last = checked + found.checked, changed + found.changed, found.last
    return checked, changed, time.perf_counter() - start, time.process_time() - processor


def measured(size: int) -> list[tuple[str, int, int, float, float]]:
    """Return what recomputing takes if all clocks change by a holiday, and if none does."""
    with tempfile.TemporaryDirectory() as folder:
        crm = filled(Path(folder) / "crm.db", size)
        with crm.session(actor="ann") as session:
            calendar = session.find(BusinessCalendar)[0]
            session.create(SpecialDay, calendar=calendar, day=MONDAY.date() + timedelta(days=1))
        found = [("all change", *recomputed(crm)), ("none changes", *recomputed(crm))]
        crm.close()
        return found


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure all sizes, and print them."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.clocks", description=__doc__)
    parser.add_argument("--sizes", type=sizes, default=[1_000, 10_000, 100_000], help="how many clocks")
    table = Table(
        "case", "clocks", "changed", "seconds", "µs a clock", "of processor", title="recompute of clocks, SQLite"
    )
    for size in parser.parse_args(arguments).sizes:
        for case, checked, changed, seconds, processor in measured(size):
            each = (f"{1e6 * taken / checked:.0f}" for taken in (seconds, processor))
            table.add_row(case, f"{checked:,}", f"{changed:,}", f"{seconds:.1f}", *each)
    Console().print(table)


if __name__ == "__main__":
    main()
