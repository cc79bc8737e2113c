"""What clocks declare: their records, events, jobs and rules."""

from __future__ import annotations

from datetime import time, timedelta

from crmkit import Daily, Event, Every, Job, Parameter, Unique
from crmkit.core.declare.kinds import IntegerKind
from crmkit_workflow.clocks import entities

DECLARATIONS = (
    entities.ClockRule,
    entities.ClockTarget,
    entities.ClockTerms,
    entities.Clock,
    entities.ClockInterval,
    entities.ClockAlert,
    Unique(entity="clock_terms", fields=("rule", "number"), message="The rule has such terms already."),
    Unique(
        entity="clock",
        fields=("record", "measure"),
        message="The record has such a clock already.",
        on_merge="drop",
    ),
    Unique(entity="clock_alert", fields=("clock", "what"), message="It was told already.", on_merge="drop"),
    Event(name="clock.warned", entity="clock", help="A clock has reached the share of its target that warns."),
    Event(name="clock.breached", entity="clock", help="A clock has reached its target, and nothing had stopped it."),
    Job(
        name="clock_alerts",
        run="crmkit_workflow.clocks.alerts:alerts_job",
        schedule=Every(timedelta(minutes=1)),
        deadline=timedelta(minutes=2),
        help="Tells of clocks that are due, or will be soon.",
    ),
    Job(
        name="recompute_clocks",
        run="crmkit_workflow.clocks.recomputing:recompute_job",
        schedule=Daily(time(2, 15)),
        parameters=(Parameter(name="after", kind=IntegerKind(), default=0),),
        deadline=timedelta(minutes=10),
        help="Computes anew when clocks are due, after calendars were changed.",
    ),
)
