"""What people see of pools, queues and hand-overs: commands, reports, and what is about to go, on their worklists."""

from __future__ import annotations

from crmkit import Choice, Command, Parameter, Report, WorklistKind
from crmkit.core.declare.kinds import BooleanKind, ChoiceKind, DateKind, TagsKind
from crmkit.translation import _

ENTITY = Parameter(name="entity", default="customer", help=_("The entity of the records."))
RECORDS = Parameter(name="records", kind=TagsKind(), help=_("The ids of the records."))
POOL_DOINGS = ("list", "claim", "release", "sweep")
HANDOVER_DOINGS = ("preview", "run", "resume", "list")
QUEUE_DOINGS = ("list", "grab", "decline", "assign", "requeue", "distribute")


def one_of(names: tuple[str, ...], text: str) -> Parameter:
    """Return the parameter that says what to do."""
    return Parameter(
        name="do", kind=ChoiceKind(choices=tuple(Choice(each) for each in names)), default=names[0], help=text
    )


DECLARATIONS = (
    Command(
        name="pool",
        run="crmkit_workflow.pools.commands:pool_command",
        help=_("Shows pools and what lies in them, claims it, releases into them, sweeps."),
        public=True,
        parameters=(
            one_of(POOL_DOINGS, _("What to do with the pool.")),
            Parameter(name="pool", help=_("The name of a pool.")),
            ENTITY,
            RECORDS,
            Parameter(name="why", help=_("Why they are released.")),
        ),
    ),
    Command(
        name="queue",
        run="crmkit_workflow.queues.commands:queue_command",
        help=_("Shows what waits in queues, grabs and declines it, gives it out, has it wait again."),
        public=True,
        parameters=(
            one_of(QUEUE_DOINGS, _("What to do with the queue.")),
            Parameter(name="queue", help=_("The name of a queue.")),
            ENTITY,
            RECORDS,
            Parameter(name="to", help=_("To whom they are given.")),
        ),
    ),
    Command(
        name="handover",
        run="crmkit_workflow.handover.commands:handover_command",
        help=_("Shows what somebody would leave behind, and has it handed over in batches."),
        public=True,
        parameters=(
            one_of(HANDOVER_DOINGS, _("What to do.")),
            Parameter(name="user", help=_("Whose records.")),
            Parameter(
                name="to", help=_("Where they go: a user, queue:NAME, pool:NAME, or rules, the assignment rules.")
            ),
            Parameter(
                name="goals", kind=TagsKind(), help=_("Where those of an entity go: customer=pool:NAME,order=rules.")
            ),
            Parameter(
                name="off",
                kind=BooleanKind(),
                default=False,
                help=_("Whether the user is switched off when nothing is left."),
            ),
        ),
    ),
    Report(
        name="pool_flow",
        run="crmkit_workflow.pools.flow:pool_flow",
        help=_("What came into each pool and left it, and how."),
        reads=("pool",),
        parameters=(
            Parameter(name="since", kind=DateKind(), help=_("The first day that counts.")),
            Parameter(name="until", kind=DateKind(), help=_("The last day that counts.")),
        ),
    ),
    Report(
        name="queue_workload",
        run="crmkit_workflow.queues.workload:queue_workload",
        label=_("Workload of queues"),
        help=_("What waits in each queue, and what each member has got from it."),
        reads=("queue",),
    ),
    *(
        WorklistKind(
            name=f"{entity}_returns_to_pool",
            entity=entity,
            label=label,
            where="owner == me() and returns_at is not None",
            order="returns_at",
            until="returns_at",
        )
        for entity, label in (
            ("customer", _("Customers about to enter the pool")),
            ("opportunity", _("Opportunities about to enter the pool")),
        )
    ),
)
