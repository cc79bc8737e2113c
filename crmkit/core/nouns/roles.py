"""The core's roles. Plugins and editions declare more."""

from __future__ import annotations

from crmkit.core.declare.access import Grant, Level, Role

SHARED = ("user", "team", "product", "exchange_rate", "custom_field", "business_calendar")
REFERENCE = ("product", "exchange_rate", "business_calendar")
NOT_THEIRS = Grant(entity="webhook")
"""What only administrators have to do with, though these roles have to do with everything else."""
EVERYTHING = "*"


def _seen(names: tuple[str, ...], level: Level = "all") -> tuple[Grant, ...]:
    """Return grants to read only."""
    return tuple(Grant(entity=name, read=level) for name in names)


def _works(
    entity: str,
    *,
    read: Level,
    write: Level,
    delete: Level = "none",
    hand: Level = "none",
    locks: tuple[str, ...] = (),
    reveals: tuple[str, ...] = (),
) -> Grant:
    """Return the grant to work on records, and to share them and hand them on as far as `hand`."""
    return Grant(
        entity=entity,
        read=read,
        create=write,
        update=write,
        delete=delete,
        share=hand,
        transfer=hand,
        locks=locks,
        reveals=reveals,
    )


ROLES = (
    Role(
        name="admin",
        grants=(_works(EVERYTHING, read="all", write="all", delete="all", hand="all", reveals=("*",)),),
        audits=True,
        privacy=True,
    ),
    Role(
        name="director",
        grants=(_works(EVERYTHING, read="all", write="all", delete="all", hand="all"), *_seen(SHARED), NOT_THEIRS),
    ),
    Role(
        name="manager",
        grants=(_works(EVERYTHING, read="all", write="team", delete="team", hand="team"), *_seen(SHARED), NOT_THEIRS),
    ),
    Role(
        name="member",
        grants=(_works(EVERYTHING, read="all", write="own", delete="own", hand="own"), *_seen(SHARED), NOT_THEIRS),
    ),
    Role(name="viewer", grants=(Grant(entity=EVERYTHING, read="all"), NOT_THEIRS)),
    Role(name="auditor", grants=(Grant(entity=EVERYTHING, read="all", reveals=("*",)),), audits=True),
    Role(
        name="privacy_officer",
        grants=(Grant(entity=EVERYTHING, read="all", reveals=("*",)),),
        audits=True,
        privacy=True,
    ),
    Role(
        name="agent",
        grants=(
            _works("customer", read="agency", write="agency", locks=("agency", "owner")),
            _works("contact", read="agency", write="agency"),
            _works("opportunity", read="agency", write="agency"),
            Grant(entity="order", read="agency"),
            *_seen(("user", "team"), "agency"),
            *_seen(REFERENCE),
        ),
    ),
)
