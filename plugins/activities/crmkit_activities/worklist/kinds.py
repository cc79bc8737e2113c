"""The kinds of work that activities and notices are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crmkit import WorklistKind
from crmkit.translation import _
from crmkit_activities.kinds import kinds_of

if TYPE_CHECKING:
    from crmkit import Session

FOR_TODAY = (
    "owner == me() and stage.kind in ('open', 'waiting') and (due <= today() or planned_start < today() + days(1))"
)


def contacts(session: Session) -> str:
    """Return the filter for what is for today and is a contact by its kind."""
    return f"{FOR_TODAY} and kind in ({contact_kinds(session)})"


def others(session: Session) -> str:
    """Return the filter for what is for today and is none."""
    return f"{FOR_TODAY} and kind not in ({contact_kinds(session)})"


def contact_kinds(session: Session) -> str:
    """Return the kinds of activities that are contacts, as a filter's list."""
    return "".join(f"'{kind.name}'," for kind in kinds_of(session.model).values() if kind.is_contact)


DECLARATIONS = (
    WorklistKind(
        name="to_contact",
        label=_("To contact today"),
        help=_("Calls, visits, meetings and e-mails that are for today, or were for earlier."),
        entity="activity",
        where=contacts,
        order="due, planned_start, id",
        until="planned_start, due",
        position=10,
    ),
    WorklistKind(
        name="due_tasks",
        label=_("Due tasks"),
        help=_("Other activities that are for today, or were for earlier."),
        entity="activity",
        where=others,
        order="due, planned_start, id",
        until="planned_start, due",
        position=20,
    ),
    WorklistKind(
        name="newly_assigned",
        label=_("Newly assigned"),
        help=_("What others gave to you and nobody has begun."),
        entity="activity",
        where="owner == me() and delegated_by is not None and delegated_by != me() and stage == 'planned'",
        order="-created_at",
        until="planned_start, due",
        position=30,
    ),
    WorklistKind(
        name="invitations",
        label=_("Invitations to answer"),
        help=_("Events to which you are invited, or that are offered to your team, and that you have not answered."),
        entity="event_attendee",
        where="who == me() and attendance in ('invited', 'offered') and event.status != 'cancelled' "
        "and (event.last_at is None or event.last_at > now()) and event.owner != me()",
        order="event.starts_at, id",
        until="event.starts_at",
        title="event.subject",
        position=15,
    ),
    WorklistKind(
        name="notices",
        help=_("What you were told and have not read."),
        entity="notice",
        where="recipient == me() and read_at is None",
        order="-created_at",
        position=90,
    ),
)
