"""The CRM: plugins assembled into a Model, on a database of the host's choice."""

from __future__ import annotations

import random
import time
from copy import copy
from pathlib import Path
from typing import TYPE_CHECKING, Self, TypeVar

from crmkit.core.assemble.assemble import assemble
from crmkit.core.assemble.plugins import as_plugin, load_all
from crmkit.core.declare.conventions import Conventions
from crmkit.core.nouns import plugin as core
from crmkit.core.storage.moments import utc_now
from crmkit.core.storage.places import OwnPlace
from crmkit.made_once import Maker, made_once
from crmkit.translation import _

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from datetime import datetime
    from os import PathLike

    import sqlalchemy as sa

    from crmkit.core.assemble.edition import Edition
    from crmkit.core.assemble.model import Model
    from crmkit.core.audit.life import Audit
    from crmkit.core.backup.manifest import Manifest as BackupManifest
    from crmkit.core.declare.records import Record
    from crmkit.core.lifecycle.custom_fields.fitted import Fitted
    from crmkit.core.lifecycle.session import Session
    from crmkit.core.outbox.life import Outbox
    from crmkit.core.outbox.worker import Worker
    from crmkit.core.reading.permission import System
    from crmkit.core.storage.ids import Ids
    from crmkit.core.storage.places import Place
    from crmkit.core.storage.statistics import Statistics
    from crmkit.core.storage.tables import Tables
    from crmkit.core.tenants.life import Tenants
    from crmkit.core.upgrade.field_life import FieldLife
    from crmkit.core.upgrade.life import PluginLife

T = TypeVar("T")
MOST_TRIES = 5


