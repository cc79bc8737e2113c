"""Sicknesses: expressions that can't be read, commands that can't be reached, stages that records can't leave."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crmkit.core.declare.declarations import Command
from crmkit.core.reading.filters import parse
from crmkit.errors import FilterError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from crmkit.core.assemble.model import EntityModel, Model
    from crmkit.core.assemble.pipelines import PipelineModel
    from crmkit.core.lifecycle.session import Session


def of_model(model: Model) -> Iterator[str]:
    """Yield what is wrong with the assembled model itself."""
    from crmkit.cli.program import HOMES

    for entity in model.entities.values():
        for rule in entity.rules:
            yield from unreadable(model, entity, rule.when, f"the rule {rule.name!r} of {entity.name}")
    for pipeline in model.pipelines.values():
        entity = model.entities[pipeline.entity]
        for each in pipeline.stages:
            for gate in (*each.stage.entry, *each.stage.leave):
                place = f"a gate of the stage {each.name!r} of {pipeline.name} (plugin {each.provider!r})"
                yield from unreadable(model, entity, gate.condition, place)
        yield from dead_ends(pipeline)
    for command, plugin in model.of(Command):
        if command.name in HOMES:
            yield f"the command {command.name!r} of the plugin {plugin!r} is hidden by crmkit's own of that name."


def unreadable(model: Model, entity: EntityModel, expression: str, place: str) -> Iterator[str]:
    """Yield what is wrong with an expression."""
    try:
        parse(model, entity, expression)
    except FilterError as error:
        yield f"{place} can't be read: {error}"


def dead_ends(pipeline: PipelineModel) -> Iterator[str]:
    """Yield open stages from which no move leads on."""
    names = [each.name for each in pipeline.stages]
    for each in pipeline.stages:
        onward = (pipeline.allows(each.name, target) for target in names if target != each.name)
        if not each.stage.is_closed and not any(onward):
            yield f"the stage {each.name!r} of {pipeline.name} (plugin {each.provider!r}) leads nowhere."


def of_records(session: Session) -> Iterator[str]:
    """Yield records in stages or pipelines that are no longer there."""
    for entity in session.model.entities.values():
        if not entity.staged:
            continue
        found = session.aggregate(entity.name, by=["pipeline", "stage"], measures={"number": "count()"})
        for pipeline, stage, number in found:
            known = session.model.pipelines.get(str(pipeline))
            if known is None or stage not in known.positions:
                yield f"{number} {entity.plural.lower()} are in {pipeline}.{stage}, which no plugin declares."


def counts(session: Session) -> dict[str, int]:
    """Return how many records there are of each entity."""
    return {name: session.count(entity.declared.declared) for name, entity in session.model.entities.items()}
