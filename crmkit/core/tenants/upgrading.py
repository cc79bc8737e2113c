"""Upgrading tenants: each for itself, some at the same time; one that fails doesn't keep the others from it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING

from attrs import frozen

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from crmkit.app import CRM
    from crmkit.core.tenants.register import Entry


@frozen(kw_only=True)
class TenantUpgrade:
    """What an upgrade has done to a tenant.

    Attributes:
        done: what was done, a line each; none if there was nothing to do.
        error: why it failed, None if it didn't.
    """

    name: str
    done: tuple[str, ...] = ()
    error: Exception | None = None


def upgrade_each(
    entries: Iterable[Entry], open_one: Callable[[Entry], CRM], *, parallel: int, lift_restrictions: bool = False
) -> tuple[TenantUpgrade, ...]:
    """Upgrade tenants, so many at the same time, and return what became of each.

    Interrupted, those that are running are finished, and no other is begun.
    """
    workers = ThreadPoolExecutor(max_workers=parallel, thread_name_prefix="upgrade")
    try:
        upgrade = partial(upgrade_one, open_one=open_one, lift_restrictions=lift_restrictions)
        return tuple(workers.map(upgrade, entries))
    finally:
        workers.shutdown(cancel_futures=True)


def upgrade_one(entry: Entry, open_one: Callable[[Entry], CRM], *, lift_restrictions: bool) -> TenantUpgrade:
    """Upgrade one tenant."""
    try:
        tenant = open_one(entry)
        try:
            return TenantUpgrade(name=entry.name, done=tuple(tenant.upgrade(lift_restrictions=lift_restrictions)))
        finally:
            tenant.close()
    except Exception as error:  # noqa: BLE001  (whatever went wrong here, the others are upgraded)
        return TenantUpgrade(name=entry.name, error=error)
