"""Leasing: a worker takes work for a while; what it has not finished by then is free for others.

Every lease has a new fence. Who finishes work must still hold it by that fence, so a worker that comes back too late
changes nothing.
"""

from __future__ import annotations

import secrets
from datetime import timedelta
from typing import TYPE_CHECKING

import sqlalchemy as sa
from attrs import evolve, frozen

from crmkit.core.outbox.retrying import MOST_CRASHES
from crmkit.core.storage.system.outbox import DEAD, WAITING
from crmkit.translation import _

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime
    from typing import Any

    from crmkit.core.storage.tables import Tables

MARGIN = timedelta(seconds=30)
"""How much longer than the deadline a lease lasts."""
RELAYED = "relayed "
"""What the fence of work begins with that is on its way to somebody else, and not begun yet."""


@frozen(kw_only=True)
class Lease:
    """A piece of work that is leased.

    Attributes:
        consumer: the name of who does it.
        tries, crashes: how often it failed before, and how often a worker ended while doing it.
        until: the end of the lease, UTC.
    """

    number: int
    consumer: str
    occasion: str
    event: int | None
    parameters: str | None
    wanted: datetime
    tries: int
    crashes: int
    fence: str
    until: datetime


def lease(
    connection: sa.Connection,
    tables: Tables,
    deadlines: Mapping[str, timedelta],
    now: datetime,
    limit: int,
    *,
    is_relayed: bool = False,
) -> list[Lease]:
    """Take the next work that is due for some consumers, the oldest first. Run it in a writing transaction.

    Of events about one record, only the first that isn't finished is taken. Work at which a worker ended comes last,
    one piece at a time, so that others don't suffer from it; and is given up if it happens too often.
    """
    work, found = tables.system.work, []
    rows = due_rows(connection, tables, list(deadlines), now, condition=is_fresh(work), limit=limit)
    for row in rows or due_rows(connection, tables, list(deadlines), now, condition=~is_fresh(work), limit=1):
        crashes = row.crashes + (row.leased_until is not None and not row.fence.startswith(RELAYED))
        if crashes >= MOST_CRASHES:
            give_up(connection, tables, row.id, now, crashes)
            continue
        fence = (RELAYED if is_relayed else "") + secrets.token_hex(8)
        found.append(lease_of(row, fence, now + deadlines[row.consumer] + MARGIN, crashes))
    note(connection, tables, found)
    return found


def lease_of(row: sa.Row[Any], fence: str, until: datetime, crashes: int) -> Lease:
    """Return the lease of a row of work."""
    return Lease(
        number=row.id,
        consumer=row.consumer,
        occasion=row.occasion,
        event=row.event_id,
        parameters=row.parameters,
        wanted=row.wanted_at,
        tries=row.tries,
        crashes=crashes,
        fence=fence,
        until=until,
    )


def is_fresh(work: sa.Table) -> sa.ColumnElement[bool]:
    """Return the condition that no worker ended while it had the work."""
    was_begun = sa.and_(work.c.leased_until.is_not(None), ~work.c.fence.startswith(RELAYED))
    return sa.and_(work.c.crashes == 0, ~was_begun)


def due_rows(
    connection: sa.Connection,
    tables: Tables,
    consumers: list[str],
    now: datetime,
    *,
    condition: sa.ColumnElement[bool],
    limit: int,
) -> Sequence[sa.Row[Any]]:
    """Return the rows of work that are due and free, and keep others from them meanwhile."""
    work = tables.system.work
    earlier = work.alias("earlier")
    is_behind = sa.exists().where(
        earlier.c.state == WAITING,
        earlier.c.consumer == work.c.consumer,
        earlier.c.entity == work.c.entity,
        earlier.c.record_id == work.c.record_id,
        earlier.c.event_id < work.c.event_id,
    )
    is_free = sa.or_(work.c.leased_until.is_(None), work.c.leased_until < now)
    query = (
        sa.select(work)
        .where(
            work.c.state == WAITING,
            work.c.due_at <= now,
            is_free,
            work.c.consumer.in_(consumers),
            ~is_behind,
            condition,
        )
        .order_by(work.c.crashes, work.c.due_at, work.c.id)
        .limit(limit)
        .with_for_update(of=work, skip_locked=True)
    )
    return connection.execute(query).all()


def note(connection: sa.Connection, tables: Tables, leases: Sequence[Lease]) -> None:
    """Write leases down."""
    work = tables.system.work
    update = work.update().where(work.c.id == sa.bindparam("number"))
    update = update.values(
        fence=sa.bindparam("new_fence"), leased_until=sa.bindparam("until"), crashes=sa.bindparam("ended")
    )
    rows = [
        {"number": each.number, "new_fence": each.fence, "until": each.until, "ended": each.crashes} for each in leases
    ]
    if rows:
        connection.execute(update, rows)


def give_up(connection: sa.Connection, tables: Tables, number: int, now: datetime, crashes: int) -> None:
    """Make work at which too many workers ended a dead letter."""
    work = tables.system.work
    problem = _("Workers ended while doing it, {count} times.", count=crashes)
    values = {"state": DEAD, "finished_at": now, "crashes": crashes, "problem": problem, "leased_until": None}
    connection.execute(work.update().where(work.c.id == number).values(values))


def begin_relayed(
    connection: sa.Connection,
    tables: Tables,
    number: int,
    *,
    fence: str,
    deadlines: Mapping[str, timedelta],
    now: datetime,
) -> Lease | None:
    """Begin work that was relayed, and return its lease; None if somebody else has taken it, or it is done."""
    work = tables.system.work
    is_held = sa.and_(work.c.id == number, work.c.state == WAITING, work.c.fence == fence)
    row = connection.execute(sa.select(work).where(is_held).with_for_update()).first()
    if row is None or row.consumer not in deadlines:
        return None
    begun = lease_of(row, secrets.token_hex(8), now + deadlines[row.consumer] + MARGIN, row.crashes)
    note(connection, tables, [begun])
    return begun


def renew(connection: sa.Connection, tables: Tables, held: Lease, until: datetime) -> Lease | None:
    """Have a lease last longer, and return it; None if it is lost."""
    update = tables.system.work.update().where(holds(tables, held)).values(leased_until=until)
    return evolve(held, until=until) if connection.execute(update).rowcount else None


def release(connection: sa.Connection, tables: Tables, leases: Iterable[Lease]) -> None:
    """Give back work that was not begun."""
    for each in leases:
        values = {"fence": None, "leased_until": None}
        connection.execute(tables.system.work.update().where(holds(tables, each)).values(values))


def holds(tables: Tables, held: Lease) -> sa.ColumnElement[bool]:
    """Return the condition that work is still held under a lease."""
    work = tables.system.work
    return sa.and_(work.c.id == held.number, work.c.state == WAITING, work.c.fence == held.fence)
