"""A program of its own: a worker that says when it is in the middle of something, and takes a moment over it.

Arguments: URL of the database, schema (or `-`), seconds that each moment takes. It ends when it is killed.
"""

from __future__ import annotations

import sys
import time
from datetime import timedelta

from crmkit import CRM
from tests.killing.cases import CASES, plugins


def main(url: str, schema: str, seconds: str) -> None:
    """Work."""

    def halfway() -> None:
        print("halfway", flush=True)  # noqa: T201  (the test reads it)
        time.sleep(float(seconds))

    for case in CASES:
        case.make_small()
    crm = CRM(url, plugins(halfway), schema=None if schema == "-" else schema)
    crm.worker().run(pause=timedelta(seconds=0.05))


if __name__ == "__main__":
    main(*sys.argv[1:])
