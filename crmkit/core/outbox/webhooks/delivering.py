"""Delivering: the messages of all webhooks, of each one after the other, of several at the same time.

A receiver that hangs keeps one thread until the deadline, and no other receiver from its messages.
"""

from __future__ import annotations

from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from datetime import timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Self

from sqlalchemy.pool import StaticPool

from crmkit.core.nouns.webhooks import networks
from crmkit.core.outbox.holding import Counts, Holding
from crmkit.core.outbox.transactions import writing
from crmkit.core.outbox.webhooks.endpoints import Endpoint, endpoints_of
from crmkit.core.outbox.webhooks.posting import DEADLINE, Poster
from crmkit.core.outbox.webhooks.receivers import Receiver
from crmkit.errors import TenantError

if TYPE_CHECKING:
    import threading

    from crmkit.core.outbox.leasing import Lease

MOST_AT_ONCE = 8
BATCH = 20
ALLOWED = timedelta(seconds=DEADLINE + 5)
LOOK_AGAIN = 0.1
"""Seconds after which a worker that waits for receivers looks for other work."""


class Deliveries:
    """What one worker sends. At the end of its `with` block everything that was begun is done."""

    def __init__(self, holding: Holding, stop: threading.Event, poster: Poster | None) -> None:
        self._holding = holding
        self._stop = stop
        self._given = poster
        self._threads = ThreadPoolExecutor(MOST_AT_ONCE, thread_name_prefix="crmkit-webhook")
        self.in_flight: dict[str, Future[Counts]] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_failure: object) -> None:
        self._threads.shutdown(wait=True)

    @cached_property
    def _poster(self) -> Poster:
        """What sends, made when there is something to send: it reads all certificates that the system trusts."""
        return self._given or Poster(allowed=networks(self._holding.crm.model))

    def begin(self) -> int:
        """Begin to send what is due to receivers that are free, and return to how many."""
        crm = self._holding.crm
        with writing(crm) as (connection, now):
            known = endpoints_of(connection, crm.tables)
        ready = [each for each in known if each.resting_until is None or each.resting_until <= now]
        begun = 0
        for endpoint in ready:
            if endpoint.name not in self.in_flight and len(self.in_flight) < MOST_AT_ONCE:
                leases = self._holding.take({endpoint.name: ALLOWED}, BATCH)
                if leases:
                    self.in_flight[endpoint.name] = self._start(endpoint, leases)
                    begun += 1
        return begun

    def settle(self, seconds: float = 0) -> Counts:
        """Return what was done meanwhile, after waiting for so long if there is anything to wait for."""
        counts = Counts()
        wait(self.in_flight.values(), seconds, FIRST_COMPLETED)
        for name in [name for name, each in self.in_flight.items() if each.done()]:
            counts.add(self.in_flight.pop(name).result())
        return counts

    def _start(self, endpoint: Endpoint, leases: list[Lease]) -> Future[Counts]:
        if not isinstance(self._holding.crm.engine.pool, StaticPool):
            return self._threads.submit(self._send_all, endpoint, leases)
        done: Future[Counts] = Future()  # a database in memory has one connection for all threads
        done.set_result(self._send_all(endpoint, leases))
        return done

    def _send_all(self, endpoint: Endpoint, leases: list[Lease]) -> Counts:
        """Send messages to one receiver until it fails; what was not sent then is free for later."""
        counts = Counts()
        receiver = Receiver(self._holding.crm, endpoint, self._poster, self._holding.random)
        for position, held in enumerate(leases):
            if self._stop.is_set() or receiver.is_down:
                self._holding.give_back(leases[position:])
                break
            try:
                counts.add(self._holding.do(held, ALLOWED, receiver.send))
            except TenantError:  # it was suspended meanwhile
                self._holding.give_back(leases[position:])
                raise
        return counts
