"""What the pool declares beside its records: the jobs that return what is due."""

from __future__ import annotations

from datetime import time, timedelta

from crmkit import Daily, Every, Job, Parameter
from crmkit.translation import _

DECLARATIONS = (
    Job(
        name="pool_sweep",
        run="crmkit_workflow.pools.sweep:sweep_job",
        schedule=Daily(time(0, 5)),
        parameters=(Parameter(name="entity"), Parameter(name="after")),
        deadline=timedelta(minutes=2),
        help=_("Returns to their pools what was neglected, and notes what will return soon."),
    ),
    Job(
        name="pool_returns",
        run="crmkit_workflow.pools.on_time:returns_job",
        schedule=Every(timedelta(minutes=5)),
        parameters=(Parameter(name="entity"), Parameter(name="after")),
        deadline=timedelta(minutes=2),
        help=_("Returns to their pools what is due in the course of the day."),
    ),
)
