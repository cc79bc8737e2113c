"""The plugin conforms to what every plugin promises."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from crmkit.testing.conformance import PluginConformance

if TYPE_CHECKING:
    from collections.abc import Mapping


class TestWorkflow(PluginConformance):
    """All checks, with the plugin as it is installed."""

    plugin = "workflow"
    values: ClassVar[Mapping[str, Mapping[str, object]]] = {
        "position": {"roles": ["viewer"]},
        "pool": {"entity": "customer", "remind_before": ["3", "1"], "along": ["contact"]},
        "pool_rule": {"kind": "follow_up", "level": "a", "date_field": None, "exempt_if": "city == 'Paris'"},
    }
