"""Finishing: work is done, or failed and waits for its next try, or is given up."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crmkit.core.outbox.leasing import holds
from crmkit.core.outbox.retrying import MOST_TRIES, pause_after
from crmkit.core.storage.system.outbox import DEAD, DONE, WAITING
from crmkit.errors import LeaseLostError

if TYPE_CHECKING:
    from datetime import datetime
    from random import Random

    import sqlalchemy as sa

    from crmkit.core.outbox.leasing import Lease
    from crmkit.core.storage.tables import Tables

LONGEST_PROBLEM = 2000


def finish(connection: sa.Connection, tables: Tables, held: Lease, now: datetime) -> None:
    """Note that work is done, in the transaction of what it wrote.

    Raises:
        LeaseLostError: if it is no longer held, as it took too long and somebody else may have taken it.
    """
    values = {"state": DONE, "finished_at": now, "leased_until": None, "fence": None, "problem": None}
    if not connection.execute(tables.system.work.update().where(holds(tables, held)).values(values)).rowcount:
        raise LeaseLostError(work=held.number, consumer=held.consumer)


def fail(
    connection: sa.Connection,
    tables: Tables,
    held: Lease,
    now: datetime,
    *,
    problem: str,
    random: Random,
    for_good: bool = False,
) -> str | None:
    """Note that work failed, and return its state: it waits for its next try, or is dead; None if it was lost.

    What failed for good is dead at once.
    """
    tries = held.tries + 1
    values: dict[str, object] = {"tries": tries, "leased_until": None, "fence": None}
    values["problem"] = problem[:LONGEST_PROBLEM]
    if for_good or tries >= MOST_TRIES:
        values |= {"state": DEAD, "finished_at": now}
    else:
        values["due_at"] = now + pause_after(tries, random)
    touched = connection.execute(tables.system.work.update().where(holds(tables, held)).values(values)).rowcount
    return str(values.get("state", WAITING)) if touched else None
