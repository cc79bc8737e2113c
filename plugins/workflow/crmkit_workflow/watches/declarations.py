"""What watches declare: their records, the job that tells, and a unique combination."""

from __future__ import annotations

from datetime import timedelta

from crmkit import Job, Parameter, Unique
from crmkit.core.declare.kinds import DateTimeKind, IntegerKind
from crmkit_workflow.watches import entities

DECLARATIONS = (
    entities.Watch,
    entities.Metric,
    Unique(
        entity="watch",
        fields=("owner", "record", "field", "direction", "value"),
        message="You watch this already.",
        on_merge="drop",
    ),
    Job(
        name="tell_watch",
        run="crmkit_workflow.watches.telling:tell_job",
        parameters=(
            Parameter(name="watch", kind=IntegerKind(), required=True),
            Parameter(name="moment", kind=DateTimeKind(), required=True),
            Parameter(name="value", required=True),
        ),
        deadline=timedelta(minutes=1),
        help="Tells the owner of a watch that the value is reached.",
    ),
)
