"""A program of its own: a worker that says when it writes notices, and takes a moment over it; a signal ends it.

Arguments: URL of the database, schema (or `-`), seconds that a batch of notices takes.
"""

from __future__ import annotations

import sys
import time
from datetime import timedelta
from typing import TYPE_CHECKING

from crmkit import CRM, Notice
from crmkit.testing.plugins import make_plugin

if TYPE_CHECKING:
    from crmkit import Batch, Change, Session


def plugin(seconds: float) -> object:
    """Return the plugin that makes writing notices slow."""

    def after_create(session: Session, changes: Batch[Change]) -> None:
        del session
        if any(True for _each in changes.of(Notice)):
            print("telling", flush=True)  # noqa: T201  (the test reads it)
            time.sleep(seconds)

    return make_plugin("slow", after_create=after_create)


def main(url: str, schema: str, seconds: str) -> None:
    """Work."""
    crm = CRM(url, ["activities", plugin(float(seconds))], schema=None if schema == "-" else schema)
    crm.worker().run(pause=timedelta(seconds=0.05))


if __name__ == "__main__":
    main(*sys.argv[1:])
