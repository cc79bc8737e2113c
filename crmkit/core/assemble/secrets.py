"""Secrets: what a field can't be that is for programs only, as something would tell its value."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crmkit.core.declare.kinds import AnyRefKind, FileKind, RefKind
from crmkit.errors import DeclarationError
from crmkit.translation import _

if TYPE_CHECKING:
    from collections.abc import Iterator

    from crmkit.core.assemble.model import EntityModel, FieldModel, Model


def check_secrets(model: Model) -> None:
    """Refuse secret fields that are searched, compared, or asked for by a rule.

    Raises:
        DeclarationError: naming the field, its plugin, and what gives the value away.
    """
    for entity in model.entities.values():
        for name in entity.secrets:
            field = entity.fields[name]
            for use in uses(model, entity, field):
                text = _("a secret can't be {use}: it would tell what is in it.", use=use)
                raise DeclarationError(subject=f"{entity.name}.{name}", problem=text, plugin=field.provider)


def uses(model: Model, entity: EntityModel, field: FieldModel) -> Iterator[str]:
    """Yield what would tell the value of a secret field."""
    name = field.name
    if field.declared.search:
        yield _("searched (say search=False)")
    if any(name in unique.fields or name == unique.where for unique in entity.uniques):
        yield _("unique")
    if isinstance(field.kind, (RefKind, AnyRefKind)):
        yield _("a reference")
    if isinstance(field.kind, FileKind):
        yield _("a file")
    if any(name in rule.field_names for rule in model.duplicate_rules.get(entity.name, ())):
        yield _("compared by a duplicate rule")
    if name in model.level_rules.get(entity.name, {}):
        yield _("given by a level rule")
    for pipeline in model.pipelines_of(entity.name):
        if any(name in each.stage.requires for each in pipeline.stages):
            yield _("required by a stage")
