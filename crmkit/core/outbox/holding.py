"""Holding work: what a worker does with the leases that it has taken, one piece of work after the other."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import define

from crmkit.core.outbox.finishing import fail
from crmkit.core.outbox.leasing import MARGIN, lease, release, renew
from crmkit.core.outbox.transactions import writing
from crmkit.core.outbox.webhooks.problems import ReceiverError
from crmkit.core.storage.system.outbox import DEAD
from crmkit.errors import CRMKitError, GivenUpError, LeaseLostError, TenantError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import timedelta
    from random import Random

    from crmkit.app import CRM
    from crmkit.core.outbox.leasing import Lease


@define(kw_only=True)
class Counts:
    """What a worker has done.

    Attributes:
        done: pieces of work that are finished.
        failed: those to be tried again.
        dead: those that were given up.
        lost: those whose lease had ended before they were done.
    """

    done: int = 0
    failed: int = 0
    dead: int = 0
    lost: int = 0

    @property
    def tried(self) -> int:
        """How many pieces of work were begun."""
        return self.done + self.failed + self.dead + self.lost

    def add(self, other: Counts) -> None:
        """Count what another one counts, too."""
        self.done += other.done
        self.failed += other.failed
        self.dead += other.dead
        self.lost += other.lost


@define(eq=False)
class Holding:
    """Takes work, has it done, and notes what came of it."""

    crm: CRM
    random: Random

    def take(self, deadlines: Mapping[str, timedelta], limit: int, *, is_relayed: bool = False) -> list[Lease]:
        """Take the next work that is due for some consumers, given with how long a piece may take.

        What is relayed is not begun yet, but on its way to somebody who will.
        """
        with writing(self.crm) as (connection, now):
            return lease(connection, self.crm.tables, deadlines, now, limit, is_relayed=is_relayed)

    def do(self, held: Lease, deadline: timedelta, function: Callable[[Lease], object]) -> Counts:
        """Have a piece of work done, unless it is lost by now; whatever is raised, it has failed."""
        current = self._renewed(held, deadline)
        if current is None:
            return Counts(lost=1)
        try:
            function(current)
        except LeaseLostError:
            return Counts(lost=1)
        except (KeyboardInterrupt, TenantError):
            self.give_back([current])
            raise
        except BaseException as error:  # noqa: BLE001  (whatever a plugin raises, the worker goes on)
            return self.note_failure(current, error)
        return Counts(done=1)

    def note_failure(self, held: Lease, error: BaseException) -> Counts:
        """Note that a piece of work failed."""
        with writing(self.crm) as (connection, now):
            state = fail(
                connection,
                self.crm.tables,
                held,
                now,
                problem=problem_of(error),
                random=self.random,
                for_good=isinstance(error, GivenUpError),
            )
        if state is None:
            return Counts(lost=1)
        return Counts(dead=1) if state == DEAD else Counts(failed=1)

    def give_back(self, leases: Sequence[Lease]) -> None:
        """Give back work that was not begun."""
        if leases:
            with writing(self.crm) as (connection, _now):
                release(connection, self.crm.tables, leases)

    def _renewed(self, held: Lease, deadline: timedelta) -> Lease | None:
        """Return a lease that lasts for the deadline and half the margin, renewed if need be; None if it is lost."""
        if held.until - self.crm.clock() >= deadline + MARGIN / 2:
            return held
        with writing(self.crm) as (connection, now):
            return renew(connection, self.crm.tables, held, now + deadline + MARGIN)


def problem_of(error: BaseException) -> str:
    """Return what went wrong, for those who look after the CRM."""
    return str(error) if isinstance(error, (CRMKitError, ReceiverError)) else f"{type(error).__name__}: {error}"