class CRM(Maker):
    """A CRM assembled from plugins, on one database. Making one imports the plugins and connects to nothing.

    Attributes:
        model: everything that the plugins said, assembled.
        conventions: base currency, home time zone, locale and region of phone numbers.

    Raises:
        AssemblyError: if the plugins don't fit together.
    """

    def __init__(
        self,
        database: str | sa.URL | sa.Engine,
        /,
        plugins: Iterable[object] = (),
        *,
        metadata: sa.MetaData | None = None,
        prefix: str = "crm_",
        schema: str | None = None,
        currency: str = "EUR",
        time_zone: str = "UTC",
        locale: str = "en",
        phone_region: str | None = None,
        settings: Mapping[str, object] | None = None,
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        """Assemble a CRM.

        `database` is a URL of SQLite or PostgreSQL, or the host's own engine. `metadata` is the host's, if its tables
        are to refer to the CRM's; `prefix` and `schema` keep the CRM's tables apart. `clock` returns the time in UTC.
        """
        self.conventions = Conventions(currency=currency, time_zone=time_zone, locale=locale, phone_region=phone_region)
        loaded = load_all(plugins, [as_plugin(core, "core", "crmkit.core.nouns.plugin")])
        self.model: Model = assemble(loaded, conventions=self.conventions, settings=settings)
        self.clock = clock
        self._settle(OwnPlace(database=database, metadata=metadata, prefix=prefix, schema=schema))

    def _settle(self, place: Place) -> None:
        """Work at a place, of which nothing is known yet."""
        self._begin_anew()
        self.place = place
        self.is_checked = False
        self.fitted: tuple[int, Fitted] | None = None

    def at(self, place: Place, /) -> Self:
        """Return a CRM of the same Model, conventions and clock at another place, which shares nothing else."""
        made = copy(self)
        made._settle(place)  # noqa: SLF001  (another one of these)
        return made

    @classmethod
    def from_edition(
        cls,
        path: str | PathLike[str],
        /,
        *,
        plugins: Iterable[object] = (),
        database: str | None = None,
        clock: Callable[[], datetime] = utc_now,
    ) -> Self:
        """Assemble the CRM that an edition (`crmkit.toml`) describes, with further plugins, or on another database.

        Raises:
            EditionError: with everything that is wrong with the edition.
            AssemblyError: if the plugins don't fit together.
        """
        from crmkit.core.assemble.edition import Edition

        return cls.of_edition(Edition.read(Path(path), database=database), plugins=plugins, clock=clock)

    @classmethod
    def of_edition(
        cls, edition: Edition, /, *, plugins: Iterable[object] = (), clock: Callable[[], datetime] = utc_now
    ) -> Self:
        """Assemble the CRM that an edition describes, once it is read, with further plugins.

        Raises:
            EditionError, AssemblyError: as `from_edition`.
        """
        crm = cls(
            edition.crm.database,
            [*edition.crm.plugins, *plugins],
            prefix=edition.crm.prefix,
            schema=edition.crm.schema,
            currency=edition.crm.currency,
            time_zone=edition.crm.time_zone,
            locale=edition.crm.locale,
            phone_region=edition.crm.phone_region,
            clock=clock,
        )
        crm.model = edition.extend(crm.model)
        return crm

    @made_once
    def tables(self) -> Tables:
        """The tables, in the host's `MetaData` if it gave one."""
        return self.place.tables(self.model)

    @made_once
    def declared(self) -> Fitted:
        """What the plugins declare, before anything that the database adds to it."""
        from crmkit.core.lifecycle.custom_fields.fitted import Fitted

        return Fitted(self.model, self.tables)

    @made_once
    def engine(self) -> sa.Engine:
        """The engine.

        Raises:
            UnpreparedEngineError: if it is a host's SQLite engine that has not been prepared.
            UnsupportedDatabaseError: if it is neither SQLite nor PostgreSQL.
        """
        return self.place.engine()

    @made_once
    def statistics(self) -> Statistics:
        """What this process knows of how much the tables have grown."""
        from crmkit.core.storage.statistics import Statistics

        return Statistics(self.tables)

    @made_once
    def audit(self) -> Audit:
        """What seals the change log, and verifies the database."""
        from crmkit.core.audit.life import Audit

        return Audit(self)

    @made_once
    def outbox(self) -> Outbox:
        """What shows what waits in the outbox, and has dead letters done again."""
        from crmkit.core.outbox.life import Outbox

        return Outbox(self)

    def worker(self) -> Worker:
        """Return a worker, which hands out events and does jobs: `crm.worker().run()`."""
        from crmkit.core.outbox.worker import Worker

        return Worker(self)

    @made_once
    def plugins(self) -> PluginLife:
        """What plans and applies what is to become of plugins in the database."""
        from crmkit.core.upgrade.life import PluginLife

        return PluginLife(self)

    @made_once
    def fields(self) -> FieldLife:
        """What gives custom fields indexes and columns of their own, or purges them."""
        from crmkit.core.upgrade.field_life import FieldLife

        return FieldLife(self)

    @made_once
    def ids(self) -> Ids:
        """The blocks of ids that this process holds."""
        from crmkit.core.storage.ids import Ids

        return Ids(self.tables)

    @made_once
    def tenants(self) -> Tenants:
        """What creates, lists, upgrades and drops the tenants of this CRM.

        Raises:
            NoTenantsError: if it can't have any.
        """
        from crmkit.core.tenants.life import Tenants

        return Tenants(self)

    def tenant(self, name: str, /) -> CRM:
        """Return the CRM of a tenant: the same plugins, in a database of its own.

        Raises:
            UnknownTenantError: if there is none of this name.
            TenantUnfinishedError: if it is being created or dropped.
            NoTenantsError: if this CRM can't have tenants.
            ConnectionFailed: if the database can't be reached.
        """
        return self.tenants.open(name)

    def upgrade(self, *, admin: str | None = None, lift_restrictions: bool = False) -> list[str]:
        """Bring the database to the plugins, and return what was done; make `admin` a user if it isn't one.

        What plugins that are gone have stored is kept: see `crm.plugins`. `admin` is the host's id of a person, who
        gets the role `admin`. `lift_restrictions` says that people are to see what restrictions of plugins that are
        gone keep from them now.

        Raises:
            DatabaseTooNewError: if the database was made for newer plugins.
            UpgradeRefused: if something stands against it; nothing was changed.
            LiftedRestrictionError: if restrictions would be lifted, and that isn't said to be meant.
            PluginFailedError: if an upgrade step of a plugin raises.
            ConnectionFailed: if the database can't be reached.
        """
        from crmkit.core.upgrade.applying import apply_plan

        done = apply_plan(self, lift_restrictions=lift_restrictions)
        if admin is not None and self._make_admin(admin):
            done.append(_("make {admin} an administrator", admin=admin))
        return done

    def _make_admin(self, name: str) -> bool:
        from crmkit.core.nouns.people import User
        from crmkit.core.reading.permission import SYSTEM

        with self.session(actor=SYSTEM) as session:
            session.serialise("admin")  # another process may be about to make the same one
            if session.count(User, {"external_id": name}):
                return False
            session.create(User, name=name, external_id=name, roles=["admin"])
            return True

    def backup(self, path: str | PathLike[str], /) -> BackupManifest:
        """Write everything that the CRM keeps into a new file, as it is at one moment, while others go on writing.

        Raises:
            BackupError: if the file exists already, or can't be written.
            UpgradeNeeded: if the database does not match the plugins.
            ConnectionFailed: if the database can't be reached.
        """
        from crmkit.core.backup.writing import write_backup

        return write_backup(self, Path(path))

    def restore(self, path: str | PathLike[str], /, *, replace: bool = False) -> BackupManifest:
        """Restore a backup of either kind of database, into an empty database or in the place of what is there.

        Raises:
            BackupError: if the archive can't be trusted, or the database isn't empty; nothing is changed.
            DatabaseTooNewError: if it was made by newer plugins than these.
            ConnectionFailed: if the database can't be reached.
        """
        from crmkit.core.backup.restoring import restore

        return restore(self, Path(path), replace=replace)

    def fingerprint(self) -> dict[str, str]:
        """Return a checksum of every table's rows, by its name; equal data give equal ones on every database."""
        from crmkit.core.backup.writing import fingerprint

        return fingerprint(self)

    def compact(self) -> None:
        """Take what was deleted or overwritten out of the database's files, too: nothing does so before.

        On SQLite, no other session may be open. It may take a while.
        """
        from crmkit.core.storage.compacting import compact

        compact(self.engine, self.tables)

    def forget(self) -> None:
        """Forget what is remembered of the database: ids that were taken ahead, its size, what it was made for."""
        for name in ("ids", "statistics"):
            self.__dict__.pop(name, None)
        self.is_checked, self.fitted = False, None

    def session(
        self,
        *,
        actor: str | Record | System,
        connection: sa.Connection | None = None,
        readonly: bool = False,
        reason: str = "",
    ) -> Session:
        """Open a session, to be used in a `with` block, which is one transaction.

        `actor` is the host's id of a user, a user record, or `SYSTEM`. With a host's `connection`, the session takes
        part in the host's transaction: each command runs in a savepoint, and the host commits. A `readonly` session
        sees one snapshot throughout. `reason` says why, and is noted with what sensitive values the actor is shown.

        Raises:
            AccessNotRecordedError: at its end, if that can't be noted.
            UnknownActorError: if there is no such active user.
            UpgradeNeeded: if the database does not match the plugins.
            ConnectionFailed: if the database can't be reached.
            UnpreparedEngineError: if the host's SQLite engine has not been prepared.
        """
        from crmkit.core.lifecycle.opening import open_session

        return open_session(self, actor=actor, connection=connection, readonly=readonly, reason=reason)

    def run(self, function: Callable[[Session], T], /, *, actor: str | Record | System) -> T:
        """Run a function of a session in a transaction, again if the database asks for it (deadlock, serialization).

        The function may therefore run up to five times: it must have no effect but through its session.
        """
        from crmkit.core.lifecycle.opening import is_retryable

        for tried in range(1, MOST_TRIES):
            try:
                with self.session(actor=actor) as session:
                    return function(session)
            except Exception as error:
                if not is_retryable(error):
                    raise
                time.sleep(random.uniform(0, 0.02 * 2**tried))  # noqa: S311  (jitter, no secret)
        with self.session(actor=actor) as session:
            return function(session)

    def include_object(
        self,
        thing: object,
        name: str | None,
        type_: str,
        reflected: object,
        compare_to: object,
    ) -> bool:
        """Tell a host's Alembic to leave the CRM's tables alone: give it as `include_object` in `env.py`."""
        del name, reflected, compare_to
        table = thing if type_ == "table" else getattr(thing, "table", None)
        from crmkit.core.storage.system.tenants import is_register

        found = str(getattr(table, "name", ""))
        return found not in {each.name for each in self.tables.all} and not is_register(found, self.tables.prefix)

    def mapped(self, entity: type[Record]) -> type:
        """Return a read-only ORM class for an entity's table, for the host's own queries and relationships."""
        from crmkit.core.storage.extra import EXTRA
        from crmkit.core.storage.mapping import mapped_class

        found = self.model.entity(entity)
        secrets = [EXTRA, *(column for name in found.secrets for column in found.fields[name].columns)]
        return mapped_class(self.tables[found.name], type(self).__name__ + found.declared.declared.__name__, secrets)

    def close(self) -> None:
        """Close the connections that the CRM and its tenants opened; a host's engine is left alone."""
        if "tenants" in self.__dict__:
            self.tenants.close()
        if "engine" in self.__dict__:
            self.place.close(self.engine)
