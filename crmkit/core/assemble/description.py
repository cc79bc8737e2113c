"""The description of a Model as plain data: what every face, and every other program, can learn about a CRM.

Every part names its `provider`, the plugin that said it. Exact numbers are texts, as everywhere in JSON.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from attrs import asdict

from crmkit.core.declare.access import Role
from crmkit.core.declare.declarations import Command, Event, Report, Setting
from crmkit.core.declare.kinds import AnyRefKind, ChoiceKind
from crmkit.errors import InvalidValue
from crmkit.version import VERSION

if TYPE_CHECKING:
    from collections.abc import Iterable

    from crmkit.core.assemble.model import EntityModel, FieldModel, Model
    from crmkit.core.assemble.pipelines import PipelineModel, StageModel
    from crmkit.core.declare.conventions import Conventions
    from crmkit.core.declare.declarations import Parameter
    from crmkit.core.declare.kinds import Kind
    from crmkit.core.declare.stages import Gate

SCHEMA = "https://json-schema.org/draft/2020-12/schema"


def describe(model: Model) -> dict[str, object]:
    """Return all that was assembled: plugins, entities with fields, stages, reports, roles, settings and the rest."""
    return {
        "crmkit": VERSION,
        "conventions": asdict(model.conventions),
        "plugins": plugins_of(model),
        "entities": {name: describe_entity(model, each) for name, each in model.entities.items()},
        "pipelines": {name: describe_pipeline(each) for name, each in model.pipelines.items()},
        "reports": reports_of(model),
        "roles": roles_of(model),
        "settings": settings_of(model),
        "commands": commands_of(model),
        "events": events_of(model),
    }


def plugins_of(model: Model) -> list[dict[str, object]]:
    """Return the plugins in their order."""
    return [
        {
            "name": each.name,
            "version": each.manifest.version,
            "label": each.manifest.label,
            "summary": each.manifest.summary,
            "requires": list(each.manifest.requires),
            "after": list(each.manifest.after),
        }
        for each in model.plugins
    ]


def describe_entity(model: Model, entity: EntityModel) -> dict[str, object]:
    """Return an entity with its fields, pipelines, rules and the JSON schema of its records."""
    return {
        "name": entity.name,
        "label": entity.label,
        "plural": entity.plural,
        "provider": entity.provider,
        "title": entity.declared.title,
        "owner": entity.owner,
        "private": entity.declared.private,
        "private_by": entity.declared.private_by,
        "readers": entity.declared.readers,
        "part_of": entity.whole.name if entity.whole else None,
        "staged": entity.staged,
        "fields": {name: describe_field(each, model.conventions) for name, each in entity.fields.items()},
        "pipelines": [each.name for each in model.pipelines_of(entity.name)],
        "unique": [{"fields": list(each.fields), "where": each.where or None} for each in entity.uniques],
        "rules": [
            {"name": each.name, "when": each.when, "message": each.message, "path": each.path or None}
            for each in entity.rules
        ],
        "json_schema": entity_schema(entity),
    }


def describe_field(field: FieldModel, conventions: Conventions) -> dict[str, object]:
    """Return a field: its kind, what it may hold, and how faces show it."""
    kind, declared = field.kind, field.declared
    targets = list(kind.targets) if isinstance(kind, AnyRefKind) else [field.target] if field.target else []
    return {
        "name": field.name,
        "label": field.label,
        "help": declared.help,
        "kind": kind.name,
        "widget": kind.widget,
        "provider": field.provider,
        "required": declared.required,
        "unique": declared.unique,
        "search": declared.search,
        "index": declared.index,
        "system": field.is_system,
        "locked": declared.locked,
        "bookkeeping": declared.bookkeeping,
        "part_of": declared.part_of,
        "default": default_json(kind, declared.default, conventions),
        "choices": [asdict(each) for each in kind.choices] if isinstance(kind, ChoiceKind) else None,
        "targets": targets or None,
        "json_schema": dict(kind.json_schema()),
    }


def default_json(kind: Kind, default: object, conventions: Conventions) -> object:
    """Return a default value as JSON; one that is computed for each record is not told."""
    if default is None or callable(default):
        return None
    try:
        value = kind.parse(default, conventions)
    except InvalidValue:
        return str(default)
    return None if value is None else kind.to_json(value)


def entity_schema(entity: EntityModel) -> dict[str, object]:
    """Return the JSON schema (2020-12) of an entity's records; fields that only the CRM writes are read-only."""
    properties: dict[str, object] = {}
    for name, field in entity.fields.items():
        schema = {**field.kind.json_schema(), "title": field.label}
        if not field.declared.required and not field.is_system:
            schema = {"anyOf": [field.kind.json_schema(), {"type": "null"}], "title": field.label}
        properties[name] = schema | ({"readOnly": True} if field.is_system else {})
    return {
        "$schema": SCHEMA,
        "title": entity.label,
        "type": "object",
        "properties": properties,
        "required": [name for name, field in entity.writable.items() if field.declared.required],
        "additionalProperties": False,
    }


