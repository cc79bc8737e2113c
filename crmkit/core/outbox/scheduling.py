"""Scheduling: jobs become work when the moments of their schedules have come."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

from crmkit.core.declare.outbox import Job
from crmkit.core.storage.adding import add_new
from crmkit.core.storage.system.outbox import WAITING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from crmkit.core.outbox.consumers import Consumer
    from crmkit.core.storage.tables import Tables

SCHEDULED = ""
"""What stands in the place of an entity's name in work that comes from a schedule."""


def schedule(
    connection: sa.Connection, tables: Tables, consumers: Mapping[str, Consumer], now: datetime, time_zone: str
) -> int:
    """Make the runs that are due, and return their number. Run it in a transaction.

    Moments that have passed since the last time make one run together, for the latest of them. While a run waits or
    is being done, no further one is made. Schedules begin when they are seen for the first time.
    """
    jobs = {name: each.declared for name, each in consumers.items() if isinstance(each.declared, Job)}
    scheduled = {name: job.schedule for name, job in jobs.items() if job.schedule is not None}
    if not scheduled:
        return 0
    followed = followed_until(connection, tables, scheduled, now)
    busy = waiting_runs(connection, tables)
    made = 0
    consumer = tables.system.consumer
    for name in scheduled.keys() & followed.keys():
        due = scheduled[name].latest(followed[name], now, time_zone)
        is_put_back = followed[name] > now  # the clock was: the schedule goes on from there
        if due is None and not is_put_back:
            continue
        connection.execute(consumer.update().where(consumer.c.name == name).values(scheduled_until=due or now))
        if due is not None and name not in busy:
            made += add_new(connection, tables.system.work, [row_of(name, due)])
    return made


def followed_until(
    connection: sa.Connection, tables: Tables, jobs: Iterable[str], now: datetime
) -> dict[str, datetime]:
    """Return the moments up to which schedules were followed, and keep others from following them meanwhile."""
    consumer = tables.system.consumer
    query = sa.select(consumer.c.name, consumer.c.scheduled_until).where(consumer.c.scheduled_until.is_not(None))
    found = {row.name: row.scheduled_until for row in connection.execute(query.with_for_update(skip_locked=True))}
    new = [{"name": name, "scheduled_until": now, "failures": 0} for name in jobs if name not in found]
    add_new(connection, consumer, new)
    return found


def waiting_runs(connection: sa.Connection, tables: Tables) -> set[str]:
    """Return the jobs of which a scheduled run waits or is being done."""
    work = tables.system.work
    query = sa.select(work.c.consumer).where(work.c.state == WAITING, work.c.entity == SCHEDULED)
    return set(connection.execute(query).scalars())


def row_of(name: str, due: datetime) -> dict[str, object]:
    """Return the row of a scheduled run."""
    return {
        "consumer": name,
        "occasion": f"due {due.isoformat()}",
        "entity": SCHEDULED,
        "state": WAITING,
        "wanted_at": due,
        "due_at": due,
        "tries": 0,
        "crashes": 0,
    }
