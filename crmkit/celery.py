"""Celery: the outbox relayed to workers of a Celery app, with Redis or RabbitMQ between them (`crmkit[celery]`).

    app = Celery("shop", broker="redis://localhost")
    relay = CeleryRelay(app, crm)

Where the relay runs (`relay.run()`), it hands out events, follows schedules, sends the messages of webhooks, and hands
handlers and jobs over to Celery; wherever Celery workers run (`celery -A shop worker`), these are done. The outbox
stays what it is: order for each record, tries over 72 hours, dead letters. A task that a broker loses or delivers twice
does no harm: the work is free for others when its lease ends, and who comes second finds it taken.
"""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from random import SystemRandom
from typing import TYPE_CHECKING

from kombu.exceptions import OperationalError

from crmkit.core.outbox.consumers import consumers_of
from crmkit.core.outbox.holding import Counts, Holding
from crmkit.core.outbox.leasing import begin_relayed
from crmkit.core.outbox.running import perform
from crmkit.core.outbox.transactions import writing
from crmkit.core.outbox.worker import Worker

if TYPE_CHECKING:
    from collections.abc import Mapping

    from celery import Celery

    from crmkit.app import CRM
    from crmkit.core.outbox.consumers import Consumer

TASK = "crmkit.perform"
QUEUED = timedelta(minutes=15)
"""How long a task may wait in the broker before the work is relayed again."""
BATCH = 100


class CeleryRelay(Worker):
    """A worker that hands over to Celery what `crm.worker()` would do itself.

    Making one registers the task `crmkit.perform` with the app: make it in the module that `celery -A` names. The
    tasks hold a number and a random text, and nothing of the business.
    """

    def __init__(self, app: Celery, crm: CRM, *, queued: timedelta = QUEUED, queue: str | None = None) -> None:
        """Make a relay; `queue` is the Celery queue to use, `queued` how long a task may wait in it."""
        super().__init__(crm)
        self._queued = queued
        self._queue = queue

        def task(number: int, fence: str) -> None:
            perform_relayed(crm, number, fence)

        self._task = app.task(name=TASK, ignore_result=True, acks_late=True)(task)

    def do_due(self, holding: Holding, consumers: Mapping[str, Consumer]) -> tuple[int, Counts]:
        """Hand due work over to Celery; if the broker can't be reached, it is free for later."""
        leases = holding.take(dict.fromkeys(consumers, self._queued), BATCH, is_relayed=True)
        for position, held in enumerate(leases):
            try:
                self._task.apply_async((held.number, held.fence), queue=self._queue, retry=False)
            except OperationalError:
                holding.give_back(leases[position:])
                return 0, Counts()
        return len(leases), Counts()


def perform_relayed(crm: CRM, number: int, fence: str) -> None:
    """Do work that was relayed, unless somebody else has taken it meanwhile."""
    consumers = consumers_of(crm.model)
    with writing(crm) as (connection, now):
        deadlines = {name: each.deadline for name, each in consumers.items()}
        held = begin_relayed(connection, crm.tables, number, fence=fence, deadlines=deadlines, now=now)
    if held is not None:
        consumer = consumers[held.consumer]
        Holding(crm, SystemRandom()).do(held, consumer.deadline, partial(perform, crm, consumer))
