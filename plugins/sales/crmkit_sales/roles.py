"""The roles of a sales team. A representative works on what is its own, a manager on what is the team's."""

from __future__ import annotations

from crmkit import Grant, Role

WORKED_ON = ("customer", "contact", "opportunity", "order")
LOOKED_UP = ("user", "team", "product", "exchange_rate")

_SEEN = tuple(Grant(entity=name, read="all") for name in LOOKED_UP)

DECLARATIONS = (
    Role(
        name="sales_rep",
        label="Sales representative",
        grants=(*(Grant(entity=name, read="own", create="own", update="own") for name in WORKED_ON), *_SEEN),
    ),
    Role(
        name="sales_manager",
        label="Sales manager",
        grants=(
            *(Grant(entity=name, read="team", create="team", update="team", delete="team") for name in WORKED_ON),
            *_SEEN,
        ),
    ),
)
