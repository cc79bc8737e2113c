"""Readers: users who read a record because a part of it refers to them, such as those who are invited to an event."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crmkit.errors import DeclarationError
from crmkit.translation import _

if TYPE_CHECKING:
    from crmkit.core.assemble.model import EntityModel, FieldModel, Model


def check_readers(model: Model) -> None:
    """Refuse `readers` that name no reference to users of a part of the entity.

    Raises:
        DeclarationError: naming the entity and its plugin.
    """
    for entity in model.entities.values():
        if entity.declared.readers is not None and readers_of(model, entity) is None:
            problem = _("readers= must name the reference of one of its parts to users, such as attendee.who.")
            raise DeclarationError(subject=entity.name, problem=problem, plugin=entity.provider)


def readers_of(model: Model, entity: EntityModel) -> tuple[EntityModel, FieldModel, FieldModel] | None:
    """Return the part of an entity that has its readers, the field of the whole in it, and that of the readers."""
    part_name, _dot, field_name = (entity.declared.readers or "").partition(".")
    part = model.entities.get(part_name)
    field = part.fields.get(field_name) if part is not None else None
    if part is None or field is None or part.whole is None or part.whole.target != entity.name:
        return None
    targets = getattr(field.kind, "targets", None) or (field.target,)
    return (part, part.whole, field) if "user" in targets else None
