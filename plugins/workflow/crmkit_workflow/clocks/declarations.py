"""What clocks declare: their records, events, jobs and rules."""

from __future__ import annotations

from datetime import time, timedelta

from crmkit import Choice, Daily, Event, Every, Job, Parameter, Report, Unique, WorklistKind
from crmkit.core.declare.kinds import ChoiceKind, DateKind, DurationKind, IntegerKind
from crmkit.translation import _
from crmkit_workflow.clocks import entities

BY = tuple(map(Choice, ("rule", "measure", "owner", "team", "month")))
OWNER = Parameter(name="owner", help=_("One owner only: the id, external id or name of a user, or `me`."))

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
    Report(
        name="clock_compliance",
        run="crmkit_workflow.clocks.reports:clock_compliance",
        help="How many clocks kept their targets, by rule, measure, owner, team or month.",
        reads=("clock",),
        parameters=(
            Parameter(name="by", kind=ChoiceKind(choices=BY), default="rule", help=_("What makes a row.")),
            Parameter(name="measure", help=_("One measure only, such as first_response.")),
            Parameter(name="since", kind=DateKind(), help=_("The first day of starting that counts.")),
            Parameter(name="until", kind=DateKind(), help=_("The last day of starting that counts.")),
            OWNER,
        ),
    ),
    Report(
        name="clocks_due",
        run="crmkit_workflow.clocks.reports:clocks_due",
        help="The running clocks, what was due or is due first.",
        reads=("clock",),
        parameters=(
            Parameter(name="within", kind=DurationKind(), help=_("Only what is due within this time.")),
            OWNER,
            Parameter(name="limit", kind=IntegerKind(min=1, max=10_000), default=100, help=_("How many rows at most.")),
        ),
    ),
    WorklistKind(
        name="clocks_due",
        entity="clock",
        where="owner == me() and state == 'running' and (breached or warning_at <= now())",
        label=_("Due soon by their clocks"),
        help=_("Records of one's own whose clocks have warned, or were breached."),
        order="due_at",
        until="due_at",
        title="measure",
    ),
)
