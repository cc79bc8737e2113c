"""Many processes that write from what each read before a common start, and print by record what came of it as JSON.

Arguments: URL of the database, schema (or `-`), what to do, and how many processes.
"""

from __future__ import annotations

import json
import os
import random
import sys
import traceback
from typing import TYPE_CHECKING

from crmkit import CRM, SYSTEM, Customer, Opportunity
from crmkit.errors import ConflictError, DatabaseBusyError

if TYPE_CHECKING:
    from crmkit import Record, Session

ENTITIES: dict[str, type[Record]] = {"claim": Customer, "move or edit": Opportunity, "move": Opportunity}


def act(session: Session, doing: str, record: Record, number: int) -> str:
    """Do it, and say what was done."""
    if doing == "claim":
        return f"owner {session.update(record, owner=number).owner}"
    if doing == "move or edit" and number % 2:
        return f"amount {session.update(record, amount=number).amount.amount}"  # type: ignore[attr-defined]
    stage = "proposal" if doing == "move or edit" or number % 2 else "won"
    return f"stage {session.move(record, stage).stage}"


def attempt(crm: CRM, doing: str, record: Record, number: int) -> str:
    """Return what was done, or with what somebody else was faster.

    A hundred processes on one SQLite file may have to wait for longer than a writer waits. They try again.
    """
    while True:
        try:
            with crm.session(actor=SYSTEM) as session:
                return act(session, doing, record, number)
        except ConflictError as error:
            return f"conflict {error.version} {','.join(sorted(error.changed))}"
        except DatabaseBusyError:
            continue


def race(crm: CRM, doing: str, number: int, ready: int, start: int) -> None:
    """Read, wait for the start, and write to every record, each process in an order of its own."""
    with crm.session(actor=SYSTEM, readonly=True) as session:
        records = list(session.find(ENTITIES[doing], order="id"))
    os.write(ready, b".")
    os.read(start, 1)
    random.Random(number).shuffle(records)  # noqa: S311  (a test that can be repeated)
    outcomes = {record.id: attempt(crm, doing, record, number) for record in records}
    os.write(sys.stdout.fileno(), f"{json.dumps(outcomes)}\n".encode())


def run(crm: CRM, doing: str, number: int, ready: int, start: int) -> int:
    """Return the exit code of a process; one that fails doesn't keep the others waiting."""
    try:
        race(crm, doing, number, ready, start)
    except BaseException:  # noqa: BLE001  (the test shows it)
        traceback.print_exc()
        os.write(ready, b".")
        return 1
    return 0


def main(url: str, schema: str, doing: str, count: str) -> None:
    """Start the processes, each with connections of its own, and let them go when all have read."""
    crm = CRM(url, schema=None if schema == "-" else schema)
    ready_out, ready = os.pipe()
    start, start_in = os.pipe()
    children = []
    for number in range(1, int(count) + 1):
        children.append(os.fork())
        if not children[-1]:
            os.close(start_in)
            os._exit(run(crm, doing, number, ready, start))
    os.close(ready)
    arrived = 0
    while arrived < len(children) and (more := os.read(ready_out, len(children))):
        arrived += len(more)
    os.close(start_in)  # all wait for this end
    sys.exit(1 if sum(os.waitpid(each, 0)[1] for each in children) else 0)


if __name__ == "__main__":
    main(*sys.argv[1:])
