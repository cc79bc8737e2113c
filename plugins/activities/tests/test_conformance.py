"""The plugin conforms to what every plugin promises."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from crmkit.testing.conformance import PluginConformance
from crmkit_activities.activity import Activity

if TYPE_CHECKING:
    from collections.abc import Mapping

    from crmkit import Session

NOT_OF_CALLS = ("location", "email_address", "fax_number", "pages", "actor", "recurrence", "recurs_from")


def another(session: Session) -> Activity:
    """Create an activity that another one can depend on, or that can depend on another one."""
    return session.create(Activity, subject="Before", kind="task")


EVENT = {
    "starts_at": "2026-03-02T09:00Z",
    "ends_at": "2026-03-02T10:30Z",
    "length": "1:30",
    "wall_start": "2026-03-02T09:00:00",
    "time_zone": "UTC",
    "recurrence": "FREQ=WEEKLY;COUNT=5",
    "extra_dates": "2026-03-03T09:00:00",
    "except_dates": "2026-03-09T09:00:00",
    "occurrence": None,
    "links": "https://example.org/agenda",
}


class TestActivities(PluginConformance):
    """All checks, with the plugin as it is installed."""

    plugin = "activities"
    values: ClassVar[Mapping[str, Mapping[str, object]]] = {
        "calendar_event": EVENT,
        "event_attendee": {"name": "Somebody"},
        "event_group": {"role": "member"},
        "follow_up_plan": {"entity": "customer", "field": "name", "kind": "call"},
        "reminder": {"at": "2040-01-01T00:00Z", "anchor": None, "before": None, "private": False},
        "mail_server": {"host": "mail.example.org", "sender": "crm@example.org", "sender_name": "Example"},
        "activity_dependency": {"activity": another, "needs": another},
        "memo": {"private": False},
        "activity": {"kind": "call", "planned_end": None, "ended_at": None, **dict.fromkeys(NOT_OF_CALLS)},
    }
