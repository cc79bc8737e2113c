"""The roles of a sales team. A representative works on what is its own, a manager on what is the team's."""

from __future__ import annotations

from crmkit import Grant, Role

WORKED_ON = ("customer", "contact", "opportunity", "order")
LOOKED_UP = ("user", "team", "product", "exchange_rate")

_SEEN = tuple(Grant(entity=name, read="all") for name in LOOKED_UP)


def _managed(entity: str) -> Grant:
    """Return the grant to work on what the team owns, to hand it on within the team, and to share it."""
    return Grant(entity=entity, read="team", create="team", update="team", delete="team", share="team", transfer="team")


DECLARATIONS = (
    Role(
        name="sales_rep",
        label="Sales representative",
        grants=(*(Grant(entity=name, read="own", create="own", update="own") for name in WORKED_ON), *_SEEN),
    ),
    Role(
        name="sales_manager",
        label="Sales manager",
        grants=(*(_managed(name) for name in WORKED_ON), *_SEEN),
    ),
)
