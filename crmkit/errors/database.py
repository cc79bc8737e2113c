"""The database: unreachable, unprepared, or made for other plugins."""

from __future__ import annotations

from attrs import define

from crmkit.errors.root import CRMKitError
from crmkit.translation import _, joined


class DatabaseError(CRMKitError):
    """The database can't be used as it is."""


@define(kw_only=True, eq=False)
class FileDamagedError(DatabaseError):
    """The contents of a record's file aren't there, or are not what was stored."""

    entity: str
    id: int
    field: str
    name: str

    @property
    def message(self) -> str:
        """Name the file and the record."""
        return _(
            "The contents of {name!r} ({field} of {entity} {id}) are damaged. Restore a backup.",
            name=self.name,
            field=self.field,
            entity=self.entity,
            id=self.id,
        )


@define(kw_only=True, eq=False)
class UpgradeNeeded(DatabaseError):
    """The database does not match the assembled plugins; `tenant` is whose it is, None if it is the CRM's own."""

    changes: tuple[str, ...]
    tenant: str | None = None

    @property
    def message(self) -> str:
        """Say what an upgrade would do."""
        if self.tenant is not None:
            return _(
                "The database of the tenant {tenant} does not match the plugins: {changes}. Run `crmkit tenants "
                "upgrade`, or `crmkit --tenant {tenant} upgrade`.",
                tenant=self.tenant,
                changes=joined(self.changes, "; "),
            )
        return _(
            "The database does not match the plugins: {changes}. Run `crmkit upgrade`.",
            changes=joined(self.changes, "; "),
        )


@define(kw_only=True, eq=False)
class UnpreparedEngineError(DatabaseError):
    """A host's SQLite engine is used without having been prepared."""

    url: str

    @property
    def message(self) -> str:
        """Say what to call."""
        return _(
            "The SQLite engine {url} has not been prepared: with the driver's defaults, updates get lost. "
            "Call crmkit.prepare_sqlite(engine) right after create_engine().",
            url=self.url,
        )


@define(kw_only=True, eq=False)
class UnsupportedDatabaseError(DatabaseError):
    """The URL names a database that crmkit does not run on."""

    dialect: str

    @property
    def message(self) -> str:
        """Name what is supported."""
        return _("{name} is not supported. Use SQLite or PostgreSQL 15 or newer.", name=self.dialect)


@define(kw_only=True, eq=False)
class ConnectionFailed(DatabaseError):
    """The database can't be reached."""

    url: str
    problem: str

    @property
    def message(self) -> str:
        """Name the database (without its password) and the driver's words."""
        return _("The database {url} can't be reached: {problem}", url=self.url, problem=self.problem)


class DatabaseBusyError(DatabaseError):
    """Another program has been writing to the SQLite file for longer than a writer waits."""

    @property
    def message(self) -> str:
        """Say what to do."""
        return _(
            "Another program has been writing to this SQLite database for more than 30 seconds. Try again, end the "
            "other program's transaction, or use PostgreSQL."
        )


@define(kw_only=True, eq=False)
class DatabaseTooNewError(DatabaseError):
    """The database was made for newer versions of plugins than those that are installed; nothing was read."""

    plugins: tuple[tuple[str, str, str], ...]

    @property
    def message(self) -> str:
        """Name the plugins, with the version of the database and the installed one."""
        listed = ", ".join(f"{name} {found} (installed: {installed})" for name, found, installed in self.plugins)
        return _("The database was made for {plugins}. Install these versions, or newer ones.", plugins=listed)


@define(kw_only=True, eq=False)
class UpgradeRefused(DatabaseError):
    """An upgrade, a disabling or a purge can't be done; nothing was changed."""

    problems: tuple[str, ...]

    @property
    def message(self) -> str:
        """List everything that stands against it."""
        return joined([_("Nothing was changed."), *self.problems])


@define(kw_only=True, eq=False)
class DestructiveError(DatabaseError):
    """A plan would delete data for good, and nobody said that it may."""

    losses: tuple[str, ...]

    @property
    def message(self) -> str:
        """List what would be lost, and how to agree to it."""
        return _(
            "This would delete data for good: {losses}. Nothing was changed. Say destructive=True "
            "(on the command line --destructive) if that is meant.",
            losses=joined(self.losses, "; "),
        )


@define(kw_only=True, eq=False)
class LiftedRestrictionError(DatabaseError):
    """A plan would lift restrictions that may hide records, and nobody said that it may."""

    restrictions: tuple[str, ...]

    @property
    def message(self) -> str:
        """List what would be lifted, and how to agree to it."""
        return _(
            "People could see records that are kept from them now: this would {restrictions}. Nothing was changed. Say "
            "lift_restrictions=True (on the command line --lift-restrictions) if that is meant.",
            restrictions=joined(self.restrictions, "; "),
        )


class StalePlanError(DatabaseError):
    """The database or the plugins have changed since a plan was made; nothing was changed."""

    @property
    def message(self) -> str:
        """Say what to do."""
        return _("The database or the plugins have changed since this plan was made. Make a new one.")


@define(kw_only=True, eq=False)
class BackupError(DatabaseError):
    """A backup can't be written, or an archive can't be restored; the database is as it was."""

    path: str
    problem: str

    @property
    def message(self) -> str:
        """Name the file and the problem."""
        return _(
            "The backup {path} can't be used: {problem}. Nothing was changed.", path=self.path, problem=self.problem
        )
