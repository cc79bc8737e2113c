"""How tenants stand: their state, and whether their databases are what the plugins need."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa
from attrs import frozen

from crmkit.core.storage.engine import DEFERRED
from crmkit.core.storage.plugin_ledger import differences_in
from crmkit.core.tenants.register import CREATING, DROPPING
from crmkit.errors import CRMKitError
from crmkit.translation import _

if TYPE_CHECKING:
    from datetime import datetime

    from crmkit.app import CRM
    from crmkit.core.tenants.register import Entry


@frozen(kw_only=True)
class TenantState:
    """A tenant, as it stands.

    Attributes:
        state: `creating`, `active`, `suspended` or `dropping`; what was begun and cut short stays so.
        location: its schema (PostgreSQL), or its file as seen from the folder of the CRM's own (SQLite).
        created_at: when its creation began, UTC.
        changes: how its database differs from what the plugins need, or why that can't be told, a line each.
    """

    name: str
    state: str
    location: str
    created_at: datetime
    changes: tuple[str, ...] = ()

    @property
    def needs_upgrade(self) -> bool:
        """Whether sessions are refused until it is upgraded, or repaired."""
        return bool(self.changes)


def standing(tenant: CRM, home: CRM, entry: Entry) -> TenantState:
    """Return how a tenant stands."""
    return TenantState(
        name=entry.name,
        state=entry.state,
        location=entry.location,
        created_at=entry.created_at,
        changes=() if entry.state in {CREATING, DROPPING} else changes(tenant, home, entry),
    )


def changes(tenant: CRM, home: CRM, entry: Entry) -> tuple[str, ...]:
    """Return how a tenant's database differs from what the plugins need, without making all of its tables."""
    system = home.tables.system
    ledger, steps = system.plugin, system.upgrade_step
    if home.engine.dialect.name != "sqlite":
        at = sa.MetaData()
        ledger, steps = (each.to_metadata(at, schema=entry.location) for each in (ledger, steps))
    try:
        with tenant.engine.connect().execution_options(**{DEFERRED: True}) as connection:
            return tuple(differences_in(connection, home.model, home.tables, ledger, steps))
    except CRMKitError as error:
        return (str(error),)
    except sa.exc.DBAPIError as error:
        return (_("its database can't be used: {problem}", problem=str(error.orig).strip()),)
