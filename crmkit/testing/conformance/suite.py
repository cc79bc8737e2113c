"""The suite: all checks of a plugin in one class."""

from __future__ import annotations

from crmkit.testing.conformance.saying import SayingChecks
from crmkit.testing.conformance.staying import StayingChecks
from crmkit.testing.conformance.working import WorkingChecks


class PluginConformance(SayingChecks, WorkingChecks, StayingChecks):
    """Subclass it and say which plugin: pytest runs every check.

    Attributes:
        plugin: the plugin's name, the path of its file, or a module or object with its hooks.
        settings: settings to check it with.
        values: values that its rules want for new records, by entity, such as `{"visit": {"place": "Paris"}}`.
    """
