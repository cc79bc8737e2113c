"""The database: unreachable, unprepared, or made for other plugins."""

from __future__ import annotations

from attrs import define

from crmkit.errors.root import CRMKitError
from crmkit.translation import _, joined


class DatabaseError(CRMKitError):
    """The database can't be used as it is."""


@define(kw_only=True, eq=False)
class UpgradeNeeded(DatabaseError):
    """The database does not match the assembled plugins."""

    changes: tuple[str, ...]

    @property
    def message(self) -> str:
        """Say what an upgrade would do."""
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
