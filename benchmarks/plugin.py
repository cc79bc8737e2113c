"""The plugin that benchmarks need: a pipeline with gates, and a role that reaches as far as the actor's team."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crmkit import Gate, Grant, Manifest, Pipeline, Role, Stage, hookimpl

if TYPE_CHECKING:
    from collections.abc import Iterator

    from crmkit.core.declare.access import Level

manifest = Manifest(name="benchmark", version="0", summary="What the benchmarks need.")

PIPELINE = Pipeline(
    name="benchmark",
    entity="opportunity",
    stages=(
        Stage(
            "qualified",
            probability=20,
            leave=(Gate(condition="customer is not None", message="Whose opportunity is it?", path="customer"),),
        ),
        Stage(
            "proposed",
            probability=50,
            requires=("expected_close",),
            entry=(Gate(condition="amount > 0", message="What is it worth?", path="amount"),),
        ),
    ),
)

ROLE = Role(
    name="benchmark_team",
    label="Benchmark: own team",
    grants=(Grant(entity="*", read="team", create="team", update="team", delete="team"),),
)


LEVELS: tuple[Level, ...] = ("tree", "reports", "own")
REACHES = tuple(Role(name=f"benchmark_{level}", grants=(Grant(entity="*", read=level),)) for level in LEVELS)


@hookimpl
def crmkit_declare() -> Iterator[object]:
    """Yield the pipeline and the role."""
    yield PIPELINE
    yield ROLE
    yield from REACHES
