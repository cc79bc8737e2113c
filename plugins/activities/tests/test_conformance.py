"""The plugin conforms to what every plugin promises."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from crmkit.testing.conformance import PluginConformance

if TYPE_CHECKING:
    from collections.abc import Mapping

NOT_OF_CALLS = ("location", "email_address", "fax_number", "pages", "actor", "recurrence")

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
}


class TestActivities(PluginConformance):
    """All checks, with the plugin as it is installed."""

    plugin = "activities"
    values: ClassVar[Mapping[str, Mapping[str, object]]] = {
        "calendar_event": EVENT,
        "event_group": {"role": "member"},
        "mail_server": {"host": "mail.example.org", "sender_name": "Example"},
        "activity": {"kind": "call", "planned_end": None, "ended_at": None, **dict.fromkeys(NOT_OF_CALLS)},
    }
