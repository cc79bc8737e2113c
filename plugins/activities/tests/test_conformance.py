"""The plugin conforms to what every plugin promises."""

from __future__ import annotations

from crmkit.testing.conformance import PluginConformance


class TestActivities(PluginConformance):
    """All checks, with the plugin as it is installed."""

    plugin = "activities"
