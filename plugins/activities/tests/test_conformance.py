"""The plugin conforms to what every plugin promises."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from crmkit.testing.conformance import PluginConformance

if TYPE_CHECKING:
    from collections.abc import Mapping

NOT_OF_CALLS = ("location", "email_address", "fax_number", "pages", "actor", "recurrence")


class TestActivities(PluginConformance):
    """All checks, with the plugin as it is installed."""

    plugin = "activities"
    values: ClassVar[Mapping[str, Mapping[str, object]]] = {
        "mail_server": {"host": "mail.example.org", "sender_name": "Example"},
        "activity": {"kind": "call", "planned_end": None, "ended_at": None, **dict.fromkeys(NOT_OF_CALLS)},
    }
