"""A program of its own that writes to a shared database as fast as it can, and prints what came of it as JSON.

Arguments: URL of the database, schema (or `-`), what to do, and how many times.
"""

from __future__ import annotations

import json
import sys
from collections import Counter

from crmkit import CRM, SYSTEM, Customer
from crmkit.errors import ConflictError, Refused


def count_up(crm: CRM, times: int) -> list[str]:
    """Add one to the same customer's number of employees."""
    return [attempt_to_count_up(crm) for _ in range(times)]


def attempt_to_count_up(crm: CRM) -> str:
    """Read and write once."""
    try:
        with crm.session(actor=SYSTEM) as session:
            shared = session.get(Customer, 1)
            session.update(shared, employees=(shared.employees or 0) + 1)
    except ConflictError:
        return "conflict"
    return "applied"


def create(crm: CRM, times: int) -> list[str]:
    """Create customers and tell their ids."""
    found = []
    for number in range(times):
        with crm.session(actor=SYSTEM) as session:
            found.append(str(session.create(Customer, name=f"New {number}").id))
    return found


def claim_numbers(crm: CRM, times: int) -> list[str]:
    """Try to be the first to give out each customer number."""
    found = []
    for number in range(times):
        try:
            with crm.session(actor=SYSTEM) as session:
                session.create(Customer, name="Claim", number=f"N-{number}")
                found.append("applied")
        except Refused:
            found.append("refused")
    return found


DOINGS = {"count_up": count_up, "create": create, "claim_numbers": claim_numbers}


def main(url: str, schema: str, doing: str, times: str) -> None:
    """Do it and print each outcome with how often it came."""
    crm = CRM(url, schema=None if schema == "-" else schema)
    outcomes = DOINGS[doing](crm, int(times))
    print(json.dumps(Counter(outcomes)))  # noqa: T201  (the test reads it)


if __name__ == "__main__":
    main(*sys.argv[1:])
