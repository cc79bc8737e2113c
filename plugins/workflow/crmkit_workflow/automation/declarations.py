"""What automation declares: rules and their log, the jobs that carry them out, the actions of the plugin, a report."""

from __future__ import annotations

from datetime import timedelta

from crmkit import Action, Every, Job, Parameter, Report, Unique
from crmkit.core.declare.kinds import (
    ChoiceKind,
    DateKind,
    DateTimeKind,
    IntegerKind,
    JsonKind,
    LongTextKind,
    RefKind,
    TextKind,
)
from crmkit.translation import _
from crmkit_workflow.automation import entities

HERE = "crmkit_workflow.automation.actions"
TOLD = ChoiceKind(choices=entities.TOLD)
ACTIONS = (
    Action(
        name="notify",
        label=_("Notify"),
        run=f"{HERE}:notify",
        check=f"{HERE}:check_notify",
        help=_("Tells the owner, the owner's superior, or a user."),
        parameters=(
            Parameter(name="to", kind=TOLD, default=entities.OWNER, help=_("Who is told.")),
            Parameter(name="user", kind=RefKind(target="user"), help=_("The user who is told.")),
            Parameter(name="text", kind=LongTextKind(), required=True, help=_("What is told.")),
        ),
    ),
    Action(
        name="set_field",
        label=_("Set a field"),
        run=f"{HERE}:set_field",
        check=f"{HERE}:check_field",
        help=_("Gives a field of the record a value."),
        parameters=(
            Parameter(name="field", required=True, help=_("The name of the field.")),
            Parameter(name="value", kind=TextKind(), help=_("Its value; none takes it away.")),
        ),
    ),
    Action(
        name="move",
        label=_("Move to a stage"),
        run=f"{HERE}:move",
        check=f"{HERE}:check_stage",
        help=_("Moves the record to a stage, if all its gates are met."),
        parameters=(Parameter(name="stage", required=True, help=_("The name of the stage.")),),
    ),
    Action(
        name="give",
        label=_("Give to a user"),
        run=f"{HERE}:give",
        check=f"{HERE}:check_owned",
        help=_("Makes a user the owner of the record."),
        parameters=(Parameter(name="user", kind=RefKind(target="user"), required=True, help=_("The new owner.")),),
    ),
    Action(
        name="put_in_queue",
        label=_("Put into a queue"),
        run=f"{HERE}:enqueue",
        check=f"{HERE}:check_queue",
        help=_("Puts the record into a queue, which gives it to one of its members."),
        parameters=(Parameter(name="queue", kind=RefKind(target="queue"), required=True, help=_("The queue.")),),
    ),
    Action(
        name="release",
        label=_("Release into a pool"),
        run=f"{HERE}:release",
        check=f"{HERE}:check_owned",
        help=_("Takes the record from its owner and puts it into a pool."),
        parameters=(Parameter(name="pool", kind=RefKind(target="pool"), required=True, help=_("The pool.")),),
    ),
)

DECLARATIONS = (
    entities.AutomationRule,
    entities.AutomationAction,
    entities.AutomationRun,
    Unique(
        entity="automation_run",
        fields=("record", "rule", "occasion"),
        message="The rule is for this occasion already.",
        on_merge="drop",
    ),
    Job(
        name="run_automations",
        run="crmkit_workflow.automation.carrying_out:run_job",
        parameters=(Parameter(name="runs", kind=JsonKind(), required=True),),
        deadline=timedelta(minutes=2),
        help="Carries out what rules say about records.",
    ),
    Job(
        name="time_automations",
        run="crmkit_workflow.automation.scheduled:time_job",
        schedule=Every(timedelta(minutes=1)),
        parameters=(
            Parameter(name="rule", kind=IntegerKind()),
            Parameter(name="moment", kind=DateTimeKind()),
            Parameter(name="after", kind=IntegerKind(), default=0),
        ),
        deadline=timedelta(minutes=2),
        help="Looks for which rules it is time.",
    ),
    *ACTIONS,
    Report(
        name="automations",
        run="crmkit_workflow.automation.report:automations",
        label=_("Automation rules"),
        help=_("How often each rule was carried out, refused or skipped, and when last."),
        reads=("automation_rule",),
        parameters=(
            Parameter(name="since", kind=DateKind(), help=_("The first day that counts.")),
            Parameter(name="until", kind=DateKind(), help=_("The last day that counts.")),
        ),
    ),
)
