"""The worker: hands out events, follows schedules, and does what is due."""

from __future__ import annotations

import threading
from datetime import timedelta
from functools import partial
from random import Random, SystemRandom
from typing import TYPE_CHECKING

from attrs import define, field

from crmkit.core.declare.outbox import Handler
from crmkit.core.outbox.consumers import consumers_of
from crmkit.core.outbox.dispatching import dispatch
from crmkit.core.outbox.holding import Counts, Holding
from crmkit.core.outbox.running import perform
from crmkit.core.outbox.scheduling import schedule
from crmkit.core.outbox.transactions import writing
from crmkit.core.outbox.webhooks.delivering import LOOK_AGAIN, Deliveries
from crmkit.core.outbox.webhooks.endpoints import endpoints_of
from crmkit.errors import ConnectionFailed, DatabaseBusyError, TenantError, TenantSuspendedError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from crmkit.app import CRM
    from crmkit.core.outbox.consumers import Consumer
    from crmkit.core.outbox.webhooks.posting import Poster

BATCH = 20
PAUSE = timedelta(seconds=1)


@define(eq=False)
class Worker:
    """Does what is due in a CRM. Any number of workers may run at once, in any number of processes.

    Made by `crm.worker()`. The deadlines of handlers and jobs are kept in the main thread of a program, as in
    `crmkit worker`.

    Attributes:
        random: spreads the pauses before further tries.
        poster: sends the messages of webhooks; one that goes by the setting `webhook_networks` if it isn't given.
    """

    _crm: CRM
    random: Random = field(factory=SystemRandom, kw_only=True)
    poster: Poster | None = field(default=None, kw_only=True)
    _stop: threading.Event = field(factory=threading.Event, init=False)

    def stop(self) -> None:
        """Have `run` and `run_once` return after the piece of work that is being done; what was not begun is free."""
        self._stop.set()

    def run(self, *, pause: timedelta = PAUSE) -> Counts:
        """Work until `stop` is called, looking for work again after a pause when there was none.

        A database that is away for a while, such as for a restart, is waited for, and so is a suspended tenant.

        Raises:
            ConnectionFailed, TenantSuspendedError: if that is so at the beginning.
            UpgradeNeeded: if the database does not match the plugins.
        """
        total, has_begun = Counts(), False
        while not self._stop.is_set():
            try:
                found = self.run_once()
            except (ConnectionFailed, DatabaseBusyError, TenantSuspendedError):
                if not has_begun:
                    raise
                found = Counts()
            has_begun = True
            total.add(found)
            if not found.tried:
                self._stop.wait(pause.total_seconds())
        return total

    def run_once(self) -> Counts:
        """Do all that is due now, and what follows from it, and return what was done.

        Raises:
            ConnectionFailed, UpgradeNeeded, TenantSuspendedError: as `run`; no work is lost by that.
        """
        self._crm.place.check_open()
        crm, consumers, counts = self._crm, consumers_of(self._crm.model), Counts()
        holding = Holding(crm, self.random)
        with writing(crm) as (connection, now):
            schedule(connection, crm.tables, consumers, now, crm.conventions.time_zone)
        with Deliveries(holding, self._stop, self.poster) as deliveries:
            while not self._stop.is_set():
                is_idle = not self._dispatch(consumers)
                taken, found = self.do_due(holding, consumers)
                counts.add(found)
                is_idle = not deliveries.begin() and not taken and is_idle
                sent = deliveries.settle(LOOK_AGAIN if is_idle else 0)
                counts.add(sent)
                if is_idle and not sent.tried and not deliveries.in_flight:
                    break
        counts.add(deliveries.settle())
        return counts

    def _dispatch(self, consumers: Mapping[str, Consumer]) -> int:
        """Hand out new events to handlers and webhooks, and return their number."""
        handlers = {
            name: each.declared.events for name, each in consumers.items() if isinstance(each.declared, Handler)
        }
        with writing(self._crm) as (connection, now):
            webhooks = {each.name: each.events for each in endpoints_of(connection, self._crm.tables)}
            return dispatch(connection, self._crm.tables, {**handlers, **webhooks}, now)

    def do_due(self, holding: Holding, consumers: Mapping[str, Consumer]) -> tuple[int, Counts]:
        """Do what is due next for handlers and jobs; return how much was taken, and what came of it."""
        leases = holding.take({name: each.deadline for name, each in consumers.items()}, BATCH)
        counts = Counts()
        for position, held in enumerate(leases):
            if self._stop.is_set():
                holding.give_back(leases[position:])
                break
            consumer = consumers[held.consumer]
            try:
                counts.add(holding.do(held, consumer.deadline, partial(perform, self._crm, consumer)))
            except TenantError:  # what was not done waits until the tenant is open again
                holding.give_back(leases[position:])
                raise
        return len(leases), counts
