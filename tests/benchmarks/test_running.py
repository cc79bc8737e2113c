"""The benchmarks run, and compare like with like. How fast anything is, is not tested."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.databases import Databases
from benchmarks.races import CORE, CRMKIT, RAW, Bar, Outcome, Race, Sample, quantile
from benchmarks.running import run
from benchmarks.writing import create

ROOT = Path(__file__).parents[2]


@pytest.fixture
def outcome() -> Outcome:
    """An outcome of three rounds of ten pieces, crmkit taking 2, 4 and 5 seconds, Core always 2."""
    race = Race(line="create", count=10, ways={}, bar=Bar(text="≥ 0.5 × Core", against=CORE, least=0.5))
    samples = {CRMKIT: (Sample(2.0), Sample(4.0), Sample(5.0)), CORE: (Sample(2.0),) * 3}
    return Outcome(race=race, samples=samples)


def test_the_command_prints_a_table_and_writes_every_figure(tmp_path: Path) -> None:
    """`python -m benchmarks` runs the chosen lines in all their ways and writes the figures as JSON."""
    file = tmp_path / "figures.json"
    command = [sys.executable, "-m", "benchmarks", "--quick", "--only", "hooks", "--rounds", "1", "--json", str(file)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    result = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    (hooks,) = json.loads(file.read_text())
    assert [hooks["line"], hooks["wrong"], set(hooks["amounts"])] == ["hooks", [], {CRMKIT, RAW}]
    assert "hooks" in result.stdout


def test_what_is_written_by_hand_are_the_rows_that_crmkit_writes(tmp_path: Path) -> None:
    """Records created by hand have the same rows as crmkit's, with change, event and stage history."""
    with Databases("sqlite", tmp_path) as databases:
        found = run(next(create(databases, 3, 0)), 1)
    assert set(found.samples) == {CRMKIT, CORE, RAW}
    assert found.wrong == ()


def test_ratios_say_how_fast_crmkit_is(outcome: Outcome) -> None:
    """A ratio is what the other way took divided by what crmkit took; the median meets the bar or not."""
    assert outcome.ratios(CORE) == [1.0, 0.5, 0.4]
    assert outcome.amounts(CRMKIT) == [0.2, 0.4, 0.5]
    assert outcome.reached == 0.5
    assert outcome.is_met


def test_rounds_take_turns() -> None:
    """Every round begins with another way, after one round that warms up and does not count."""
    done: list[str] = []
    ways = {name: lambda number, name=name: lambda: done.append(f"{name}{number}") for name in "abc"}
    found = run(Race(line="turns", ways=ways), 2)
    assert done == ["a0", "b0", "c0", "b1", "c1", "a1", "c2", "a2", "b2"]
    assert [len(samples) for samples in found.samples.values()] == [2, 2, 2]


def test_quantiles_are_values_that_were_measured() -> None:
    """The quantile 0 is the best, 0.5 the one in the middle, 1 the worst."""
    values = [5.0, 1.0, 3.0]
    assert [quantile(values, share) for share in (0, 0.5, 1)] == [1.0, 3.0, 5.0]
