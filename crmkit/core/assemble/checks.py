"""Checks of what declarations say about each other, once all are assembled."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from crmkit.core.declare.declarations import Command, Event, Report, Role
from crmkit.core.declare.names import nearest
from crmkit.errors import ClashError, DeclarationError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from crmkit.core.assemble.model import Model

SYSTEM_TABLES = (
    "change",
    "event",
    "link",
    "stage_history",
    "command",
    "sequence",
    "generation",
    "plugin",
    "import",
    "import_row",
)
EVENT_NAME = re.compile(r"[a-z][a-z0-9_]{0,40}\.[a-z][a-z0-9_]{0,40}\Z")


def check_model(model: Model) -> None:
    """Refuse declarations that speak of entities, fields or roles that nobody declares.

    Raises:
        DeclarationError: naming the declaration, its plugin and the nearest known name.
    """
    check_stages(model)
    check_tables(model)
    for role, plugin in model.of(Role):
        entities = [grant.entity for grant in role.grants if grant.entity != "*"]
        check_known(f"role {role.name!r}", plugin, "entity", entities, model.entities)
    for report, plugin in model.of(Report):
        check_known(f"report {report.name!r}", plugin, "entity", report.reads, model.entities)
    for event, plugin in model.of(Event):
        check_known(f"event {event.name!r}", plugin, "entity", [event.entity], model.entities)
        if not EVENT_NAME.match(event.name):
            raise DeclarationError(
                subject=f"event {event.name!r}", problem="it is named like opportunity.won.", plugin=plugin
            )
    for command, plugin in model.of(Command):
        check_known(f"command {command.name!r}", plugin, "role", command.roles, model.roles)


def check_tables(model: Model) -> None:
    """Refuse two entities whose tables would have one name, or that of a table of the lifecycle's own."""
    owners = dict.fromkeys(SYSTEM_TABLES, ("the system", "core"))
    for entity in model.entities.values():
        table = entity.name if entity.provider == "core" else f"{entity.provider}_{entity.name}"
        other, provider = owners.setdefault(table, (entity.name, entity.provider))
        if (other, provider) != (entity.name, entity.provider):
            subject = f"the table {table!r} (of {other} and of {entity.name})"
            raise ClashError(subject=subject, plugins=(provider, entity.provider))


def check_stages(model: Model) -> None:
    """Refuse pipelines of entities without stages, and stages that require fields that don't exist."""
    for pipeline in model.pipelines.values():
        entity = model.entities.get(pipeline.entity)
        if entity is None or not entity.staged:
            problem = f"its entity {pipeline.entity!r} doesn't go through stages."
            raise DeclarationError(subject=f"pipeline {pipeline.name!r}", problem=problem, plugin=pipeline.provider)
        for each in pipeline.stages:
            subject = f"stage {each.name!r} of {pipeline.name!r}"
            check_known(subject, each.provider, f"field of {entity.name}", each.stage.requires, entity.fields)
            goal = each.on_remove.partition("map:")[2]
            check_known(subject, each.provider, "stage", [goal] if goal else [], pipeline.positions)


def check_known(subject: str, plugin: str, sort: str, names: Iterable[str], known: Iterable[str]) -> None:
    """Refuse a name that isn't known."""
    listed = set(known)
    for name in names:
        if name not in listed:
            close = nearest(name, listed)
            hint = f" Did you mean {close!r}?" if close else ""
            problem = f"it speaks of the {sort} {name!r}, which no enabled plugin declares.{hint}"
            raise DeclarationError(subject=subject, problem=problem, plugin=plugin)
