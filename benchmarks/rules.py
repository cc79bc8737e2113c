"""`python -m benchmarks.rules`: what rules cost those who write records, and how long carrying them out takes.

There is no way by hand to compare it with. What matters is that the microseconds per record stay as they are while the
number of records grows.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

from benchmarks.__main__ import sizes
from crmkit import CRM, Customer
from crmkit.testing.clock import FrozenClock
from crmkit_workflow.automation.entities import AutomationAction, AutomationRule, AutomationRun

if TYPE_CHECKING:
    from collections.abc import Sequence

MONDAY = datetime(2026, 3, 2, 8, tzinfo=UTC)
AT_ONCE = 1_000
Figure = tuple[str, int, float, float]


def make_crm(file: Path) -> CRM:
    """Return a CRM without rules."""
    crm = CRM(f"sqlite:///{file}", ["workflow"], clock=FrozenClock(MONDAY))
    crm.upgrade(admin="ann")
    crm.worker().run_once()  # schedules begin
    return crm


def add_rules(crm: CRM) -> None:
    """Make a rule that sets a field of every second customer, and nine that none meets."""
    with crm.session(actor="ann") as session:
        rule = session.create(AutomationRule, name="Half", entity="customer", applies_if="city == 'Paris'")
        values = {"field": "source", "value": "website"}
        session.create(AutomationAction, rule=rule, action="set_field", values=values)
        others = [{"name": f"R{n}", "entity": "customer", "applies_if": f"level == 'a' and id < {n}"} for n in range(9)]
        session.create_many(AutomationRule, others)


def fill(crm: CRM, size: int) -> tuple[float, float]:
    """Create customers, a thousand in a transaction, and return the seconds by the clock and those of the processor."""
    start, processor = time.perf_counter(), time.process_time()
    for first in range(0, size, AT_ONCE):
        numbers = range(first, min(first + AT_ONCE, size))
        with crm.session(actor="ann") as session:
            session.create_many(
                Customer, ({"name": f"C{each}", "city": "Paris" if each % 2 else "Lyon"} for each in numbers)
            )
    return time.perf_counter() - start, time.process_time() - processor


def carried_out(crm: CRM) -> tuple[float, float]:
    """Have a worker carry out all that was noted, and return the seconds by the clock and those of the processor."""
    start, processor = time.perf_counter(), time.process_time()
    with crm.session(actor="ann") as session:
        waiting = session.count(AutomationRun, "state == 'waiting'")
    while waiting:
        crm.worker().run_once()
        with crm.session(actor="ann") as session:
            waiting = session.count(AutomationRun, "state == 'waiting'")
    return time.perf_counter() - start, time.process_time() - processor


def measured(size: int) -> list[Figure]:
    """Return what creating customers takes without rules and with ten, and what carrying out takes a run."""
    with tempfile.TemporaryDirectory() as folder:
        plain, ruled = (make_crm(Path(folder) / f"{name}.db") for name in ("plain", "ruled"))
        add_rules(ruled)
        found: list[Figure] = [("created, no rule", size, *fill(plain, size))]
        found += [("created, ten rules", size, *fill(ruled, size))]
        found += [("carried out", size // 2, *carried_out(ruled))]
        plain.close()
        ruled.close()
        return found


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure all sizes, and print them."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.rules", description=__doc__)
    parser.add_argument("--sizes", type=sizes, default=[1_000, 10_000], help="how many customers")
    table = Table("case", "records", "seconds", "µs a record", "of processor", title="rules as data, SQLite")
    for size in parser.parse_args(arguments).sizes:
        for case, count, seconds, processor in measured(size):
            each = (f"{1e6 * taken / count:.0f}" for taken in (seconds, processor))
            table.add_row(case, f"{count:,}", f"{seconds:.1f}", *each)
    Console().print(table)


if __name__ == "__main__":
    main()
