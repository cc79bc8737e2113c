"""The examination: the doctor's checks, one after the other, as far as they can be made."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crmkit.cli.calling import typed
from crmkit.cli.chosen import Chosen, system_user
from crmkit.cli.examining import installation, sickness, storage, working
from crmkit.cli.examining.health import Health
from crmkit.cli.failing import DATABASE, USAGE, database_trouble, exit_code, lines_of
from crmkit.errors import AssemblyError, CRMKitError, DatabaseError, TenantError, UnknownActorError, UpgradeNeeded
from crmkit.translation import _

if TYPE_CHECKING:
    from crmkit.app import CRM


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
    installation.check(chosen, health)
    try:
        examine_database(chosen, chosen.database_crm, health)
    except DatabaseError as error:
        health.problem(_("Database"), str(error), storage.advice_for(error), code=DATABASE)
    except TenantError as error:
        advice = _("Run {command}.", command=typed(*chosen.edition_arguments, "tenants"))
        health.problem(_("Tenant"), str(error), advice, code=exit_code(error))
    except CRMKitError as error:
        if not health.exit_code:
            health.problem(_("Model"), str(error), _("Correct the plugin or the edition."), code=exit_code(error))
    except Exception as error:
        trouble = database_trouble(error)
        if trouble is None:
            raise
        health.problem(_("Database"), trouble, storage.RESTORE, code=DATABASE)
    return health


def examine_database(chosen: Chosen, crm: CRM, health: Health) -> None:
    """Check whether the database can be reached, fits the plugins, and holds what it should."""
    from crmkit.core.lifecycle.opening import connecting
    from crmkit.core.reading.permission import SYSTEM

    with connecting(crm.engine), crm.engine.connect() as connection:
        health.ok(_("Database"), crm.engine.url.render_as_string(hide_password=True))
        storage.check(connection, health)
    try:
        with crm.session(actor=SYSTEM, readonly=True) as session:
            health.ok(_("Schema"), _("as the plugins need it"))
            health.counts = sickness.counts(session)
            sickness.check(chosen, session, health)
            working.check_clock(session, health)
            working.check_seals(chosen, session, health)
    except UpgradeNeeded as error:
        health.problem(_("Schema"), "; ".join(error.changes), upgrade_advice(chosen, crm), code=DATABASE)
        return
    installation.check_disabled(chosen, crm, health)
    working.check_outbox(chosen, crm, health)
    check_users(chosen, crm, health)


def upgrade_advice(chosen: Chosen, crm: CRM) -> str:
    """Say what to do about a database that was made for other plugins."""
    command = typed(*chosen.arguments, "upgrade")
    gone = [each.name for each in crm.plugins.list() if each.state == "enabled" and not each.is_wished]
    if gone:
        return _(
            "Put {plugins} on the list of plugins again, or run {command}, which hides their data and keeps them.",
            plugins=", ".join(gone),
            command=command,
        )
    return _("Run {command}; if it was interrupted, it goes on where it stopped.", command=command)


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
