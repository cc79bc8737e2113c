"""Stages: the tables of stages and pipelines become declarations."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, TypeVar, cast

from crmkit.core.assemble.edition.shape import (
    ChangeStageTable,
    PipelineStageTable,
    PipelineTable,
    StageTable,
)
from crmkit.core.declare.stages import STAGE_KINDS, AddStage, ChangeStage, Pipeline, Stage, StageKind
from crmkit.errors import DeclarationError
from crmkit.translation import _

if TYPE_CHECKING:
    from collections.abc import Callable
    from decimal import Decimal

    from crmkit.core.assemble.edition.structuring import Problems

T = TypeVar("T")
D = TypeVar("D")

FORWARD, BACK = ("any", "next"), ("any", "previous", "none")
MOST_DAYS = 36_500
ALL_PERCENT = 100


def declared_list(
    name: str, given: object, wanted: type[T], make: Callable[[T], D], problems: Problems
) -> list[tuple[str, D]]:
    """Return what every table of a list declares, each with its place; what is wrong with one is noted."""
    if not isinstance(given, list):
        problems.add(name, _("It is not a list of tables; write [[{name}]].", name=name))
        return []
    found = []
    for position, each in enumerate(given, start=1):
        place = f"{name}[{position}]"
        table = problems.structured(place, each, wanted)
        if table is not None:
            try:
                found.append((place, make(table)))
            except DeclarationError as error:
                problems.add(place, str(error))
    return found


def added_stages(given: object, problems: Problems) -> list[tuple[str, AddStage]]:
    """Return the stages that `[[stages]]` inserts."""

    def make(table: StageTable) -> AddStage:
        return AddStage(
            table.pipeline, stage_of(table), after=table.after, before=table.before, on_remove=table.on_remove
        )

    return declared_list("stages", given, StageTable, make, problems)


def changed_stages(given: object, problems: Problems) -> list[tuple[str, ChangeStage]]:
    """Return the stages that `[[change_stages]]` changes."""

    def make(table: ChangeStageTable) -> ChangeStage:
        if table.after is not None and table.before is not None:
            raise DeclarationError(
                subject=_("stage {stage!r}", stage=table.stage), problem=_("say either after or before, not both.")
            )
        return ChangeStage(
            table.pipeline,
            table.stage,
            label=table.label,
            probability=percent(table.stage, table.probability),
            limit=limit(table.stage, table.limit_days),
            hidden=table.hidden,
            requires=table.requires,
            after=table.after,
            before=table.before,
        )

    return declared_list("change_stages", given, ChangeStageTable, make, problems)


def pipelines(given: object, problems: Problems) -> list[tuple[str, Pipeline]]:
    """Return the pipelines that `[[pipelines]]` declares."""

    def make(table: PipelineTable) -> Pipeline:
        return Pipeline(
            name=table.name,
            entity=table.entity,
            label=table.label,
            stages=tuple(stage_of(each) for each in table.stages),
            forward=one_of("forward", table.forward, FORWARD),  # type: ignore[arg-type]
            back=one_of("back", table.back, BACK),  # type: ignore[arg-type]
            reopen=table.reopen,
        )

    return declared_list("pipelines", given, PipelineTable, make, problems)


def stage_of(table: PipelineStageTable) -> Stage:
    """Return the declaration of a stage.

    Raises:
        DeclarationError: if it can't be one.
    """
    return Stage(
        table.name,
        table.label,
        kind=cast("StageKind", one_of("kind", table.kind, STAGE_KINDS)),
        probability=percent(table.name, table.probability),
        limit=limit(table.name, table.limit_days),
        requires=table.requires,
    )


def one_of(name: str, given: str, known: tuple[str, ...]) -> str:
    """Return the word if it is one of the known ones."""
    if given not in known:
        raise DeclarationError(subject=f"{name} {given!r}", problem=_("it is one of: {names}.", names=", ".join(known)))
    return given


def percent(stage: str, given: Decimal | None) -> Decimal | None:
    """Return a probability between 0 and 100."""
    if given is not None and not 0 <= given <= ALL_PERCENT:
        raise DeclarationError(
            subject=_("stage {stage!r}", stage=stage),
            problem=_("its probability {given} is not from 0 to 100.", given=given),
        )
    return given


def limit(stage: str, days: Decimal | None) -> timedelta | None:
    """Return how long a record should stay at most."""
    if days is not None and not 0 < days <= MOST_DAYS:
        raise DeclarationError(
            subject=_("stage {stage!r}", stage=stage),
            problem=_("limit_days is above 0 and at most {most_days}.", most_days=MOST_DAYS),
        )
    return None if days is None else timedelta(days=float(days))
