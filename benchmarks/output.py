"""Output: the outcomes as a table for people and as JSON for programs."""

from __future__ import annotations

from statistics import median
from typing import TYPE_CHECKING

from rich.table import Table

from benchmarks.races import CORE, CRMKIT, RAW, WAYS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rich.console import Console

    from benchmarks.races import Outcome

ENGINES = {"": "", "sqlite": "SQLite", "postgresql": "PostgreSQL"}
TIMES = ((1.0, 1, "s"), (1e-3, 1e3, "ms"), (0.0, 1e6, "µs"))


def show(console: Console, outcomes: Sequence[Outcome]) -> None:
    """Print a table of the outcomes, then what is wrong with them and what is worth noting."""
    table = Table(
        title="crmkit's speed relative to the same work by hand, and what each way took", title_justify="left"
    )
    for name in ("line", "database", "size"):
        table.add_column(name, no_wrap=name != "line")
    for name in ("× Core", "× raw", *WAYS):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("bar")
    table.add_column("reached", no_wrap=True)
    for outcome in outcomes:
        table.add_row(*cells(outcome))
    console.print(table)
    for outcome in outcomes:
        for text, style in [*((each, "red") for each in outcome.wrong), *((each, "dim") for each in outcome.notes)]:
            console.print(f"{title(outcome)}: {text}", style=style, highlight=False, markup=False)


def title(outcome: Outcome) -> str:
    """Return the name of a line with its database and size."""
    race = outcome.race
    return " ".join(filter(None, (race.line, ENGINES[race.database], size_text(race.size))))


def cells(outcome: Outcome) -> list[str]:
    """Return one row of the table."""
    race = outcome.race
    met = {None: "", True: "[green]met[/]", False: "[red]missed[/]"}[outcome.is_met]
    ratios = [ratio_text(outcome, way) for way in (CORE, RAW)]
    bar = "" if race.bar is None else race.bar.text
    engine = ENGINES[race.database]
    reached = "" if outcome.is_met is None else f"{reached_text(outcome)} {met}"
    return [race.line, engine, size_text(race.size), *ratios, *(way_text(outcome, way) for way in WAYS), bar, reached]


def ratio_text(outcome: Outcome, against: str) -> str:
    """Return the median of the ratios, with the least and the greatest below."""
    if against not in outcome.samples:
        return "—"
    ratios = outcome.ratios(against)
    return f"{median(ratios):.2f}\n{min(ratios):.2f}–{max(ratios):.2f}"


def way_text(outcome: Outcome, way: str) -> str:
    """Return what one way took by the clock, and below in processor time."""
    if way not in outcome.samples:
        return "—"
    amount, cpu = median(outcome.amounts(way)), outcome.cpu(way)
    if outcome.race.line == "memory":
        return f"{amount:.0f} B"
    return f"{speed_text(amount, outcome.race.unit)}\ncpu {speed_text(cpu, outcome.race.unit)}"


def reached_text(outcome: Outcome) -> str:
    """Return what is compared with the bar."""
    bar, reached = outcome.race.bar, outcome.reached
    assert bar is not None
    assert reached is not None
    return speed_text(reached, outcome.race.unit) if bar.against is None else f"{reached:.2f}"


def speed_text(seconds: float, unit: str) -> str:
    """Return pieces per second, or the time of a piece if they have no unit."""
    if unit:
        return f"{1 / seconds:,.0f}/s" if seconds else "—"
    least, factor, name = next(each for each in TIMES if seconds >= each[0])
    del least
    return f"{seconds * factor:.3g} {name}"


def size_text(size: int | None) -> str:
    """Return a size as people write it: 10k, 1M."""
    if size is None:
        return ""
    for unit, name in ((1_000_000, "M"), (1_000, "k")):
        if size >= unit:
            return f"{size / unit:g}{name}"
    return str(size)


def as_json(outcomes: Sequence[Outcome]) -> list[Mapping[str, object]]:
    """Return the outcomes as plain data; amounts are per piece, in seconds, or in bytes for memory."""
    return [
        {
            "line": outcome.race.line,
            "database": outcome.race.database,
            "size": outcome.race.size,
            "count": outcome.race.count,
            "amounts": {way: outcome.amounts(way) for way in outcome.samples},
            "cpu": {way: outcome.cpu(way) for way in outcome.samples},
            "ratios": {way: outcome.ratios(way) for way in outcome.samples if way != CRMKIT},
            "bar": None if outcome.race.bar is None else outcome.race.bar.text,
            "reached": outcome.reached,
            "met": outcome.is_met,
            "wrong": list(outcome.wrong),
            "notes": list(outcome.notes),
        }
        for outcome in outcomes
    ]
