"""What can be set about transfers and hand-overs, and what is done and looked at for them."""

from __future__ import annotations

from crmkit import Check, Choice, Job, Parameter, Setting
from crmkit.core.declare.kinds import BooleanKind, ChoiceKind, IntegerKind
from crmkit.translation import _

REQUIRE, PERFORM, OFF = "require", "perform", "off"
DECLARATIONS = (
    Setting(
        name="transfer_limit",
        kind=IntegerKind(min=0),
        default=None,
        help=_("How often a record may be transferred within transfer_days; any number of times, if not set."),
    ),
    Setting(
        name="transfer_days",
        kind=IntegerKind(min=1, max=36_500),
        default=90,
        help=_("The days for which transfers are counted."),
    ),
    Setting(
        name="hand_over",
        kind=ChoiceKind(choices=(Choice(REQUIRE), Choice(PERFORM), Choice(OFF))),
        default=REQUIRE,
        help=_(
            "What happens when a user who owns records is switched off: it is refused (require), they are handed over "
            "by the hand-over rules (perform), or nothing (off)."
        ),
    ),
    Setting(
        name="hand_over_closed",
        kind=BooleanKind(),
        default=True,
        help=_("Whether closed records are handed over, too. Turn it off to keep figures of past sales by owner."),
    ),
    Job(
        name="hand_over",
        run="crmkit_workflow.handover.batches:hand_over_job",
        parameters=(Parameter(name="hand_over", kind=IntegerKind(), required=True),),
        help=_("Hands over the next records of somebody who leaves."),
    ),
    Check(
        name="owners_are_active",
        run="crmkit_workflow.handover.checking:owners_are_active",
        help=_("No open record belongs to somebody who is not active."),
    ),
)
