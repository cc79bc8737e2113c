"""Running one piece of work: in a session of the system, whose transaction also notes that it is done."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, assert_never

import sqlalchemy as sa

from crmkit.core.declare.outbox import Handler, Job
from crmkit.core.declare.values import ref_class
from crmkit.core.outbox.deadlines import OverdueError, deadline
from crmkit.core.outbox.epochs import Epochs
from crmkit.core.outbox.finishing import finish
from crmkit.core.outbox.occurrence import JobRun, Occurrence
from crmkit.core.reading.permission import SYSTEM
from crmkit.core.reading.reports.running import function_of
from crmkit.core.storage.moments import shared_now

if TYPE_CHECKING:
    from crmkit.app import CRM
    from crmkit.core.lifecycle.session import Session
    from crmkit.core.outbox.consumers import Consumer
    from crmkit.core.outbox.leasing import Lease


def perform(crm: CRM, consumer: Consumer, held: Lease) -> None:
    """Do a piece of work; if it raises, nothing that it wrote is kept.

    Raises:
        LeaseLostError: if the work is no longer held when it is done; nothing is kept, as somebody else may do it.
        OverdueError: if it takes longer than its deadline.
        BaseException: whatever the handler raises.
    """
    with crm.session(actor=SYSTEM) as session:
        connection = session.unit.connection
        try:
            with deadline(consumer.deadline):
                call(session, consumer, held)
                session.unit.check_writable()
        except OverdueError:
            if connection.dialect.name == "postgresql":
                connection.invalidate()  # it was cut off in the middle of a statement
            raise
        finish(connection, session.tables, held, shared_now(connection, crm.clock))


def call(session: Session, consumer: Consumer, held: Lease) -> None:
    """Call the function of a handler or job."""
    declared = consumer.declared
    match declared:
        case Handler():
            function_of(declared.run)(session, occurrence(session, held))
        case Job():
            run = JobRun(id=f"{consumer.name} {held.occasion}", due=held.wanted, tries=held.tries)
            function_of(declared.run)(session, run, **parameters(session, declared, held))
        case _:
            assert_never(declared)


def occurrence(session: Session, held: Lease) -> Occurrence:
    """Return the event that a piece of work is about."""
    event = session.tables.system.event
    row = session.unit.connection.execute(sa.select(event).where(event.c.id == held.event)).one()
    return Occurrence(
        id=Epochs(session.unit.connection, session.tables).id_of(row.id),
        name=row.name,
        record=ref_class(row.entity)(row.record_id),
        version=row.version,
        at=row.at,
        actor=row.actor_id,
        payload=json.loads(row.payload) if row.payload else {},
        tries=held.tries,
    )


def parameters(session: Session, job: Job, held: Lease) -> dict[str, object]:
    """Return the values of a job's parameters."""
    given = json.loads(held.parameters) if held.parameters else {}
    conventions = session.model.conventions
    return {
        each.name: each.default if given.get(each.name) is None else each.kind.parse(given[each.name], conventions)
        for each in job.parameters
    }
