"""The standard pipeline: every step forward doubles the chance of success."""

from __future__ import annotations

from datetime import timedelta

from crmkit import AddStage, ChangeStage, Stage

PIPELINE = "opportunity"

DECLARATIONS = (
    AddStage(
        PIPELINE,
        Stage("prospecting", "Prospecting", probability="6.25", limit=timedelta(days=30)),
        before="qualification",
        on_remove="map:qualification",
    ),
    ChangeStage(PIPELINE, "qualification", probability="12.5", limit=timedelta(days=30)),
    ChangeStage(PIPELINE, "proposal", probability=25, limit=timedelta(days=21)),
    AddStage(
        PIPELINE,
        Stage("negotiation", "Negotiation", probability=50, limit=timedelta(days=21)),
        after="proposal",
        on_remove="map:proposal",
    ),
)
"""Changes of the core's pipeline: won is 100 and lost 0 there already. A limit is how long a deal should stay."""
