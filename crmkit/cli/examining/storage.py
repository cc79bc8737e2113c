"""The database itself: its server, its journal, and whether its file is whole."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from crmkit.cli.failing import DATABASE
from crmkit.errors import DatabaseBusyError, DatabaseTooNewError
from crmkit.translation import _

if TYPE_CHECKING:
    import sqlalchemy as sa

    from crmkit.cli.examining.health import Health
    from crmkit.errors import DatabaseError

OLDEST_POSTGRESQL: Final = (15,)
MOST_SHOWN: Final = 5
WAL_NEEDED: Final = _(
    "Put the database on a local disk: without write-ahead logging, readers and writers wait for each other."
)
RESTORE: Final = _("Stop all programs that write to it, keep a copy, and restore the latest backup.")


def advice_for(error: DatabaseError) -> str:
    """Say what to do about a database that can't be used."""
    if isinstance(error, DatabaseTooNewError):
        return _("Install at least these versions; nothing was read or changed.")
    if isinstance(error, DatabaseBusyError):
        return _("End the other program's transaction, then ask again.")
    return _("Start it, or correct the URL.")


def check(connection: sa.Connection, health: Health) -> None:
    """Check SQLite's file and journal, or PostgreSQL's version."""
    if connection.dialect.name == "sqlite":
        check_file(connection, health)
        return
    version = connection.dialect.server_version_info or ()
    shown = "PostgreSQL " + ".".join(map(str, version))
    if version >= OLDEST_POSTGRESQL:
        health.ok(_("Server"), shown)
    else:
        health.problem(_("Server"), shown, _("Upgrade to PostgreSQL 15 or newer."), code=DATABASE)


def check_file(connection: sa.Connection, health: Health) -> None:
    """Have SQLite check its own file, and whether rows refer to others that aren't there."""
    mode = str(connection.exec_driver_sql("PRAGMA journal_mode").scalar_one())
    if mode in {"wal", "memory"}:
        health.ok(_("Journal"), mode)
    else:
        health.warn(_("Journal"), mode, WAL_NEEDED)
    found = list(map(str, connection.exec_driver_sql(f"PRAGMA integrity_check({MOST_SHOWN})").scalars()))
    lost = sorted({f"{row[0]} > {row[2]}" for row in connection.exec_driver_sql("PRAGMA foreign_key_check")})
    if found != ["ok"]:
        health.problem(_("Integrity"), "; ".join(found), RESTORE, code=DATABASE)
    if lost:
        text = _("rows refer to others that aren't there: {tables}", tables=", ".join(lost[:MOST_SHOWN]))
        health.problem(_("Integrity"), text, _("Find them with `crmkit verify`, or restore the latest backup."))
    if found == ["ok"] and not lost:
        health.ok(_("Integrity"), _("the file is whole"))
