"""What escalations declare: their records, and the job that looks for what is due."""

from __future__ import annotations

from datetime import timedelta

from crmkit import Every, Job, Parameter, Unique
from crmkit.core.declare.kinds import IntegerKind
from crmkit_workflow.escalations import entities

DECLARATIONS = (
    entities.EscalationRule,
    entities.EscalationLevel,
    entities.Escalation,
    Unique(entity="escalation_level", fields=("rule", "after"), message="The rule has a level of this age already."),
    Unique(
        entity="escalation",
        fields=("record", "level", "since"),
        message="The record has reached this level already.",
        on_merge="drop",
    ),
    Job(
        name="escalate",
        run="crmkit_workflow.escalations.sweep:escalate_job",
        schedule=Every(timedelta(minutes=5)),
        parameters=(
            Parameter(name="rule", kind=IntegerKind()),
            Parameter(name="after", kind=IntegerKind(), default=0),
        ),
        deadline=timedelta(minutes=2),
        help="Escalates records that have got too old.",
    ),
)
