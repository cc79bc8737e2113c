"""Running: what waits is given out as soon as somebody can take it, whoever was full, away or not there before."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, cast

from crmkit import Every, Job, Parameter
from crmkit.core.declare.kinds import IntegerKind
from crmkit.translation import _
from crmkit_workflow.queues.distributing import distribute
from crmkit_workflow.queues.entities import AUTOMATIC, Queue, QueueItem

if TYPE_CHECKING:
    from crmkit import JobRun, Session

JOB = "distribute_queues"
DECLARATIONS = (
    Job(
        name=JOB,
        run="crmkit_workflow.queues.running:distribute_job",
        schedule=Every(timedelta(minutes=5)),
        parameters=(Parameter(name="queue", kind=IntegerKind()),),
        deadline=timedelta(minutes=2),
        help=_("Gives out what waits in queues, now that somebody may be able to take it."),
    ),
)


def distribute_job(session: Session, run: JobRun, queue: int | None = None) -> None:
    """Give out what waits in a queue; without a queue, ask for a run for each that gives out and has something."""
    if queue is None:
        given = {"strategies": sorted(AUTOMATIC)}
        where = "is_open and state == 'waiting' and queue.active and queue.strategy in given.strategies"
        rows = session.aggregate(QueueItem, by=["queue"], measures={"n": "count()"}, where=where, given=given)
        for number in sorted(int(cast("int", row[0])) for row in rows):
            session.enqueue(JOB, key=f"{run.id} {number}", queue=number)
        return
    found = session.find(Queue, {"id": queue})
    if found:
        distribute(session, found[0])
