"""Endpoints: the webhooks as workers know them, resting while their receivers fail, and switched off in the end."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import sqlalchemy as sa
from attrs import frozen

from crmkit.core.declare.kinds import TagsKind
from crmkit.core.nouns.webhooks import Webhook
from crmkit.core.outbox.retrying import pause_after
from crmkit.core.outbox.transactions import writing
from crmkit.core.reading.permission import SYSTEM
from crmkit.core.storage.adding import add_new

if TYPE_CHECKING:
    from datetime import datetime
    from random import Random

    from crmkit.app import CRM
    from crmkit.core.storage.tables import Tables

PATIENCE = timedelta(hours=72)
"""For so long a receiver may fail before nothing is sent to it any more."""
KIND = "webhook"


@frozen(kw_only=True)
class Endpoint:
    """A webhook that is active.

    Attributes:
        name: its name in the rows of work: `webhook:7`.
        keys: the secrets with which messages are signed.
        failures: how often it has failed one time after the other.
        resting_until: the moment before which nothing is sent, UTC.
    """

    id: int
    name: str
    url: str
    events: tuple[str, ...]
    user: int
    keys: tuple[str, ...]
    failures: int
    resting_until: datetime | None


def endpoints_of(connection: sa.Connection, tables: Tables) -> list[Endpoint]:
    """Return all webhooks that are active.

    Their secrets are read here, past the session, which shows them to nobody: they are used and never shown.
    """
    webhook, consumer = tables["webhook"], tables.system.consumer
    name = sa.literal(f"{KIND}:").concat(sa.cast(webhook.c.id, sa.Text))
    query = (
        sa.select(webhook, consumer.c.failures, consumer.c.resting_until)
        .select_from(webhook.outerjoin(consumer, consumer.c.name == name))
        .where(webhook.c.active.is_(sa.true()), webhook.c.deleted_at.is_(None))
        .order_by(webhook.c.id)
    )
    return [
        Endpoint(
            id=row.id,
            name=f"{KIND}:{row.id}",
            url=row.url,
            events=TagsKind().load(row.events) if row.events else (),
            user=row.user_id,
            keys=tuple(each for each in (row.secret, row.old_secret) if each),
            failures=row.failures or 0,
            resting_until=row.resting_until,
        )
        for row in connection.execute(query)
    ]


def note_success(crm: CRM, endpoint: Endpoint) -> None:
    """Note that a receiver takes messages again."""
    if endpoint.failures:
        forget(crm, endpoint)


def note_failure(crm: CRM, endpoint: Endpoint, problem: str, random: Random) -> None:
    """Have a receiver that fails rest for a while, longer each time; in the end, switch its webhook off."""
    consumer = crm.tables.system.consumer
    with writing(crm) as (connection, now):
        add_new(connection, consumer, [{"name": endpoint.name, "failures": 0}])
        own = consumer.c.name == endpoint.name
        row = connection.execute(sa.select(consumer).where(own)).one()
        since = row.failing_since or now
        failures = row.failures + 1
        values = {"failures": failures, "failing_since": since, "resting_until": now + pause_after(failures, random)}
        connection.execute(consumer.update().where(own).values(values))
    if now - since >= PATIENCE:
        switch_off(crm, endpoint, problem)


def switch_off(crm: CRM, endpoint: Endpoint, problem: str) -> None:
    """Switch a webhook off, and say so in an event; what waits for it is sent once it is switched on again."""
    with crm.session(actor=SYSTEM) as session:
        for webhook in session.find(Webhook, {"id": endpoint.id, "active": True}):
            changed = session.update(webhook, active=False, problem=problem[:500])
            session.emit("webhook.disabled", changed, {"problem": problem[:500]})
    forget(crm, endpoint)


def forget(crm: CRM, endpoint: Endpoint) -> None:
    """Forget that a receiver failed."""
    consumer = crm.tables.system.consumer
    with writing(crm) as (connection, _now):
        connection.execute(consumer.delete().where(consumer.c.name == endpoint.name))
