"""What the core itself has done regularly: seals of the change log, and the outbox kept small."""

from __future__ import annotations

from datetime import time, timedelta

from crmkit.core.declare.declarations import Setting
from crmkit.core.declare.kinds import IntegerKind
from crmkit.core.declare.outbox import Job
from crmkit.core.declare.schedules import Daily, Every

DECLARATIONS = (
    Setting(
        name="outbox_days",
        kind=IntegerKind(min=1),
        default=30,
        help="For so many days it is remembered which events were handed out, and can be handed out again.",
    ),
    Job(
        name="seal_changes",
        run="crmkit.core.audit.life:seal_changes",
        schedule=Every(timedelta(minutes=1)),
        help="Seal the change log.",
    ),
    Job(
        name="prune_outbox",
        run="crmkit.core.outbox.pruning:prune",
        schedule=Daily(time(3)),
        help="Forget what was done about events longer ago than `outbox_days`.",
    ),
)
