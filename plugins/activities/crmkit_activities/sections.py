"""Activities in the profiles of customers and contacts: what is planned, and what was done."""

from __future__ import annotations

from crmkit import ProfileSection
from crmkit.translation import _

OPEN = "stage.kind in ('open', 'waiting')"
PLANNED = ("kind", "subject", "stage", "priority", "due", "planned_start", "owner.name")
DONE = ("kind", "subject", "direction", "outcome", "ended_at", "owner.name")


def sections_of(entity: str) -> tuple[ProfileSection, ProfileSection]:
    """Return the two sections of an entity's profiles."""
    return (
        ProfileSection(
            name="open_activities",
            label=_("Planned activities"),
            of=entity,
            entity="activity",
            through=entity,
            fields=PLANNED,
            where=OPEN,
            order="due, planned_start, id",
            position=15,
        ),
        ProfileSection(
            name="done_activities",
            label=_("Latest activities"),
            of=entity,
            entity="activity",
            through=entity,
            fields=DONE,
            where="stage.kind == 'done'",
            order="-ended_at, -id",
            position=16,
        ),
    )


DECLARATIONS = (*sections_of("customer"), *sections_of("contact"))
