"""The life of tenants: `crm.tenants`, which creates, lists, suspends, resumes and drops them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crmkit.core.declare.names import NAME
from crmkit.core.storage.system.generations import raise_generation
from crmkit.core.tenants import databases
from crmkit.core.tenants.open_tenants import OpenTenants
from crmkit.core.tenants.places import TenantPlace, check_home
from crmkit.core.tenants.register import ACTIVE, CREATING, DROPPING, SUSPENDED, Register
from crmkit.core.tenants.standing import standing
from crmkit.core.tenants.upgrading import upgrade_each
from crmkit.core.tenants.working import TenantWorker
from crmkit.core.upgrade.present import Present
from crmkit.errors import (
    CRMKitError,
    TenantExistsError,
    TenantNameError,
    TenantNotConfirmedError,
    TenantUnfinishedError,
    UnknownTenantError,
)

if TYPE_CHECKING:
    import builtins
    from os import PathLike

    from crmkit.app import CRM
    from crmkit.core.backup.manifest import Manifest as BackupManifest
    from crmkit.core.tenants.register import Entry
    from crmkit.core.tenants.standing import TenantState
    from crmkit.core.tenants.upgrading import TenantUpgrade

TOPIC = "tenant"
"""The generation that rises when a tenant is closed, so that all processes ask the register again."""

APART = 1_000_000
"""How far the generations of tenants of the same name are apart: more than one of them is ever raised."""


class Tenants:
    """The tenants of a CRM: each has the same plugins, and a schema (PostgreSQL) or a file (SQLite) of its own.

    Attributes:
        open_tenants: the CRMs of tenants that were used last; `open_tenants.most` says how many.
    """

    def __init__(self, crm: CRM) -> None:
        self._crm = crm
        self._home = check_home(crm)
        self._register = Register.of(crm.engine, self._home.prefix, self._home.schema)
        self.open_tenants = OpenTenants()

    def open(self, name: str) -> CRM:
        """Return the CRM of a tenant; the last ones stay open, so that the next call costs nothing.

        Raises:
            UnknownTenantError: if there is none of this name.
            TenantUnfinishedError: if it is being created or dropped.
            ConnectionFailed: if the database can't be reached.
        """
        return self.open_tenants.get(name, lambda: self._found(name))

    def create(self, name: str, /, *, admin: str | None = None) -> CRM:
        """Create a tenant, with `admin` as its first user if one is given, and return its CRM.

        If a creation was cut short, this finishes it.

        Raises:
            TenantNameError: if the name can't be one.
            TenantExistsError: if there is such a tenant, or something else is where it would live.
            ConnectionFailed: if the database can't be reached.
        """
        entry = self._begin(name)
        made = self._crm_of(entry, CREATING, ACTIVE)  # active, as another process may have finished it
        try:
            made.upgrade(admin=admin)
            self._number(made, entry)
        finally:
            made.close()
        self._finish(entry)
        return self.open(name)

    def list(self) -> tuple[TenantState, ...]:
        """Return all tenants by name, and how each stands.

        Raises:
            ConnectionFailed: if the database can't be reached.
        """
        return tuple(map(self._standing, self._register.all()))

    def active(self) -> builtins.list[str]:
        """Return the names of the tenants that can be worked in, if they need no upgrade.

        Raises:
            ConnectionFailed: if the database can't be reached.
        """
        return [each.name for each in self._register.all() if each.state == ACTIVE]

    def worker(self) -> TenantWorker:
        """Return a worker that goes round all active tenants: `crm.tenants.worker().run()`."""
        return TenantWorker(self)

    def upgrade_all(self, *, parallel: int = 2, lift_restrictions: bool = False) -> tuple[TenantUpgrade, ...]:
        """Bring all tenants, suspended ones too, to the plugins, so many at the same time; return what became of each.

        One that fails doesn't keep the others from it. Killed, or run again for any other reason, it only does what is
        left to do. Tenants that are being created or dropped are left out. `lift_restrictions` is as for `CRM.upgrade`.

        Raises:
            ConnectionFailed: if the register can't be reached.
        """
        entries = [each for each in self._register.all() if each.state in {ACTIVE, SUSPENDED}]
        return upgrade_each(entries, self._crm_of, parallel=parallel, lift_restrictions=lift_restrictions)

    def export(self, name: str, path: str | PathLike[str], /) -> BackupManifest:
        """Write everything that a tenant keeps into a new file, a backup that fits any CRM of the same plugins.

        Raises:
            UnknownTenantError, TenantUnfinishedError: if it isn't there, or not ready.
            BackupError, UpgradeNeeded: as `CRM.backup`.
        """
        return self.open(name).backup(path)

    def restore(self, name: str, path: str | PathLike[str], /, *, replace: bool = False) -> BackupManifest:
        """Restore a backup as a new tenant, or with `replace` in the place of what the tenant holds.

        A backup of older plugins needs an upgrade afterwards. If it can't be restored, a new tenant is not created.

        Raises:
            TenantNameError, TenantExistsError: as `create`.
            TenantUnfinishedError: if it is to be replaced and is being created or dropped.
            BackupError, DatabaseTooNewError: as `CRM.restore`; nothing is changed.
        """
        if replace and self._register.find(name) is not None:
            return self.open(name).restore(path, replace=True)
        entry = self._begin(name)
        made = self._crm_of(entry, CREATING)
        try:
            manifest = made.restore(path, replace=True)
            self._number(made, entry)
        except CRMKitError:
            self.drop(name, confirm=name)
            raise
        finally:
            made.close()
        self._finish(entry)
        return manifest

    def suspend(self, name: str, /) -> None:
        """Refuse all sessions from now on; those that are open can finish. It can still be upgraded and exported.

        Raises:
            UnknownTenantError, TenantUnfinishedError: if it isn't there, or not ready.
        """
        entry = self._entry(name)
        self._move(entry, SUSPENDED, only=(ACTIVE, SUSPENDED))
        self._tell_processes(entry)

    def resume(self, name: str, /) -> None:
        """Let a suspended tenant be worked in again.

        Raises:
            UnknownTenantError, TenantUnfinishedError: if it isn't there, or not ready.
        """
        self._move(self._entry(name), ACTIVE, only=(ACTIVE, SUSPENDED))

    def drop(self, name: str, /, *, confirm: str) -> None:
        """Delete a tenant with all its data for good; `confirm` is its name once more.

        If that was cut short, this finishes it.

        Raises:
            TenantNotConfirmedError: if it isn't; nothing is changed.
            UnknownTenantError: if there is no such tenant.
        """
        entry = self._entry(name)
        if confirm != name:
            raise TenantNotConfirmedError(name=name)
        self._register.change(entry, DROPPING, only=(CREATING, ACTIVE, SUSPENDED, DROPPING))
        self._tell_processes(entry)
        self.open_tenants.forget(name)
        databases.drop(self._crm, self._register, entry)

    def close(self) -> None:
        """Close the connections to tenants that are open; they are opened again when they are asked for."""
        self.open_tenants.close()

    def _entry(self, name: str) -> Entry:
        found = self._register.find(name)
        if found is None:
            raise UnknownTenantError(name=name)
        return found

    def _found(self, name: str) -> CRM:
        entry = self._entry(name)
        if entry.state in {CREATING, DROPPING}:
            raise TenantUnfinishedError(name=name, state=entry.state)
        return self._crm_of(entry, ACTIVE)

    def _standing(self, entry: Entry) -> TenantState:
        tenant = self._crm_of(entry)
        try:
            return standing(tenant, self._crm, entry)
        finally:
            tenant.close()

    def _crm_of(self, entry: Entry, *opens: str) -> CRM:
        place = TenantPlace(
            home=self._crm,
            prefix=self._home.prefix,
            register=self._register,
            entry=entry,
            opens=opens,
            forget=self.open_tenants.forget,
        )
        return self._crm.at(place)

    def _begin(self, name: str) -> Entry:
        """Return a tenant that is being created, with its empty schema or file."""
        if not NAME.match(name):
            raise TenantNameError(name=name)
        if self._register.find(name) is None:
            databases.begin(self._crm, self._home, self._register, name)
        entry = self._entry(name)
        if entry.state == DROPPING:
            raise TenantUnfinishedError(name=name, state=entry.state)
        if entry.state != CREATING:
            raise TenantExistsError(name=name, location=entry.location)
        databases.make(self._crm_of(entry, CREATING))
        return entry

    def _finish(self, entry: Entry) -> None:
        """Open a tenant that was created; of several processes that create it, one does."""
        if not self._register.change(entry, ACTIVE, only=(CREATING,)):
            raise TenantExistsError(name=entry.name, location=entry.location)

    @staticmethod
    def _number(made: CRM, entry: Entry) -> None:
        """Begin the generations of a new tenant far from those of one of the same name that was dropped before it.

        A process that has worked in the old one notices by that, even if it has slept in between.
        """
        generation = made.tables.system.generation
        with made.engine.begin() as connection:
            if not connection.execute(generation.select().where(generation.c.topic == TOPIC)).first():
                connection.execute(generation.insert().values(topic=TOPIC, number=entry.number * APART))

    def _move(self, entry: Entry, state: str, *, only: tuple[str, ...]) -> None:
        if not self._register.change(entry, state, only=only):
            raise TenantUnfinishedError(name=entry.name, state=self._entry(entry.name).state)

    def _tell_processes(self, entry: Entry) -> None:
        """Have every process that works in a tenant ask the register again with its next session."""
        crm = self._crm_of(entry)
        if not databases.is_there(crm):
            return
        try:
            with crm.engine.begin() as connection:
                generation = crm.tables.system.generation
                if generation.name in Present.of(connection, crm.tables).tables:
                    raise_generation(connection, generation, TOPIC)
        finally:
            crm.close()
