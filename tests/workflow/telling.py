"""A program of its own: a worker that tells of clocks and escalates, two at once, slowly, and says when it does.

Arguments: URL of the database, schema (or `-`), seconds that each one takes. It ends when it is killed.
"""

from __future__ import annotations

import sys
import time
from datetime import timedelta
from typing import TYPE_CHECKING

from crmkit import CRM
from crmkit.testing.plugins import make_plugin
from crmkit_workflow.clocks import alerts
from crmkit_workflow.escalations import sweep
from tests.workflow.desk import desk

if TYPE_CHECKING:
    from crmkit import Batch, Change, Session


def slowly(seconds: float) -> object:
    """Return a plugin that makes telling slow."""

    def after_create(session: Session, changes: Batch[Change]) -> None:
        if changes.entity.name in {"clock_alert", "escalation", "notice"}:
            print("telling", flush=True)  # noqa: T201  (the test reads it)
            time.sleep(seconds)

    return make_plugin("slowly", after_create=after_create)


def main(url: str, schema: str, seconds: str) -> None:
    """Work."""
    alerts.BATCH = sweep.BATCH = 2
    crm = CRM(url, ["workflow", desk(), slowly(float(seconds))], schema=None if schema == "-" else schema)
    crm.worker().run(pause=timedelta(seconds=0.05))


if __name__ == "__main__":
    main(*sys.argv[1:])