def describe_pipeline(pipeline: PipelineModel) -> dict[str, object]:
    """Return a pipeline with its stages in their order."""
    declared = pipeline.declared
    return {
        "name": pipeline.name,
        "label": declared.label,
        "entity": pipeline.entity,
        "provider": pipeline.provider,
        "is_default": pipeline.is_default,
        "forward": declared.forward,
        "back": declared.back,
        "reopen": declared.reopen,
        "moves": [[each.source, each.target] for each in pipeline.moves],
        "stages": [describe_stage(each) for each in pipeline.stages],
    }


def describe_stage(found: StageModel) -> dict[str, object]:
    """Return a stage with its gates; `limit_days` is how long a record should stay at most."""
    stage = found.stage
    return {
        "name": stage.name,
        "label": stage.label,
        "kind": stage.kind,
        "provider": found.provider,
        "probability": None if stage.probability is None else format(stage.probability, "f"),
        "limit_days": None if stage.limit is None else stage.limit / timedelta(days=1),
        "requires": list(stage.requires),
        "entry": describe_gates(stage.entry),
        "leave": describe_gates(stage.leave),
        "hidden": stage.hidden,
        "on_remove": found.on_remove,
    }


def describe_gates(gates: Iterable[Gate]) -> list[dict[str, object]]:
    """Return conditions of a stage."""
    return [{"condition": each.condition, "message": each.message, "path": each.path} for each in gates]


def describe_parameters(parameters: Iterable[Parameter], conventions: Conventions) -> list[dict[str, object]]:
    """Return the parameters of a report or a command."""
    return [
        {
            "name": each.name,
            "label": each.label,
            "help": each.help,
            "kind": each.kind.name,
            "required": each.required,
            "default": default_json(each.kind, each.default, conventions),
            "json_schema": dict(each.kind.json_schema()),
        }
        for each in parameters
    ]


def reports_of(model: Model) -> list[dict[str, object]]:
    """Return the reports with their parameters."""
    return [
        {
            "name": each.name,
            "label": each.label,
            "help": each.help,
            "provider": provider,
            "reads": list(each.reads),
            "roles": list(each.roles),
            "public": each.public,
            "parameters": describe_parameters(each.parameters, model.conventions),
        }
        for each, provider in model.of(Report)
    ]


def roles_of(model: Model) -> list[dict[str, object]]:
    """Return the roles with their grants."""
    return [
        {
            "name": each.name,
            "label": each.label,
            "provider": provider,
            "grants": [asdict(grant) for grant in each.grants],
            "reports": list(each.reports),
            "commands": list(each.commands),
        }
        for each, provider in model.of(Role)
    ]


def settings_of(model: Model) -> list[dict[str, object]]:
    """Return the settings with their values."""
    return [
        {
            "name": each.name,
            "help": each.help,
            "kind": each.kind.name,
            "provider": provider,
            "default": default_json(each.kind, each.default, model.conventions),
            "value": default_json(each.kind, model.values[each.name], model.conventions),
        }
        for each, provider in model.of(Setting)
    ]


def commands_of(model: Model) -> list[dict[str, object]]:
    """Return the commands that plugins add to the command line."""
    return [
        {
            "name": each.name,
            "help": each.help,
            "provider": provider,
            "roles": list(each.roles),
            "public": each.public,
            "parameters": describe_parameters(each.parameters, model.conventions),
        }
        for each, provider in model.of(Command)
    ]


def events_of(model: Model) -> list[dict[str, object]]:
    """Return the events beyond those that every entity has."""
    return [
        {"name": each.name, "entity": each.entity, "help": each.help, "provider": provider}
        for each, provider in model.of(Event)
    ]
