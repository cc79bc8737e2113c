"""The stages of an activity. Kinds differ in what it takes to be done, not in their stages."""

from __future__ import annotations

from crmkit import Pipeline, Stage

PIPELINE = Pipeline(
    name="activity",
    entity="activity",
    is_default=True,
    stages=(
        Stage("planned", "Planned"),
        Stage("in_progress", "In progress"),
        Stage("waiting", "Waiting", kind="waiting"),
        Stage("done", "Done", kind="done"),
        Stage("cancelled", "Cancelled", kind="void"),
    ),
)

DECLARATIONS = (PIPELINE,)
