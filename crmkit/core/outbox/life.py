"""The outbox of a CRM: `crm.outbox`, which shows what waits, what is dead, and does it again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import sqlalchemy as sa
from attrs import frozen

from crmkit.core.declare.values import Ref, ref_class
from crmkit.core.outbox.consumers import consumers_of
from crmkit.core.outbox.scheduling import SCHEDULED
from crmkit.core.outbox.webhooks.endpoints import endpoints_of
from crmkit.core.reading.permission import SYSTEM
from crmkit.core.storage.moments import shared_now
from crmkit.core.storage.system.outbox import DEAD, DONE, WAITING

if TYPE_CHECKING:
    from datetime import datetime

    from crmkit.app import CRM


@frozen(kw_only=True)
class ConsumerStatus:
    """How a handler, job or webhook gets on.

    Attributes:
        consumer: its name, such as `handler:greet`.
        is_known: whether an enabled plugin declares it, or it is a webhook that is active; what others are to do waits.
        waiting, failing, dead, done: pieces of work that wait or are being done, those of them that have failed before,
            those that were given up, and those done lately.
        oldest: the moment that the oldest one which waits is for, UTC; None if nothing waits.
        problem: what went wrong last.
    """

    consumer: str
    is_known: bool
    waiting: int
    failing: int
    dead: int
    done: int
    oldest: datetime | None
    problem: str | None


@frozen(kw_only=True)
class DeadLetter:
    """A piece of work that was given up.

    Attributes:
        number: by which it can be done again.
        event: the number of its event, None for the run of a job.
        record: the record that the event is about, None for the run of a job.
        at: the moment it was given up, UTC.
        problem: what went wrong last.
    """

    number: int
    consumer: str
    event: int | None
    record: Ref[object] | None
    tries: int
    at: datetime
    problem: str


class Counted(NamedTuple):
    """What is counted of a consumer's work."""

    waiting: int
    failing: int
    dead: int
    done: int
    oldest: datetime | None


class Outbox:
    """Shows what the outbox of a CRM holds, and has work done again."""

    def __init__(self, crm: CRM) -> None:
        self._crm = crm

    def status(self) -> list[ConsumerStatus]:
        """Return how every handler and job gets on, by name."""
        with self._crm.session(actor=SYSTEM, readonly=True) as session:
            connection, work = session.unit.connection, session.tables.system.work
            counted = {row.consumer: row for row in connection.execute(status_query(work))}
            problems = {row.consumer: row.problem for row in connection.execute(problem_query(work))}
            webhooks = [each.name for each in endpoints_of(connection, session.tables)]
        known = {*consumers_of(self._crm.model), *webhooks}
        nothing = Counted(waiting=0, failing=0, dead=0, done=0, oldest=None)
        found = {name: Counted(*row[1:]) for name, row in counted.items()}  # type: ignore[arg-type]
        return [
            ConsumerStatus(
                consumer=name,
                is_known=name in known,
                problem=problems.get(name),
                **found.get(name, nothing)._asdict(),
            )
            for name in sorted({*known, *found})
        ]

    def dead(self, *, limit: int = 100) -> list[DeadLetter]:
        """Return the dead letters, the oldest first."""
        with self._crm.session(actor=SYSTEM, readonly=True) as session:
            work = session.tables.system.work
            query = sa.select(work).where(work.c.state == DEAD).order_by(work.c.id).limit(limit)
            return [dead_letter(row) for row in session.unit.connection.execute(query)]

    def replay(
        self, *, consumer: str | None = None, number: int | None = None, done_since: datetime | None = None
    ) -> int:
        """Have dead letters done again, of one consumer or one by its number, and return how many.

        With `done_since` (UTC), also what was done since then: for a receiver that has lost what it was sent. Events
        about one record keep their order, and events keep their ids.
        """
        with self._crm.session(actor=SYSTEM) as session:
            session.unit.check_writable()
            connection, work = session.unit.connection, session.tables.system.work
            wanted = work.c.state == DEAD
            if done_since is not None:
                wanted = sa.or_(wanted, sa.and_(work.c.state == DONE, work.c.finished_at >= done_since))
            if consumer is not None:
                wanted = sa.and_(wanted, work.c.consumer == consumer)
            if number is not None:
                wanted = sa.and_(wanted, work.c.id == number)
            now = shared_now(connection, self._crm.clock)
            values = {"state": WAITING, "tries": 0, "crashes": 0, "due_at": now, "finished_at": None}
            return connection.execute(work.update().where(wanted).values(values)).rowcount


def status_query(work: sa.Table) -> sa.Select[*tuple[object, ...]]:
    """Return the query that counts the work of every consumer."""

    def count(condition: sa.ColumnElement[bool]) -> sa.ColumnElement[int]:
        return sa.func.count(sa.case((condition, 1)))

    waits = work.c.state == WAITING
    return sa.select(
        work.c.consumer,
        count(waits).label("waiting"),
        count(sa.and_(waits, work.c.tries > 0)).label("failing"),
        count(work.c.state == DEAD).label("dead"),
        count(work.c.state == DONE).label("done"),
        sa.type_coerce(sa.func.min(sa.case((waits, work.c.wanted_at))), work.c.wanted_at.type).label("oldest"),
    ).group_by(work.c.consumer)


def problem_query(work: sa.Table) -> sa.Select[*tuple[object, ...]]:
    """Return the query for the latest problem of every consumer."""
    latest = sa.select(sa.func.max(work.c.id)).where(work.c.problem.is_not(None)).group_by(work.c.consumer)
    return sa.select(work.c.consumer, work.c.problem).where(work.c.id.in_(latest))


def dead_letter(row: sa.Row[Any]) -> DeadLetter:
    """Return a dead letter as its row says."""
    is_event = row.entity not in {None, SCHEDULED}
    return DeadLetter(
        number=row.id,
        consumer=row.consumer,
        event=row.event_id,
        record=ref_class(row.entity)(row.record_id) if is_event else None,
        tries=row.tries,
        at=row.finished_at,
        problem=row.problem or "",
    )
