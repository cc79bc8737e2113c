"""The core's own pipelines: as few stages as make each noun usable without any plugin."""

from __future__ import annotations

from crmkit.core.declare.stages import Pipeline, Stage
from crmkit.translation import _

CUSTOMER = Pipeline(
    name="customer",
    entity="customer",
    is_default=True,
    stages=(
        Stage("prospect", "Prospect"),
        Stage("active", "Active"),
        Stage("dormant", "Dormant", kind="waiting"),
        Stage("churned", "Churned", kind="lost"),
    ),
)

CONTACT = Pipeline(
    name="contact",
    entity="contact",
    is_default=True,
    stages=(Stage("active", "Active"), Stage("left", _("Has left"), kind="done")),
)

OPPORTUNITY = Pipeline(
    name="opportunity",
    entity="opportunity",
    is_default=True,
    stages=(
        Stage("qualification", "Qualification", probability=20),
        Stage("proposal", "Proposal", probability=50),
        Stage("won", "Won", kind="won", probability=100),
        Stage("lost", "Lost", kind="lost", probability=0),
    ),
)

ORDER = Pipeline(
    name="order",
    entity="order",
    is_default=True,
    stages=(
        Stage("draft", "Draft"),
        Stage("confirmed", "Confirmed"),
        Stage("fulfilled", "Fulfilled", kind="done"),
        Stage("cancelled", "Cancelled", kind="void"),
    ),
)

DECLARATIONS = (CUSTOMER, CONTACT, OPPORTUNITY, ORDER)
