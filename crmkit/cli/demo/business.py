"""The business: the plan of the year carried out in a CRM, through the same commands that everybody uses."""

from __future__ import annotations

from datetime import timedelta
from itertools import groupby
from typing import TYPE_CHECKING, Any

from attrs import define, field

from crmkit.cli.demo.invention import invented, needed
from crmkit.cli.demo.plan import DAYS, Plan
from crmkit.cli.demo.words import (
    CITIES,
    COMPANY_BEGINNINGS,
    COMPANY_ENDINGS,
    FIRST_NAMES,
    JOBS,
    LAST_NAMES,
    PEOPLE,
    PRODUCTS,
    REASONS,
    TEAMS,
)
from crmkit.core.nouns.customers import Contact, Customer
from crmkit.core.nouns.people import Team, User
from crmkit.core.nouns.selling import Opportunity, Order, OrderLine, Product
from crmkit.core.reading.permission import SYSTEM
from crmkit.errors import Refused

if TYPE_CHECKING:
    from random import Random

    from crmkit.app import CRM
    from crmkit.cli.demo.clock import MovingClock
    from crmkit.cli.demo.plan import Step
    from crmkit.core.lifecycle.session import Session

SOURCES = ("website", "referral", "exhibition", "campaign", "cold_call")
SOURCE_WEIGHTS = (5, 4, 3, 2, 1)


