"""What the plugin shows in `crmkit demo`: clocks kept and breached, an approval, and a pool that takes back."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from attrs import define, field

from crmkit import BusinessCalendar, Customer, Demonstration, Notice, Opportunity, Scene, Team, User
from crmkit.errors import Refused
from crmkit.translation import _, ngettext
from crmkit_workflow.approvals.deciding import approve
from crmkit_workflow.approvals.flows import ApprovalFlow, ApprovalStep
from crmkit_workflow.approvals.submitting import submit
from crmkit_workflow.automation.entities import AutomationAction, AutomationRule
from crmkit_workflow.clocks.entities import Clock, ClockRule
from crmkit_workflow.pools.claiming import claim
from crmkit_workflow.pools.entities import Pool, PoolMember, PoolRule
from crmkit_workflow.pools.results import Claimed
from crmkit_workflow.watches.entities import Metric, Watch

if TYPE_CHECKING:
    from collections.abc import Iterable
    from random import Random

    from crmkit import Session
    from crmkit_workflow.approvals.requests import ApprovalRequest

SELLER, COLLEAGUE, SUPERIOR = "bob", "chen", "ann"
TUESDAY, WEDNESDAY, THURSDAY = (timedelta(days=each) for each in (1, 2, 3))
LARGE = 40_000


def scenes(_random: Random) -> Iterable[Scene]:
    """Return the scenes of a week."""
    week = Week()
    return (
        Scene(at=timedelta(hours=7), run=week.set_up),
        Scene(at=timedelta(hours=9, minutes=30), actor=SELLER, run=week.begin),
        Scene(at=timedelta(hours=11), actor=SELLER, run=week.respond),
        Scene(at=timedelta(hours=11, minutes=30), actor=SUPERIOR, run=week.watch),
        Scene(at=timedelta(hours=14), actor=SELLER, run=week.submit),
        Scene(at=timedelta(hours=14, minutes=5), actor=SELLER, run=week.try_to_change),
        Scene(at=TUESDAY + timedelta(hours=10), actor=SUPERIOR, run=week.approve),
        Scene(at=TUESDAY + timedelta(hours=17), run=week.read_clocks),
        Scene(at=WEDNESDAY + timedelta(hours=12), run=week.measure),
        Scene(at=THURSDAY + timedelta(hours=9), actor=COLLEAGUE, run=week.claim),
        Scene(at=THURSDAY + timedelta(hours=10), actor=SUPERIOR, run=week.hear),
    )


@define
class Week:
    """Two deals, from one scene to the next, and a request."""

    deals: list[Opportunity] = field(factory=list)
    request: ApprovalRequest | None = None

    def set_up(self, session: Session) -> str:
        """Say how the team works from now on."""
        office = session.create(BusinessCalendar, name="Office", time_zone="UTC", hours="Mo-Fr 09:00-17:00")
        session.create(
            ClockRule,
            name="First answer",
            measure="answer",
            stops_if=f"stage != '{first_stage(session)}'",
            resumes=False,
            target=timedelta(hours=4),
            calendar=office,
        )
        flow = session.create(ApprovalFlow, name="Large deals", entity="opportunity", condition=f"amount >= {LARGE}",
                              otherwise="pass")  # fmt: skip
        session.create(ApprovalStep, flow=flow, name="Head of the team", approvers="superior")
        pool = session.create(Pool, name="Neglected customers", claim_limit=2)
        for team in session.find(Team):
            session.create(PoolMember, pool=pool, member=team)
        session.create(PoolRule, pool=pool, kind="follow_up", days=2, spares_won=False, spares_opportunities=True)
        rule = session.create(
            AutomationRule, name="Large deals", when="crosses", field="amount", value=str(LARGE), entity="opportunity"
        )
        told = {"to": "superior", "text": _("{deal} is worth {amount}.", deal="{name}", amount="{amount}")}
        session.create(AutomationAction, rule=rule, action="notify", values=told)
        session.create(Metric, name="EUR/USD", value="1.08")
        return _(
            "New rules: deals are answered within four office hours, large ones are told of and approved, and neglected"
            " customers go to the pool."
        )

    def begin(self, session: Session) -> str:
        """Begin two deals, which starts two clocks."""
        customers = session.find(Customer, "owner == me()", order="-id", limit=2)
        self.deals = [
            session.create(Opportunity, name=name, customer=customer, amount=amount)
            for name, customer, amount in zip(("Licences", "Training"), customers, (LARGE + 8_000, 3_000), strict=True)
        ]
        names = {"user": session.principal.name, "first": self.deals[0].name, "second": self.deals[1].name}
        return _("{user} gets two requests: {first} and {second}.", **names)

    def respond(self, session: Session) -> str:
        """Answer one of them in time."""
        deal = session.get(Opportunity, self.deals[0].id)
        self.deals[0] = session.move(deal, stages(session)[1])
        return _("{user} answers the first one.", user=session.principal.name)

    def watch(self, session: Session) -> str:
        """Read what a rule has told, and watch a figure from outside."""
        [told] = session.find(Notice, {"kind": "automation"})
        rate = session.find(Metric)[0]
        session.create(Watch, record=rate, field="value", value="1.10")
        return _(
            "{user} is told by a rule: {text} {user} wants to know when {metric} reaches {value}.",
            user=session.principal.name,
            text=told.words,
            metric=rate.name,
            value="1.10",
        )

    def measure(self, session: Session) -> None:
        """Have another program write the figure."""
        session.update(session.find(Metric)[0], value="1.12")

    def hear(self, session: Session) -> str:
        """Read what the watch has told."""
        [told] = session.find(Notice, {"kind": "watch"})
        return _("{user} is told: {text}", user=session.principal.name, text=told.words)

    def submit(self, session: Session) -> str:
        """Submit the large deal."""
        self.request = submit(session, session.get(Opportunity, self.deals[0].id), note="Ten per cent off")
        return _("{user} submits {deal} for approval.", user=session.principal.name, deal=self.deals[0].name)

    def try_to_change(self, session: Session) -> str:
        """Try to change what is being approved."""
        try:
            session.update(session.get(Opportunity, self.deals[0].id), amount=1)
        except Refused as error:
            return _(
                "{user} tries to change the amount. {problem}",
                user=session.principal.name,
                problem=error.refusals[0].text,
            )
        raise AssertionError

    def approve(self, session: Session) -> str:
        """Approve it."""
        assert self.request is not None
        self.request = approve(session, self.request, comment="Fine")
        return _("{user} approves {deal}.", user=session.principal.name, deal=self.deals[0].name)

    def read_clocks(self, session: Session) -> str:
        """Tell what became of the clocks."""
        kept, late = (session.find(Clock, {"record": deal})[0] for deal in self.deals)
        assert not kept.breached
        assert late.breached
        [seller] = session.find(User, {"external_id": SELLER})
        return _("The first request was answered in time. The clock of the second is breached, and {user} was told.",
                 user=seller.name)  # fmt: skip

    def claim(self, session: Session) -> str:
        """Claim a customer who has returned."""
        pooled = session.find(Customer, "owner is None and pool is not None", order="id")
        [claimed] = claim(session, pooled[:1])
        assert isinstance(claimed, Claimed)
        return ngettext(
            "Overnight, {count} neglected customer has gone to the pool. {user} claims {customer}.",
            "Overnight, {count} neglected customers have gone to the pool. {user} claims {customer}.",
            len(pooled),
            user=session.principal.name,
            customer=pooled[0].name,
        )


def stages(session: Session) -> list[str]:
    """Return the stages of deals in their order."""
    return [each.name for each in session.model.pipelines_of("opportunity")[0].stages if not each.stage.hidden]


def first_stage(session: Session) -> str:
    """Return the stage in which deals begin."""
    return stages(session)[0]


DECLARATIONS = (Demonstration(name="workflow", scenes=scenes, reports=("clock_compliance", "automations")),)
