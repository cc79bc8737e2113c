"""Sicknesses: expressions that can't be read, commands that can't be reached, stages that records can't leave."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crmkit.cli.calling import typed
from crmkit.core.declare.declarations import Command
from crmkit.core.reading.filters import parse
from crmkit.errors import FilterError
from crmkit.translation import _, ngettext

if TYPE_CHECKING:
    from collections.abc import Iterator

    from crmkit.cli.chosen import Chosen
    from crmkit.cli.examining.health import Health
    from crmkit.core.assemble.model import EntityModel, Model
    from crmkit.core.assemble.pipelines import PipelineModel
    from crmkit.core.lifecycle.session import Session


def check(chosen: Chosen, session: Session, health: Health) -> None:
    """Check whether records stand where somebody can reach them."""
    from crmkit.core.storage import closures

    for text in of_records(session):
        health.warn(_("Stages"), text, _("Move them with `crmkit move`, or bring the stage back."))
    for text in closures.verify(session.unit.connection, session.tables):
        health.problem(_("Trees"), text, _("Run {command}.", command=typed(*chosen.arguments, "upgrade")))


def of_model(model: Model) -> Iterator[str]:
    """Yield what is wrong with the assembled model itself."""
    from crmkit.cli.program import HOMES

    for entity in model.entities.values():
        for rule in entity.rules:
            yield from unreadable(
                model, entity, rule.when, _("the rule {rule!r} of {entity}", rule=rule.name, entity=entity.name)
            )
    for pipeline in model.pipelines.values():
        entity = model.entities[pipeline.entity]
        for each in pipeline.stages:
            for gate in (*each.stage.entry, *each.stage.leave):
                place = _(
                    "a gate of the stage {name!r} of {pipeline} (plugin {provider!r})",
                    name=each.name,
                    pipeline=pipeline.name,
                    provider=each.provider,
                )
                yield from unreadable(model, entity, gate.condition, place)
        yield from dead_ends(pipeline)
    for command, plugin in model.of(Command):
        if command.name in HOMES:
            yield _(
                "the command {command!r} of the plugin {plugin!r} is hidden by crmkit's own of that name.",
                command=command.name,
                plugin=plugin,
            )


def unreadable(model: Model, entity: EntityModel, expression: str, place: str) -> Iterator[str]:
    """Yield what is wrong with an expression."""
    try:
        parse(model, entity, expression)
    except FilterError as error:
        yield _("{place} can't be read: {error}", place=place, error=error)


def dead_ends(pipeline: PipelineModel) -> Iterator[str]:
    """Yield open stages from which no move leads on."""
    names = [each.name for each in pipeline.stages]
    for each in pipeline.stages:
        onward = (pipeline.allows(each.name, target) for target in names if target != each.name)
        if not each.stage.is_closed and not any(onward):
            yield _(
                "the stage {name!r} of {pipeline} (plugin {provider!r}) leads nowhere.",
                name=each.name,
                pipeline=pipeline.name,
                provider=each.provider,
            )


def of_records(session: Session) -> Iterator[str]:
    """Yield records in stages or pipelines that are no longer there."""
    for entity in session.model.entities.values():
        if not entity.staged:
            continue
        found = session.aggregate(entity.name, by=["pipeline", "stage"], measures={"number": "count()"})
        for pipeline, stage, number in found:
            known = session.model.pipelines.get(str(pipeline))
            if known is None or stage not in known.positions:
                yield ngettext(
                    "Of {plural}, {count} is in {pipeline}.{stage}, which no plugin declares.",
                    "Of {plural}, {count} are in {pipeline}.{stage}, which no plugin declares.",
                    int(str(number)),
                    plural=entity.plural.lower(),
                    pipeline=pipeline,
                    stage=stage,
                )


def counts(session: Session) -> dict[str, int]:
    """Return how many records there are of each entity."""
    return {name: session.count(entity.declared.declared) for name, entity in session.model.entities.items()}
