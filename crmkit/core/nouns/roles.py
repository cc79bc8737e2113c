"""The core's roles. Plugins and editions declare more."""

from __future__ import annotations

from crmkit.core.declare.declarations import Grant, Level, Role

SHARED = ("user", "team", "product", "exchange_rate")


def _shared(*, managed: bool = False) -> tuple[Grant, ...]:
    level: Level = "all" if managed else "none"
    return tuple(Grant(entity=name, read="all", create=level, update=level, delete=level) for name in SHARED)


ROLES = (
    Role(name="admin", grants=(Grant(entity="*", read="all", create="all", update="all", delete="all"),)),
    Role(
        name="manager",
        grants=(Grant(entity="*", read="all", create="team", update="team", delete="team"), *_shared()),
    ),
    Role(name="member", grants=(Grant(entity="*", read="all", create="own", update="own", delete="own"), *_shared())),
    Role(name="viewer", label="Viewer", grants=(Grant(entity="*", read="all"),)),
)
