"""A CRM in memory, for tests that need no file: made in a fraction of a second, gone with the test."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crmkit.app import CRM
from crmkit.testing.clock import FrozenClock

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from datetime import datetime

ADMIN = "admin"


def memory_crm(
    plugins: Iterable[object] = (),
    *,
    settings: Mapping[str, object] | None = None,
    clock: Callable[[], datetime] | None = None,
) -> CRM:
    """Return a CRM on an empty SQLite database in memory, upgraded, with an administrator `admin`.

    Its clock stands still, unless another is given.
    """
    crm = CRM("sqlite://", plugins, settings=settings, clock=clock or FrozenClock())
    crm.upgrade(admin=ADMIN)
    return crm
