"""Races: one piece of work done in several ways, what each way took, and whether that meets the bar."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from statistics import median

from attrs import field, frozen

CRMKIT, CORE, RAW = "crmkit", "Core", "raw"
WAYS = (CRMKIT, CORE, RAW)

Work = Callable[[], object]
Way = Callable[[int], Work]
"""Prepares a round, which nobody times, and returns the work of it. Round 0 is the warm-up."""


@frozen
class Sample:
    """What one round took: seconds by the clock and of this process's processors, or bytes."""

    amount: float
    cpu: float = 0.0


Meter = Callable[[Work], Sample]


@frozen(kw_only=True)
class Bar:
    """What a line should reach.

    Attributes:
        text: the bar as `performance.md` words it.
        against: the way that crmkit is compared with; None if the bar is an amount.
        least: the least ratio.
        most: the most that one piece may take: seconds or bytes.
        quantile: of which pieces: 0 the best, 0.5 the median, 0.95 nearly the worst.
    """

    text: str
    against: str | None = None
    least: float = 0.0
    most: float = 0.0
    quantile: float = 0.5


@frozen(kw_only=True)
class Race:
    """One piece of work and the ways to do it.

    Attributes:
        line: the name of the line.
        database: `sqlite`, `postgresql`, or nothing if no database is touched.
        size: how many opportunities there are, or records are handled; None if it does not matter.
        count: how many pieces a round has; amounts are given per piece.
        unit: what a piece is called where speed is told per second; empty where time is told per piece.
        ways: crmkit's and those it is compared with.
        bar: what is to be reached, if anything is.
        rounds: how many times the usual number of rounds.
        most_rounds: how many rounds there are at most, for work that takes long.
        warm: whether a round before the first warms up what programs keep: connections, plans, pages.
        meter: how a round is measured; by default with the clock.
        check: returns what is wrong with the comparison once all rounds are done, such as rows that differ.
        notes: returns what else is worth knowing then.
    """

    line: str
    database: str = ""
    size: int | None = None
    count: int = 1
    unit: str = ""
    ways: Mapping[str, Way]
    bar: Bar | None = None
    rounds: int = 1
    most_rounds: int = 1_000
    warm: bool = True
    meter: Meter | None = None
    check: Callable[[], list[str]] = field(default=list)
    notes: Callable[[], list[str]] = field(default=list)


@frozen(kw_only=True)
class Outcome:
    """What the rounds of a race took, and what was found wrong or worth noting."""

    race: Race
    samples: Mapping[str, tuple[Sample, ...]]
    wrong: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    def amounts(self, way: str) -> list[float]:
        """Return what one piece took in each round."""
        return [sample.amount / self.race.count for sample in self.samples[way]]

    def cpu(self, way: str) -> float:
        """Return the processor seconds of one piece, the median of the rounds."""
        return median(sample.cpu for sample in self.samples[way]) / self.race.count

    def ratios(self, against: str) -> list[float]:
        """Return what the other way took divided by what crmkit took, a round each: 1 is equal, 0.5 is half as fast."""
        pairs = zip(self.samples[against], self.samples[CRMKIT], strict=True)
        return [other.amount / ours.amount for other, ours in pairs]

    @property
    def reached(self) -> float | None:
        """What the bar is compared with: a ratio, or the amount of one piece; None without a bar."""
        bar = self.race.bar
        if bar is None:
            return None
        if bar.against is None:
            return quantile(self.amounts(CRMKIT), bar.quantile)
        if bar.quantile == 0.5:  # noqa: PLR2004  (the median)
            return median(self.ratios(bar.against))
        return quantile(self.amounts(bar.against), bar.quantile) / quantile(self.amounts(CRMKIT), bar.quantile)

    @property
    def is_met(self) -> bool | None:
        """Whether the bar is met; None without a bar."""
        bar, reached = self.race.bar, self.reached
        if bar is None or reached is None:
            return None
        return reached <= bar.most if bar.against is None else reached >= bar.least


def quantile(values: list[float], share: float) -> float:
    """Return the value below which a share of the values lies (nearest rank)."""
    ordered = sorted(values)
    return ordered[min(round(share * (len(ordered) - 1)), len(ordered) - 1)]
