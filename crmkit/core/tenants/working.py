"""Working for tenants: one worker that goes round all of them."""

from __future__ import annotations

import threading
from random import Random, SystemRandom
from typing import TYPE_CHECKING

from attrs import define, field

from crmkit.core.outbox.holding import Counts
from crmkit.core.outbox.worker import PAUSE
from crmkit.errors import CRMKitError

if TYPE_CHECKING:
    from datetime import timedelta

    from crmkit.core.outbox.worker import Worker
    from crmkit.core.tenants.life import Tenants


@define(eq=False)
class TenantWorker:
    """Does what is due in all active tenants, round after round. Made by `crm.tenants.worker()`.

    Any number of them may run at once, in any number of processes; each goes round in an order of its own, so that they
    don't all wait for the same busy tenant.

    Attributes:
        problems: the tenants that were passed over in the last round, with the reason, such as a needed upgrade.
    """

    _tenants: Tenants
    random: Random = field(factory=SystemRandom, kw_only=True)
    problems: dict[str, CRMKitError] = field(factory=dict, init=False)
    _stop: threading.Event = field(factory=threading.Event, init=False)
    _at_work: Worker | None = field(default=None, init=False)

    def stop(self) -> None:
        """Have `run` and `run_once` return after the piece of work that is being done."""
        self._stop.set()
        if self._at_work is not None:
            self._at_work.stop()

    def run(self, *, pause: timedelta = PAUSE) -> Counts:
        """Work until `stop` is called, with a pause after each round in which nothing was to be done.

        Raises:
            ConnectionFailed: if the register can't be reached.
        """
        total = Counts()
        while not self._stop.is_set():
            found = self.run_once()
            total.add(found)
            if not found.tried:
                self._stop.wait(pause.total_seconds())
        return total

    def run_once(self) -> Counts:
        """Do all that is due now in every active tenant, and return what was done.

        Raises:
            ConnectionFailed: if the register can't be reached.
        """
        total, names = Counts(), self._tenants.active()
        self.random.shuffle(names)
        self.problems = {}
        for name in names:
            if self._stop.is_set():
                break
            try:
                total.add(self._work_in(name))
            except CRMKitError as error:
                self.problems[name] = error
        return total

    def _work_in(self, name: str) -> Counts:
        self._at_work = self._tenants.open(name).worker()
        return Counts() if self._stop.is_set() else self._at_work.run_once()
