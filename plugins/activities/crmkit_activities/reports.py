"""The plugin's reports; each is a function in a file of its own, imported when it is run."""

from __future__ import annotations

from crmkit import Choice, Parameter, Report
from crmkit.core.declare.kinds import ChoiceKind, DateKind
from crmkit.translation import _

READS = ("activity",)
WHERE = Parameter(name="where", label=_("Filter"), help=_("A filter over the activities that count."))
OWNER = Parameter(name="owner", help=_("One owner only: the id, external id or name of a user, or `me`."))
BY = Parameter(name="by", default="owner", help=_("What makes a row: owner, kind, customer, or any field or path."))
WHICH = ("open", "today", "overdue", "delegated", "blocked")
TOUCHED = ("channel", "stage", "campaign", "direction", "kind", "outcome", "owner", "month")

DECLARATIONS = (
    Report(
        name="tasks",
        run="crmkit_activities.tasks.listing:tasks",
        help=_("Open activities as a list: all, those of today, overdue, delegated or blocked ones."),
        reads=READS,
        parameters=(
            Parameter(
                name="which",
                kind=ChoiceKind(choices=tuple(Choice(each) for each in WHICH)),
                default="open",
                help=_("Which ones; delegated are those that the owner gave to others."),
            ),
            OWNER,
            Parameter(name="kind", help=_("One kind only, such as task or call.")),
            WHERE,
        ),
    ),
    Report(
        name="workload",
        run="crmkit_activities.reporting.workload:workload",
        help=_("Open activities by owner and by when they are due."),
        reads=READS,
        parameters=(BY, WHERE),
    ),
    Report(
        name="overdue_tasks",
        run="crmkit_activities.reporting.workload:overdue",
        help=_("Activities past the day on which they were due, by owner: how many, and since when."),
        reads=READS,
        parameters=(BY, WHERE, OWNER),
    ),
    Report(
        name="touchpoints",
        run="crmkit_activities.reporting.touches:touchpoints",
        help=_("Contacts with customers by channel, stage, campaign, direction, kind, outcome, owner or month."),
        reads=READS,
        parameters=(
            Parameter(
                name="by",
                kind=ChoiceKind(choices=tuple(Choice(each) for each in TOUCHED)),
                default="channel",
                help=_("What makes a row; the stage is that of the deal, or else of the customer, at that time."),
            ),
            Parameter(name="since", kind=DateKind(), help=_("The first day that counts.")),
            Parameter(name="until", kind=DateKind(), help=_("The last day that counts.")),
            WHERE,
            OWNER,
        ),
    ),
)
