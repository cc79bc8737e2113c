"""What goes on by itself: the clock, the outbox, and the seals of the change log."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from crmkit.cli.calling import typed
from crmkit.translation import _, ngettext

if TYPE_CHECKING:
    from crmkit.app import CRM
    from crmkit.cli.chosen import Chosen
    from crmkit.cli.examining.health import Health
    from crmkit.core.lifecycle.session import Session

OFF: Final = timedelta(minutes=1)
"""By how much clocks may differ."""
LATE: Final = timedelta(minutes=10)
"""How long work may wait for a worker."""
SERVER_CLOCK: Final = "SELECT clock_timestamp()"
UNSEALED: Final = timedelta(hours=1)
"""How long changes may be under no seal, once there are seals."""


def check_clock(session: Session, health: Health) -> None:
    """Check the machine's clock against the latest change, and on PostgreSQL against the database's."""
    change, connection = session.tables.system.change, session.unit.connection
    now = session.unit.clock()
    latest = connection.execute(sa.select(sa.func.max(change.c.at))).scalar_one()
    other = connection.exec_driver_sql(SERVER_CLOCK).scalar_one() if connection.dialect.name == "postgresql" else now
    found = []
    if latest is not None and latest - now > OFF:
        found.append(_("the latest change is of {at}, which is still to come", at=moment(latest)))
    if abs(other - now) > OFF:
        found.append(_("here it is {here}, and for the database {there}", here=moment(now), there=moment(other)))
    for text in found:
        health.warn(_("Clock"), text, _("Set the clocks of all machines by one time server."))
    zone = session.model.conventions.time_zone
    if not found:
        health.ok(_("Clock"), f"{now.astimezone(ZoneInfo(zone)):%Y-%m-%d %H:%M} {zone}")


def moment(at: datetime) -> str:
    """Return a moment to the minute, in UTC."""
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def check_seals(chosen: Chosen, session: Session, health: Health) -> None:
    """Check whether the seals follow the changes, where there are any."""
    system, connection = session.tables.system, session.unit.connection
    if not connection.execute(sa.select(sa.func.count()).select_from(system.seal)).scalar_one():
        return
    known = sa.exists().where(system.sealed_change.c.change_id == system.change.c.id)
    query = sa.select(sa.func.count(), sa.func.min(system.change.c.at)).where(~known)
    count, oldest = connection.execute(query).one()
    if oldest is not None and session.unit.clock() - oldest > UNSEALED:
        text = ngettext(
            "{count} change is under no seal, since {at}",
            "{count} changes are under no seal, the oldest since {at}",
            count,
            at=moment(oldest),
        )
        command = typed(*chosen.arguments, "audit", "seal")
        health.warn(_("Seals"), text, _("Run {command} regularly, or a worker, which does.", command=command))


def check_outbox(chosen: Chosen, crm: CRM, health: Health) -> None:
    """Check whether handlers and jobs do their work: what was given up, what nobody declares any more, what fails."""
    for each in crm.outbox.status():
        problem = each.problem or ""
        if each.dead:
            text = ngettext(
                "{consumer} gave up {count} piece of work: {problem}",
                "{consumer} gave up {count} pieces of work, the last one for: {problem}",
                each.dead,
                consumer=each.consumer,
                problem=problem,
            )
            command = typed(*chosen.arguments, "outbox", "replay")
            health.problem(_("Outbox"), text, _("Correct the plugin, then run {command}.", command=command))
        elif each.waiting and not each.is_known:
            text = _("work waits for {consumer}, which no plugin declares", consumer=each.consumer)
            health.warn(_("Outbox"), text, _("Enable its plugin again; until then its work waits."))
        elif each.failing:
            text = _("{consumer} fails, and is tried again: {problem}", consumer=each.consumer, problem=problem)
            health.warn(_("Outbox"), text, _("Correct the plugin, or what it calls."))
    since = idle_since(crm)
    if since is not None and crm.clock() - since > LATE:
        text = _("work has been due since {at}, and nobody does it", at=moment(since))
        health.warn(_("Outbox"), text, _("Run {command}.", command=typed(*chosen.arguments, "worker")))


def idle_since(crm: CRM) -> datetime | None:
    """Return since when work has been due that no worker has begun; None if there is none."""
    from crmkit.core.declare.outbox import Handler
    from crmkit.core.reading.permission import SYSTEM

    due = [each.oldest for each in crm.outbox.status() if each.is_known and not each.failing]
    if any(crm.model.of(Handler)):
        event = crm.tables.system.event
        with crm.session(actor=SYSTEM, readonly=True) as session:
            query = sa.select(sa.func.min(event.c.at)).where(event.c.dispatched_at.is_(None))
            due.append(session.unit.connection.execute(query).scalar_one())
    return min(filter(None, due), default=None)
