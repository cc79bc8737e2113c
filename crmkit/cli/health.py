"""Health: the checks that the doctor makes, one after the other, as far as they can be made."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from attrs import define, field, frozen

from crmkit.cli import sickness
from crmkit.cli.calling import typed
from crmkit.cli.chosen import Chosen, system_user
from crmkit.cli.failing import DATABASE, REFUSED, USAGE, database_trouble, exit_code, lines_of
from crmkit.errors import AssemblyError, CRMKitError, DatabaseError, UnknownActorError, UpgradeNeeded
from crmkit.translation import _

if TYPE_CHECKING:
    import sqlalchemy as sa

    from crmkit.app import CRM

State = Literal["ok", "warning", "problem"]
OLDEST_POSTGRESQL = (15,)
WAL_NEEDED = _(
    "Put the database on a local disk: without write-ahead logging, readers and writers wait for each other."
)


@frozen(kw_only=True)
class Check:
    """What one check found: `ok`, a `warning` or a `problem`, and what to do."""

    name: str
    state: State
    text: str
    advice: str = ""


@define(kw_only=True)
class Health:
    """What all checks found; `exit_code` is that of the first problem."""

    checks: list[Check] = field(factory=list)
    counts: dict[str, int] = field(factory=dict)
    exit_code: int = 0

    def ok(self, name: str, text: str) -> None:
        """Note that something is well."""
        self.checks.append(Check(name=name, state="ok", text=text))

    def warn(self, name: str, text: str, advice: str) -> None:
        """Note something that will hurt."""
        self.checks.append(Check(name=name, state="warning", text=text, advice=advice))

    def problem(self, name: str, text: str, advice: str, *, code: int = REFUSED) -> None:
        """Note something that must be repaired."""
        self.checks.append(Check(name=name, state="problem", text=text, advice=advice))
        self.exit_code = self.exit_code or code


def examine(chosen: Chosen) -> Health:
    """Make all checks that can be made."""
    health = Health()
    try:
        crm = chosen.crm
    except AssemblyError as error:
        first, *more = lines_of(error)
        health.problem(_("Edition and plugins"), " ".join((first, *more)), _("Correct it, then ask again."), code=USAGE)
        return health
    health.ok(_("Edition"), str(chosen.edition) if chosen.edition else _("none; the options say all"))
    health.ok(_("Plugins"), ", ".join(f"{each.name} {each.manifest.version}" for each in crm.model.plugins))
    for text in sickness.of_model(crm.model):
        health.problem(_("Model"), text, _("Correct the plugin or the edition."), code=USAGE)
    try:
        examine_database(chosen, chosen.database_crm, health)
    except DatabaseError as error:
        health.problem(_("Database"), str(error), _("Start it, or correct the URL."), code=DATABASE)
    except CRMKitError as error:
        if not health.exit_code:
            health.problem(_("Model"), str(error), _("Correct the plugin or the edition."), code=exit_code(error))
    except Exception as error:
        trouble = database_trouble(error)
        if trouble is None:
            raise
        health.problem(_("Database"), trouble, _("Repair it, or restore a backup."), code=DATABASE)
    return health


def examine_database(chosen: Chosen, crm: CRM, health: Health) -> None:
    """Check whether the database can be reached, fits the plugins, and holds what it should."""
    from crmkit.core.lifecycle.opening import connecting
    from crmkit.core.reading.permission import SYSTEM
    from crmkit.core.storage import closures

    with connecting(crm.engine), crm.engine.connect() as connection:
        health.ok(_("Database"), crm.engine.url.render_as_string(hide_password=True))
        check_server(connection, health)
    try:
        with crm.session(actor=SYSTEM, readonly=True) as session:
            health.ok(_("Schema"), _("as the plugins need it"))
            health.counts = sickness.counts(session)
            for text in sickness.of_records(session):
                health.warn(_("Stages"), text, _("Move them with `crmkit move`, or bring the stage back."))
            for text in closures.verify(session.unit.connection, crm.tables):
                health.problem(_("Trees"), text, _("Run {command}.", command=typed(*chosen.arguments, "upgrade")))
    except UpgradeNeeded as error:
        advice = _("Run {command}.", command=typed(*chosen.arguments, "upgrade"))
        health.problem(_("Schema"), "; ".join(error.changes), advice, code=DATABASE)
        return
    check_users(chosen, crm, health)


def check_server(connection: sa.Connection, health: Health) -> None:
    """Check SQLite's journal, or PostgreSQL's version."""
    if connection.dialect.name == "sqlite":
        mode = str(connection.exec_driver_sql("PRAGMA journal_mode").scalar_one())
        if mode in {"wal", "memory"}:
            health.ok(_("Journal"), mode)
        else:
            health.warn(_("Journal"), mode, WAL_NEEDED)
        return
    version = connection.dialect.server_version_info or ()
    shown = "PostgreSQL " + ".".join(map(str, version))
    if version >= OLDEST_POSTGRESQL:
        health.ok(_("Server"), shown)
    else:
        health.problem(_("Server"), shown, _("Upgrade to PostgreSQL 15 or newer."), code=DATABASE)


def check_users(chosen: Chosen, crm: CRM, health: Health) -> None:
    """Check whether somebody can administrate, and whether the acting user is known."""
    from crmkit.core.nouns.people import User
    from crmkit.core.reading.permission import SYSTEM

    with crm.session(actor=SYSTEM, readonly=True) as session:
        users = session.find(User, "active")
    admins = [each.name for each in users if "admin" in (each.roles or ())]
    if admins:
        health.ok(_("Administrators"), ", ".join(admins))
    else:
        advice = _("Run {command}.", command=typed(*chosen.arguments, "upgrade", "--admin", system_user()))
        health.problem(_("Administrators"), _("there is none"), advice)
    try:
        with crm.session(actor=chosen.actor, readonly=True):
            health.ok(_("You"), chosen.actor)
    except UnknownActorError as error:
        health.warn(_("You"), str(error), _("Or act as somebody else: --as NAME."))
