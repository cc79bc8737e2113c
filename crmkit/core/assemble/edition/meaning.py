"""Meaning: whether the names in an edition are those of the assembled plugins, and what labels and choices declare."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crmkit.core.assemble.edition.structuring import shown
from crmkit.core.declare.declarations import AddChoice, Relabel
from crmkit.core.declare.kinds import AnyRefKind, Choice, ChoiceKind, RefKind
from crmkit.core.declare.stages import ChangeStage
from crmkit.errors import DeclarationError, InvalidValue
from crmkit.translation import _

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from crmkit.core.assemble.edition.edition import Edition
    from crmkit.core.assemble.edition.structuring import Problems
    from crmkit.core.assemble.model import Model
    from crmkit.core.declare.fields import Field

Names = dict[str, set[str]]
EVERYTHING = "*"


def check(edition: Edition, model: Model, problems: Problems) -> None:
    """Note every name of the edition that no plugin, and not the edition itself, declares."""
    fields = field_names(edition, model)
    stages = stage_names(edition, model)
    check_settings(edition, model, problems)
    check_fields(edition, model, problems)
    check_choices(edition, model, problems, fields)
    check_stages(edition, model, problems, fields, stages)
    check_labels(edition, problems, fields, stages)
    check_roles(edition, model, problems, fields)
    for place, rule in edition.rules:
        if known_entity(f"{place}.entity", rule.entity, fields, problems) and rule.path:
            known_field(f"{place}.path", rule.entity, rule.path, fields, problems)


def check_roles(edition: Edition, model: Model, problems: Problems, fields: Names) -> None:
    """Note reports, commands, entities and fields that roles speak of and that don't exist."""
    for place, role in edition.roles:
        for name in role.reports:
            if name != EVERYTHING and name not in model.reports:
                problems.unknown(f"{place}.reports", "report", name, model.reports)
        for name in role.commands:
            if name != EVERYTHING and name not in model.commands:
                problems.unknown(f"{place}.commands", "command", name, model.commands)
        for grant in role.grants:
            if grant.entity != EVERYTHING and known_entity(
                f"{place}.grants.{grant.entity}", grant.entity, fields, problems
            ):
                for name in grant.field_names:
                    known_field(f"{place}.grants.{grant.entity}", grant.entity, name, fields, problems)


def field_names(edition: Edition, model: Model) -> Names:
    """Return the names of all fields by entity, the edition's own included."""
    found = {name: set(entity.fields) for name, entity in model.entities.items()}
    for each in edition.extensions:
        if each.entity in found:
            found[each.entity] |= {field.name for field in each.fields}
    return found


def stage_names(edition: Edition, model: Model) -> Names:
    """Return the names of all stages by pipeline, the edition's own included."""
    found = {name: set(pipeline.positions) for name, pipeline in model.pipelines.items()}
    found |= {each.name: {stage.name for stage in each.stages} for _, each in edition.pipelines}
    for _plugin, added in edition.stages:
        if added.pipeline in found:
            found[added.pipeline].add(added.stage.name)
    return found


def known_entity(place: str, name: str, fields: Names, problems: Problems) -> bool:
    """Return whether there is such an entity, noting if not."""
    if name not in fields:
        problems.unknown(place, "entity", name, fields)
    return name in fields


def known_field(place: str, entity: str, name: str, fields: Names, problems: Problems) -> bool:
    """Return whether the entity has such a field, noting if not."""
    if name not in fields[entity]:
        problems.unknown(place, _("field of {entity}", entity=entity), name, fields[entity])
    return name in fields[entity]


def check_settings(edition: Edition, model: Model, problems: Problems) -> None:
    """Note settings that no plugin declares, or whose values don't fit."""
    for name, value in edition.settings.items():
        setting = model.settings.get(name)
        if setting is None:
            problems.unknown(f"settings.{name}", "setting", name, model.settings)
            continue
        try:
            setting.kind.parse(value, model.conventions)
        except InvalidValue as error:
            problems.add(f"settings.{name}", str(error))


def check_fields(edition: Edition, model: Model, problems: Problems) -> None:
    """Note further fields of entities that don't exist, or that refer to such, or whose name is taken."""
    for each in edition.extensions:
        place = f"fields.{each.entity}"
        if each.entity not in model.entities:
            problems.unknown(place, "entity", each.entity, model.entities)
            continue
        for field in each.fields:
            other = model.entities[each.entity].fields.get(field.name)
            if other is not None and other.declared != field:
                text = _(
                    "The plugin {provider!r} has a field of that name already. Choose another name.",
                    provider=other.provider,
                )
                problems.add(f"{place}.{field.name}", text)
            for target in targets_of(field):
                if target not in model.entities:
                    problems.unknown(f"{place}.{field.name}", "entity", target, model.entities)


def targets_of(field: Field) -> tuple[str, ...]:
    """Return the entities that a field refers to."""
    if isinstance(field.kind, RefKind):
        return (field.kind.target,)
    return field.kind.targets if isinstance(field.kind, AnyRefKind) else ()


