"""Open tenants: the CRMs of the tenants that were used last, so that a thousand of them don't fill the memory."""

from __future__ import annotations

from collections import OrderedDict
from threading import Lock
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from crmkit.app import CRM

MOST = 64
"""How many stay open; each takes a megabyte or two, and on SQLite an open file for every thread that works in it."""


class OpenTenants:
    """The CRMs of tenants by name; the least recently used is closed first. Safe to share between threads."""

    def __init__(self, most: int = MOST) -> None:
        self.most = most
        self._kept: OrderedDict[str, CRM] = OrderedDict()
        self._lock = Lock()

    def get(self, name: str, make: Callable[[], CRM]) -> CRM:
        """Return the CRM of a tenant, made if it isn't open."""
        with self._lock:
            if name in self._kept:
                self._kept.move_to_end(name)
                return self._kept[name]
        made = make()
        with self._lock:
            kept = self._kept.setdefault(name, made)
            surplus = [self._kept.popitem(last=False)[1] for _ in range(len(self._kept) - self.most)]
        for each in surplus:
            each.close()
        return kept

    def forget(self, name: str) -> None:
        """Close the CRM of a tenant; whoever works in it at the moment can finish that."""
        with self._lock:
            found = self._kept.pop(name, None)
        if found is not None:
            found.close()

    def close(self) -> None:
        """Close all."""
        with self._lock:
            kept = list(self._kept.values())
            self._kept.clear()
        for each in kept:
            each.close()
