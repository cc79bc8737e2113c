"""The sections of the profiles of customers, contacts, opportunities and orders."""

from __future__ import annotations

from crmkit.core.declare.profiles import Figure, ProfileSection
from crmkit.translation import _

COUNTED = "stage.kind != 'void'"
OPEN = "stage.kind in ('open', 'waiting')"
OPPORTUNITY_FIELDS = ("name", "stage", "amount", "probability", "expected_close", "owner.name")
OPPORTUNITY_FIGURES = (
    Figure(name="count", label=_("Number"), measure="count()"),
    Figure(name="amount", label=_("Total"), measure="sum(amount)"),
    Figure(name="weighted", label=_("Weighted by probability"), measure="weighted(amount)"),
)
ORDER_FIELDS = ("number", "ordered_on", "stage", "type", "amount", "owner.name")
ORDER_FIGURES = (
    Figure(name="count", label=_("Number"), measure=f"count({COUNTED})"),
    Figure(name="lifetime_value", measure=f"sum(amount, {COUNTED})"),
    Figure(name="first_purchase", measure=f"min(ordered_on, {COUNTED})"),
    Figure(name="last_purchase", measure=f"max(ordered_on, {COUNTED})"),
)

ORDER_LINES = ProfileSection(
    name="lines",
    of="order",
    entity="order_line",
    through="order",
    fields=("product.name", "description", "quantity", "price"),
    order="position, id",
    limit=50,
)
OF_CUSTOMERS = (
    ProfileSection(
        name="contacts",
        of="customer",
        entity="contact",
        through="customer",
        fields=("name", "title", "stage", "is_primary", "phone", "mobile", "email"),
        order="-is_primary, name",
        position=10,
    ),
    ProfileSection(
        name="further_contacts",
        of="customer",
        entity="customer_contact",
        through="customer",
        fields=("contact.name", "title", "contact.phone", "contact.email"),
        order="contact.name",
        position=11,
    ),
    ProfileSection(
        name="open_opportunities",
        of="customer",
        entity="opportunity",
        through="customer",
        where=OPEN,
        fields=OPPORTUNITY_FIELDS,
        order="expected_close, id",
        figures=OPPORTUNITY_FIGURES,
        position=20,
    ),
    ProfileSection(
        name="purchases",
        of="customer",
        entity="order",
        through="customer",
        fields=ORDER_FIELDS,
        order="-ordered_on, -id",
        figures=ORDER_FIGURES,
        nested=("lines",),
        position=30,
    ),
    ProfileSection(
        name="subsidiaries",
        of="customer",
        entity="customer",
        through="parent",
        fields=("name", "stage", "city", "owner.name"),
        order="name",
        position=40,
    ),
)
OF_CONTACTS = (
    ProfileSection(
        name="further_customers",
        of="contact",
        entity="customer_contact",
        through="contact",
        fields=("customer.name", "title"),
        order="customer.name",
        position=10,
    ),
    ProfileSection(
        name="open_opportunities",
        of="contact",
        entity="opportunity",
        through="contact",
        where=OPEN,
        fields=OPPORTUNITY_FIELDS,
        order="expected_close, id",
        figures=OPPORTUNITY_FIGURES,
        position=20,
    ),
    ProfileSection(
        name="parts_in_opportunities",
        of="contact",
        entity="opportunity_contact",
        through="contact",
        fields=("opportunity.name", "role", "opportunity.stage", "opportunity.amount"),
        position=21,
    ),
    ProfileSection(
        name="purchases",
        of="contact",
        entity="order",
        through="contact",
        fields=ORDER_FIELDS,
        order="-ordered_on, -id",
        figures=ORDER_FIGURES,
        nested=("lines",),
        position=30,
    ),
)
OF_BOTH = tuple(
    section
    for of in ("customer", "contact")
    for section in (
        ProfileSection(
            name="channels",
            of=of,
            entity="channel_identity",
            through="person",
            fields=("channel", "address", "rank", "verified_at"),
            order="channel, rank",
            position=50,
        ),
        ProfileSection(
            name="external_ids",
            of=of,
            entity="external_id",
            through="record",
            fields=("system", "value"),
            order="system, value",
            position=51,
        ),
        ProfileSection(
            name="assignments",
            label=_("Assigned users"),
            of=of,
            entity="assignment",
            through="record",
            fields=("user.name", "role"),
            order="id",
            position=60,
        ),
    )
)
OF_OPPORTUNITIES = (
    ProfileSection(
        name="contacts",
        of="opportunity",
        entity="opportunity_contact",
        through="opportunity",
        fields=("contact.name", "role", "contact.phone", "contact.email"),
        order="contact.name",
        position=10,
    ),
    ProfileSection(
        name="orders",
        of="opportunity",
        entity="order",
        through="opportunity",
        fields=ORDER_FIELDS,
        order="-ordered_on, -id",
        nested=("lines",),
        position=30,
    ),
)

SECTIONS = (*OF_CUSTOMERS, *OF_CONTACTS, *OF_BOTH, *OF_OPPORTUNITIES, ORDER_LINES)