@define(kw_only=True)
class Business:
    """Carries out a plan; it remembers the records by their numbers in the plan.

    Attributes:
        clock: the clock of the CRM, which is set before every step.
    """

    crm: CRM
    clock: MovingClock
    random: Random
    deals: int
    products: list[Product] = field(factory=list)
    customers: dict[int, Customer] = field(factory=dict)
    contacts: dict[int, list[Contact]] = field(factory=dict)
    opportunities: dict[int, Opportunity] = field(factory=dict)
    orders: dict[int, Order] = field(factory=dict)

    def run(self) -> None:
        """Work through the year; afterwards the clock shows again what it showed before."""
        end = self.clock.now
        self.clock.now = end - timedelta(days=DAYS, hours=1)
        self.found_company()
        plan = Plan(random=self.random, end=end, deals=self.deals, stages=len(self.open_stages))
        for actor, steps in groupby(plan.steps(), key=lambda step: step.actor):
            with self.crm.session(actor=actor) as session:
                for step in steps:
                    self.clock.now = step.at
                    self.do(session, step)
        self.clock.now = end

    @property
    def open_stages(self) -> list[str]:
        """The stages that a deal goes through before it is won or lost, in their order."""
        pipeline = self.crm.model.pipelines_of("opportunity")[0]
        return [each.name for each in pipeline.stages if not each.stage.is_closed and not each.stage.hidden]

    def closed_stage(self, kind: str) -> str:
        """Return the stage in which deals end that are `won` or `lost`."""
        pipeline = self.crm.model.pipelines_of("opportunity")[0]
        return next(each.name for each in pipeline.stages if each.stage.kind == kind)

    def found_company(self) -> None:
        """Make teams, users and products."""
        with self.crm.session(actor=SYSTEM) as session:
            for name, members in TEAMS.items():
                team = session.create(Team, name=name)
                leader = self.hire(session, team, members[0], ["member", "manager"], None)
                for member in members[1:]:
                    self.hire(session, team, member, ["member"], leader)
            self.products = [
                session.create(Product, name=name, code=code, category=category, price=price)
                for name, code, category, price in PRODUCTS
            ]

    def hire(self, session: Session, team: Team, member: str, roles: list[str], leader: User | None) -> User:
        """Make a user."""
        return session.create(User, name=PEOPLE[member], external_id=member, team=team, roles=roles, manager=leader)

    def do(self, session: Session, step: Step) -> None:
        """Do one step."""
        match step.what:
            case "customer":
                self.meet(session, step.customer)
            case "deal":
                self.begin(session, step)
            case "next":
                stages = self.open_stages
                self.move(session, step.deal, stages[stages.index(self.opportunities[step.deal].stage) + 1])
            case "won":
                self.move(session, step.deal, self.closed_stage("won"))
                self.order(session, step.deal)
            case "lost":
                self.move(session, step.deal, self.closed_stage("lost"))
            case "fulfilled":
                self.orders[step.deal] = session.move(self.orders[step.deal], "fulfilled")

    def meet(self, session: Session, number: int) -> None:
        """Create a customer with its contacts."""
        beginning = COMPANY_BEGINNINGS[number % len(COMPANY_BEGINNINGS)]
        ending, industry = list(COMPANY_ENDINGS.items())[number % len(COMPANY_ENDINGS)]
        city, country = self.random.choice(CITIES)
        name, domain = f"{beginning} {ending}", f"{beginning}-{ending}.example".lower()
        self.customers[number] = customer = session.create(
            Customer,
            name=name,
            number=f"C-{number + 1:03}",
            industry=industry,
            city=city,
            country=country,
            level=self.random.choice("abbccc"),
            source=self.random.choices(SOURCES, SOURCE_WEIGHTS)[0],
            employees=round(self.random.lognormvariate(4.5, 1)),
            website=f"https://{domain}",
            **needed(session, Customer, self.random),
        )
        self.contacts[number] = [
            self.introduce(session, customer, domain, is_primary=not position)
            for position in range(self.random.choice((1, 2, 2, 3)))
        ]

    def introduce(self, session: Session, customer: Customer, domain: str, *, is_primary: bool) -> Contact:
        """Create a contact."""
        first, last = self.random.choice(FIRST_NAMES), self.random.choice(LAST_NAMES)
        return session.create(
            Contact,
            name=f"{first} {last}",
            customer=customer,
            is_primary=is_primary,
            title=self.random.choice(JOBS),
            email=f"{first}.{last}@{domain}".lower(),
            **needed(session, Contact, self.random),
        )

    def begin(self, session: Session, step: Step) -> None:
        """Create an opportunity in the first stage."""
        customer = self.customers[step.customer]
        product = self.random.choice(self.products)
        units = max(1, round(self.random.lognormvariate(1.2, 0.8)))
        price = product.price.amount if product.price else 0
        self.opportunities[step.deal] = session.create(
            Opportunity,
            name=f"{product.name}, {self.random.choice(REASONS)}",
            number=f"D-{step.deal + 1:04}",
            customer=customer,
            contact=self.random.choice(self.contacts[step.customer]),
            product=product,
            source=customer.source,
            type="existing_business" if step.deal % 3 == 0 else "new_business",
            level=self.random.choice(("low", "normal", "normal", "high")),
            amount=price * units,
            expected_close=session.today + timedelta(days=self.random.randrange(30, 90)),
            **needed(session, Opportunity, self.random),
        )

    def move(self, session: Session, deal: int, stage: str) -> None:
        """Move an opportunity, inventing what the stage wants to know."""
        before = self.opportunities[deal]
        try:
            self.opportunities[deal] = session.move(before, stage)
        except Refused as refused:
            entity = session.model.entity(Opportunity)
            wanted = {each.path for each in refused.refusals if each.path in entity.writable}
            values: dict[str, Any] = {
                name: invented(entity.fields[name].kind, session, self.random) for name in sorted(wanted)
            }
            self.opportunities[deal] = session.move(before, stage, **values)

    def order(self, session: Session, deal: int) -> None:
        """Create the order of a deal that was won, with its line, and confirm it."""
        won = self.opportunities[deal]
        made = session.create(
            Order,
            number=f"O-{deal + 1:04}",
            customer=won.customer,
            contact=won.contact,
            opportunity=won,
            amount=won.amount,
            **needed(session, Order, self.random),
        )
        session.create(OrderLine, order=made, product=won.product, quantity=1, price=won.amount)
        self.orders[deal] = session.move(made, "confirmed")
