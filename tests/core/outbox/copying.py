"""A program of its own: a worker whose handler copies customers, and whose job ticks; it prints what it does.

Arguments: URL of the database, schema (or `-`), seconds that each copy takes. It ends when it is told by a signal.
"""

from __future__ import annotations

import signal
import sys
import time
from datetime import timedelta

from crmkit import CRM, Customer, Handler, Job, JobRun, Occurrence, Opportunity, Session
from crmkit.testing.plugins import make_plugin

DEADLINE = timedelta(seconds=0.5)


def copy(session: Session, occurrence: Occurrence, seconds: float) -> None:
    """Make an opportunity for a customer."""
    customer = session.get(Customer, int(occurrence.record))
    session.create(Opportunity, name=customer.name, customer=customer)
    print("copying", flush=True)  # noqa: T201  (the test reads it)
    time.sleep(seconds)


def tick(session: Session, run: JobRun) -> None:
    """Note a run of the job."""
    session.create(Customer, name=f"tick {run.due.isoformat()}", number=run.id)


def plugin(seconds: float = 0) -> object:
    """Return the plugin."""
    return make_plugin(
        "copying",
        Handler(
            name="copy",
            events=("customer.updated",),
            run=lambda session, occurrence: copy(session, occurrence, seconds),
            deadline=DEADLINE,
        ),
        Job(name="tick", run=tick, deadline=DEADLINE),
    )


def main(url: str, schema: str, seconds: str) -> None:
    """Work."""
    crm = CRM(url, [plugin(float(seconds))], schema=None if schema == "-" else schema)
    worker = crm.worker()
    signal.signal(signal.SIGTERM, lambda _number, _frame: worker.stop())
    worker.run(pause=timedelta(seconds=0.05))
    crm.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
