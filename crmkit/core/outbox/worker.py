"""The worker: hands out events, follows schedules, and does what is due, one piece of work after the other."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from datetime import timedelta
from random import Random, SystemRandom
from typing import TYPE_CHECKING

from attrs import define, field

from crmkit.core.lifecycle.opening import check_facts, connecting
from crmkit.core.lifecycle.unit import begin
from crmkit.core.outbox.consumers import Consumer, consumers_of
from crmkit.core.outbox.dispatching import dispatch
from crmkit.core.outbox.finishing import fail
from crmkit.core.outbox.leasing import MARGIN, Lease, lease, release, renew
from crmkit.core.outbox.running import perform
from crmkit.core.outbox.scheduling import schedule
from crmkit.core.storage.moments import shared_now
from crmkit.core.storage.system.outbox import DEAD
from crmkit.errors import (
    ConnectionFailed,
    CRMKitError,
    DatabaseBusyError,
    LeaseLostError,
    TenantError,
    TenantSuspendedError,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    import sqlalchemy as sa

    from crmkit.app import CRM

BATCH = 20
PAUSE = timedelta(seconds=1)


@define(kw_only=True)
class Counts:
    """What a worker has done: pieces of work done, failed and waiting for their next try, given up, and lost to others.

    Attributes:
        done: finished.
        failed: to be tried again.
        dead: given up.
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

    def add(self, others: Counts) -> None:
        """Count what was done elsewhere, too."""
        self.done += others.done
        self.failed += others.failed
        self.dead += others.dead
        self.lost += others.lost


@define(eq=False)
class Worker:
    """Does what is due in a CRM. Any number of workers may run at once, in any number of processes.

    Made by `crm.worker()`. The deadlines of handlers and jobs are kept in the main thread of a program, as in
    `crmkit worker`.
    """

    _crm: CRM
    random: Random = field(factory=SystemRandom, kw_only=True)
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
        consumers = consumers_of(self._crm.model)
        counts = Counts()
        with self._writing() as (connection, now):
            schedule(connection, self._crm.tables, consumers, now, self._crm.conventions.time_zone)
        while not self._stop.is_set():
            events = self._dispatch(consumers)
            with self._writing() as (connection, now):
                leases = lease(connection, self._crm.tables, consumers.values(), now, BATCH)
            self._perform_all(consumers, leases, counts)
            if not events and not leases:
                return counts
        return counts

    def _dispatch(self, consumers: Mapping[str, Consumer]) -> int:
        with self._writing() as (connection, now):
            return dispatch(connection, self._crm.tables, consumers, now)

    def _perform_all(self, consumers: Mapping[str, Consumer], leases: list[Lease], counts: Counts) -> None:
        for position, held in enumerate(leases):
            if self._stop.is_set():
                with self._writing() as (connection, _now):
                    release(connection, self._crm.tables, leases[position:])
                return
            renewed = self._renewed(consumers[held.consumer], held)
            if renewed is None:
                counts.lost += 1
                continue
            try:
                self._perform(consumers[held.consumer], renewed, counts)
            except TenantSuspendedError:  # what was not done waits until the tenant is open again
                with self._writing() as (connection, _now):
                    release(connection, self._crm.tables, [renewed, *leases[position + 1 :]])
                raise

    def _renewed(self, consumer: Consumer, held: Lease) -> Lease | None:
        """Return a lease that lasts for the deadline and half the margin, renewed if need be; None if it is lost."""
        now = self._crm.clock()
        needed = consumer.deadline + MARGIN / 2
        if held.until - now >= needed:
            return held
        with self._writing() as (connection, shared):
            return renew(connection, self._crm.tables, held, shared + consumer.deadline + MARGIN)

    def _perform(self, consumer: Consumer, held: Lease, counts: Counts) -> None:
        try:
            perform(self._crm, consumer, held)
        except LeaseLostError:
            counts.lost += 1
        except TenantError:
            raise
        except KeyboardInterrupt:
            with self._writing() as (connection, _now):
                release(connection, self._crm.tables, [held])
            raise
        except BaseException as error:  # noqa: BLE001  (whatever a plugin raises, the worker goes on)
            self._note_failure(held, problem_of(error), counts)
        else:
            counts.done += 1

    def _note_failure(self, held: Lease, problem: str, counts: Counts) -> None:
        with self._writing() as (connection, now):
            state = fail(connection, self._crm.tables, held, now, problem=problem, random=self.random)
        if state is None:
            counts.lost += 1
        elif state == DEAD:
            counts.dead += 1
        else:
            counts.failed += 1

    @contextmanager
    def _writing(self) -> Iterator[tuple[sa.Connection, datetime]]:
        """Run a short transaction of the outbox's own, with the moment on which all workers agree."""
        crm = self._crm
        with connecting(crm.engine):
            connection = begin(crm.engine, readonly=False)
        try:
            with connecting(crm.engine):
                if not crm.is_checked:
                    check_facts(crm, connection)
                if connection.dialect.name == "sqlite":
                    connection.exec_driver_sql("BEGIN IMMEDIATE")
                yield connection, shared_now(connection, crm.clock)
                connection.commit()
        finally:
            connection.close()


def problem_of(error: BaseException) -> str:
    """Return what went wrong, for those who look after the CRM."""
    return str(error) if isinstance(error, CRMKitError) else f"{type(error).__name__}: {error}"
