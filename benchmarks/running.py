"""Running a race: all ways in turn, round by round, so that a busy moment of the machine hits all of them."""

from __future__ import annotations

import gc
import os
import time
from typing import TYPE_CHECKING

from benchmarks.races import Outcome, Sample

if TYPE_CHECKING:
    from benchmarks.races import Race, Work


def run(race: Race, rounds: int) -> Outcome:
    """Run a race for so many rounds, times its own number; each round begins with another way."""
    try:
        samples = measured(race, rounds)
    finally:
        gc.unfreeze()
    return Outcome(race=race, samples=samples, wrong=tuple(race.check()), notes=tuple(race.notes()))


def measured(race: Race, rounds: int) -> dict[str, tuple[Sample, ...]]:
    """Return what each way took in each round.

    Garbage of the preparation is collected before each measurement; what is there for good is left out of that.
    """
    names = list(race.ways)
    meter = race.meter or stopwatch
    taken: dict[str, list[Sample]] = {name: [] for name in names}
    if race.warm:
        for name in names:
            race.ways[name](0)()
    gc.collect()
    gc.freeze()
    for number in range(1, min(rounds * race.rounds, race.most_rounds) + 1):
        first = number % len(names)
        for name in (*names[first:], *names[:first]):
            work = race.ways[name](number)
            gc.collect()
            taken[name].append(meter(work))
    return {name: tuple(each) for name, each in taken.items()}


def stopwatch(work: Work) -> Sample:
    """Return the seconds that the work took by the clock, and of processors, child processes included."""
    cpu, start = processor_seconds(), time.perf_counter()
    work()
    return Sample(time.perf_counter() - start, processor_seconds() - cpu)


def processor_seconds() -> float:
    """Return the processor seconds of this process and of the child processes that have ended."""
    times = os.times()
    return time.process_time() + times.children_user + times.children_system