def check_choices(edition: Edition, model: Model, problems: Problems, fields: Names) -> None:
    """Note further choices of fields that don't exist or have no choices, and choices that are there already."""
    own = {f"{each.entity}.{field.name}": field.kind for each in edition.extensions for field in each.fields}
    for path, names in edition.choices.items():
        place = f"choices.{shown(path)}"
        entity, _dot, name = path.partition(".")
        if not known_entity(place, entity, fields, problems) or not known_field(place, entity, name, fields, problems):
            continue
        kind = own.get(path) or model.entities[entity].fields[name].kind
        if not isinstance(kind, ChoiceKind):
            problems.add(place, _("It is not a choice field."))
            continue
        taken = {choice.name for choice in kind.choices} & names.keys()
        for choice in sorted(taken):
            problems.add(place, _("It has the choice {choice!r} already.", choice=choice))


def check_stages(edition: Edition, model: Model, problems: Problems, fields: Names, stages: Names) -> None:
    """Note stages whose pipeline, neighbours or required fields don't exist."""
    entities = {name: pipeline.entity for name, pipeline in model.pipelines.items()}
    for place, pipeline in edition.pipelines:
        if known_entity(f"{place}.entity", pipeline.entity, fields, problems):
            entities[pipeline.name] = pipeline.entity
            if not model.entities[pipeline.entity].staged:
                problems.add(
                    f"{place}.entity", _("The entity {entity!r} doesn't go through stages.", entity=pipeline.entity)
                )
            for stage in pipeline.stages:
                check_required(place, pipeline.entity, stage.requires, fields, problems)
    for place, added in edition.stages:
        wanted = {"after": added.after, "before": added.before, "on_remove": mapped(added.on_remove)}
        check_neighbours(place, added.pipeline, wanted, stages, problems)
        if added.pipeline in entities:
            check_required(place, entities[added.pipeline], added.stage.requires, fields, problems)
    for place, change in edition.changes:
        wanted = {"stage": change.stage, "after": change.after, "before": change.before}
        check_neighbours(place, change.pipeline, wanted, stages, problems)
        if change.pipeline in entities:
            check_required(place, entities[change.pipeline], change.requires, fields, problems)


def check_neighbours(
    place: str, pipeline: str, wanted: Mapping[str, str | None], stages: Names, problems: Problems
) -> None:
    """Note a pipeline that doesn't exist, or stages that it doesn't have."""
    if pipeline not in stages:
        problems.unknown(f"{place}.pipeline", "pipeline", pipeline, stages)
        return
    for key, stage in wanted.items():
        if stage is not None and stage not in stages[pipeline]:
            problems.unknown(
                f"{place}.{key}", _("stage of the pipeline {pipeline!r}", pipeline=pipeline), stage, stages[pipeline]
            )


def check_required(place: str, entity: str, names: tuple[str, ...], fields: Names, problems: Problems) -> None:
    """Note required fields that the entity doesn't have."""
    for name in names:
        if entity in fields:
            known_field(f"{place}.requires", entity, name, fields, problems)


def mapped(on_remove: str) -> str | None:
    """Return the stage that records are to be mapped to."""
    return on_remove.removeprefix("map:") if on_remove.startswith("map:") else None


def check_labels(edition: Edition, problems: Problems, fields: Names, stages: Names) -> None:
    """Note labels of what doesn't exist."""
    for path in edition.labels:
        owner, dot, name = path.partition(".")
        place = f"labels.{shown(path)}"
        if owner not in fields and owner not in stages:
            problems.unknown(place, "entity", owner, fields)
        elif dot and name not in fields.get(owner, set()) | stages.get(owner, set()):
            known = fields.get(owner, set()) | stages.get(owner, set())
            problems.unknown(place, _("field or stage of {owner}", owner=owner), name, known)
        elif not dot and owner not in fields:
            problems.unknown(place, "entity", owner, fields)


def relabelled(edition: Edition, model: Model) -> Iterator[Relabel | ChangeStage]:
    """Yield what the labels declare: of an entity, of a field, or else of a pipeline's stage."""
    fields, stages = field_names(edition, model), stage_names(edition, model)
    for path, label in edition.labels.items():
        owner, dot, name = path.partition(".")
        if not dot or name in fields.get(owner, set()):
            yield Relabel(path, label)
        elif name in stages.get(owner, set()):
            yield ChangeStage(owner, name, label=label)


def choice_names(given: object, problems: Problems) -> dict[str, dict[str, str]]:
    """Return further choices by field: a list of names, or a table of labels by name."""
    found: dict[str, dict[str, str]] = {}
    if not isinstance(given, dict):
        problems.add("choices", _("It is not a table; write [choices]."))
        return found
    for path, names in given.items():
        place = f"choices.{shown(path)}"
        labels = dict.fromkeys(names, "") if is_names(names) else names
        if not isinstance(labels, dict) or not all(isinstance(label, str) for label in labels.values()):
            problems.add(
                place,
                _('{shown} is neither a list of names nor a table of labels. Write ["a", "b"].', shown=shown(names)),
            )
            continue
        try:
            found[path] = {Choice(name, label).name: label for name, label in labels.items()}
        except DeclarationError as error:
            problems.add(place, str(error))
    return found


def is_names(given: object) -> bool:
    """Return whether it is a list of texts."""
    return isinstance(given, list) and all(isinstance(each, str) for each in given)


def added_choices(edition: Edition) -> Iterator[AddChoice]:
    """Yield the further choices."""
    for path, names in edition.choices.items():
        for name, label in names.items():
            yield AddChoice(path, Choice(name, label))
