"""The model as a person reads it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crmkit.cli.language import echo
from crmkit.cli.output import print_texts
from crmkit.core.declare.access import Role
from crmkit.core.declare.declarations import Command, Report, Setting
from crmkit.translation import _, joined

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import timedelta

    from crmkit.core.assemble.model import EntityModel, FieldModel, Model
    from crmkit.core.assemble.pipelines import PipelineModel

DAY_SECONDS = 86_400


def print_model(model: Model) -> None:
    """Print plugins, entities, pipelines, reports, roles, settings and commands, each with its provider."""
    section(
        model,
        _("Plugins, in their order"),
        (_("Plugin"), _("Version"), _("What it adds")),
        [(each.name, each.manifest.version, each.manifest.summary) for each in model.plugins],
    )
    section(
        model,
        _("Entities"),
        (_("Entity"), _("Label"), _("Fields"), _("By"), _("Extended by")),
        [
            (each.name, each.label, str(len(each.writable)), each.provider, ", ".join(extenders(each)))
            for each in model.entities.values()
        ],
    )
    section(
        model,
        _("Pipelines"),
        (_("Pipeline"), _("Of"), _("Stages"), _("By")),
        [(each.name, each.entity, stages_words(each), each.provider) for each in model.pipelines.values()],
    )
    reports = [(each.name, each.help or each.label, by) for each, by in model.of(Report)]
    section(model, _("Reports"), (_("Report"), _("What it shows"), _("By")), reports)
    section(
        model,
        _("Roles"),
        (_("Role"), _("Label"), _("By")),
        [(each.name, each.label, by) for each, by in model.of(Role)],
    )
    settings = [(each.name, str(model.values[each.name]), each.help, by) for each, by in model.of(Setting)]
    section(model, _("Settings"), (_("Setting"), _("Value"), _("What it does"), _("By")), settings)
    commands = [(each.name, each.help, by) for each, by in model.of(Command)]
    section(model, _("Commands"), (_("Command"), _("What it does"), _("By")), commands)


def section(model: Model, title: str, headings: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print a table under its title, if it has rows."""
    if rows:
        echo(title, bold=True)
        print_texts(headings, rows, model.conventions)
        echo()


def extenders(entity: EntityModel) -> list[str]:
    """Return the plugins that added fields to an entity."""
    providers = (each.provider for each in entity.writable.values())
    return [name for name in dict.fromkeys(providers) if name != entity.provider]


def stages_words(pipeline: PipelineModel) -> str:
    """Return the stages of a pipeline in their order, those of other plugins with their names."""
    return " > ".join(
        each.name if each.provider == pipeline.provider else f"{each.name} [{each.provider}]"
        for each in pipeline.stages
        if not each.stage.hidden
    )


def print_entity(model: Model, entity: EntityModel) -> None:
    """Print the fields, pipelines and rules of an entity."""
    echo(
        _(
            "{entity} ({entity_other}), by {provider}",
            entity=entity.label,
            entity_other=entity.name,
            provider=entity.provider,
        ),
        bold=True,
    )
    rows = [(each.name, each.label, kind_words(each), remarks(each), each.provider) for each in entity.fields.values()]
    print_texts((_("Field"), _("Label"), _("Kind"), _("Remarks"), _("By")), rows, model.conventions)
    for pipeline in model.pipelines_of(entity.name):
        echo()
        is_default = " (default)" if pipeline.is_default else ""
        echo(
            _(
                "Pipeline {pipeline}{is_default}, by {provider}",
                pipeline=pipeline.name,
                is_default=is_default,
                provider=pipeline.provider,
            ),
            bold=True,
        )
        print_texts(
            (_("Stage"), _("Label"), _("Kind"), _("Probability"), _("Limit"), _("Requires"), _("By")),
            [
                (
                    each.name,
                    each.stage.label,
                    f"{each.stage.kind}{', hidden' if each.stage.hidden else ''}",
                    "" if each.stage.probability is None else f"{each.stage.probability:f} %",
                    limit_words(each.stage.limit),
                    ", ".join(each.stage.requires),
                    each.provider,
                )
                for each in pipeline.stages
            ],
            model.conventions,
        )
    if entity.rules:
        echo()
        section(
            model, _("Refused when"), (_("When"), _("Message")), [(each.when, each.message) for each in entity.rules]
        )


def limit_words(limit: timedelta | None) -> str:
    """Return how long a record should stay at most."""
    return "" if limit is None else _("{total_seconds} days", total_seconds=f"{limit.total_seconds() / DAY_SECONDS:g}")


def kind_words(field: FieldModel) -> str:
    """Return a field's kind, for references with what they point to."""
    choices = getattr(field.kind, "choices", None)
    if choices:
        return _("choice: {names}", names=", ".join(each.name for each in choices))
    return _("ref to {target}", target=field.target) if field.target else field.kind.name


def remarks(field: FieldModel) -> str:
    """Return what is special about a field."""
    declared = field.declared
    found = {_("required"): declared.required, _("unique"): declared.unique, _("searched"): declared.search}
    found |= {_("part of it"): declared.part_of, _("set by the CRM"): field.is_system}
    told = [name for name, holds in found.items() if holds]
    default = declared.default
    if default is not None and not callable(default):
        told.append(_("default {default}", default=default))
    return joined(told, ", ")
