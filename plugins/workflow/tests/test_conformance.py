"""The plugin conforms to what every plugin promises."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from crmkit.testing.conformance import PluginConformance

if TYPE_CHECKING:
    from collections.abc import Mapping


TERMS: dict[str, object] = {
    **dict.fromkeys(("applies_if", "starts_if", "pauses_if", "warning_share", "calendar")),
    **dict.fromkeys(("resumes", "tell_superior"), True),
    "name": "Text",
    "position": 1,
    "stops_if": "id > 0",
    "target": 1,
    "targets": [],
}


class TestWorkflow(PluginConformance):
    """All checks, with the plugin as it is installed."""

    plugin = "workflow"
    values: ClassVar[Mapping[str, Mapping[str, object]]] = {
        "position": {"roles": ["viewer"]},
        "pool": {"entity": "customer", "remind_before": ["3", "1"], "along": ["contact"]},
        "pool_rule": {"kind": "follow_up", "level": "a", "date_field": None, "exempt_if": "city == 'Paris'"},
        "clock_rule": {
            "entity": "opportunity",
            "measure": "answer",
            **dict.fromkeys(("applies_if", "starts_if", "pauses_if", "stops_if"), "stage.kind == 'won'"),
        },
        "clock_target": {"applies_if": "customer.level == 'a'"},
        "clock_terms": {"entity": "none", "measure": "answer", "said": TERMS},
    }
