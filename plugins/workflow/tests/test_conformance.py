"""The plugin conforms to what every plugin promises."""

from __future__ import annotations

from crmkit.testing.conformance import PluginConformance


class TestWorkflow(PluginConformance):
    """All checks, with the plugin as it is installed."""

    plugin = "workflow"
