"""The plan of the year: who does what with which customer and which deal, and when; the same for the same seed."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Literal

from attrs import frozen

from crmkit.cli.demo.words import PEOPLE

if TYPE_CHECKING:
    from collections.abc import Iterator
    from random import Random

DAYS = 365
CUSTOMERS = 60
FIRST_HOUR, LAST_HOUR = 8, 17
SATURDAY = 5
CHANCE_OF_WINNING = 0.42
USUAL_STAY, SPREAD = 9.0, 0.7
"""The median of the days that a deal stays in a stage, and the spread of their logarithm."""
STALLED = 0.05

What = Literal["customer", "deal", "next", "won", "lost", "fulfilled"]


@frozen(kw_only=True)
class Step:
    """One thing that a seller does.

    Attributes:
        at: when, UTC, in working hours.
        what: `customer` and `deal` begin one, `next`, `won` and `lost` move a deal, `fulfilled` closes its order.
        customer, deal: their numbers in the plan, counted from 0.
    """

    at: datetime
    actor: str
    what: What
    customer: int
    deal: int = -1


@frozen(kw_only=True)
class Plan:
    """A year that ends at `end`, with so many deals, in a pipeline of so many open stages."""

    random: Random
    end: datetime
    deals: int
    stages: int

    def steps(self) -> list[Step]:
        """Return all steps in the order in which they are done: week by week, seller by seller, each by time."""
        begin = self.end - timedelta(days=DAYS)
        sellers = tuple(PEOPLE)
        met = sorted(self.working_time(begin, self.random.uniform(0, DAYS * 0.75)) for _ in range(CUSTOMERS))
        owners = [self.random.choice(sellers) for _ in met]
        found = [
            Step(at=at, actor=owner, what="customer", customer=number)
            for number, (at, owner) in enumerate(zip(met, owners, strict=True))
        ]
        for deal in range(self.deals):
            customer = self.random.randrange(CUSTOMERS)
            room = (self.end - met[customer]) / timedelta(days=1)
            at = self.working_time(met[customer], self.random.uniform(0.2, max(room, 0.3)))
            found += self.life(deal, customer, owners[customer], at)
        done = (step for step in found if step.at < self.end)
        return sorted(done, key=lambda step: ((step.at - begin) // timedelta(weeks=1), step.actor, step.at))

    def life(self, deal: int, customer: int, actor: str, at: datetime) -> Iterator[Step]:
        """Yield what happens to one deal: it goes on, stage by stage, until it is won, lost or stalls."""
        yield Step(at=at, actor=actor, what="deal", customer=customer, deal=deal)
        chance = CHANCE_OF_WINNING ** (1 / self.stages)
        for stage in range(self.stages):
            if self.random.random() < STALLED:
                return
            at = self.working_time(at, USUAL_STAY * self.random.lognormvariate(0, SPREAD))
            is_last = stage == self.stages - 1
            what: What = "lost" if self.random.random() > chance else "won" if is_last else "next"
            yield Step(at=at, actor=actor, what=what, customer=customer, deal=deal)
            if what == "lost":
                return
        at = self.working_time(at, self.random.uniform(3, 20))
        yield Step(at=at, actor=actor, what="fulfilled", customer=customer, deal=deal)

    def working_time(self, begin: datetime, days: float) -> datetime:
        """Return a moment about so many days later, in working hours, and after `begin`."""
        later = begin + timedelta(days=days)
        if later.weekday() >= SATURDAY:
            later += timedelta(days=7 - later.weekday())
        minutes = self.random.randrange((LAST_HOUR - FIRST_HOUR) * 60)
        found = later.replace(hour=FIRST_HOUR, minute=0, second=0, microsecond=0) + timedelta(minutes=minutes)
        return max(found, begin + timedelta(minutes=1))
