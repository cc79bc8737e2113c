"""Purposes: every sensitive field that is declared says what it is kept for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crmkit.core.assemble.names import each_named
from crmkit.core.declare.names import nearest
from crmkit.core.declare.purposes import Purpose
from crmkit.errors import DeclarationError
from crmkit.translation import _

if TYPE_CHECKING:
    from collections.abc import Mapping

    from crmkit.core.assemble.model import Model

Grounds = dict[str, dict[str, tuple[Purpose, ...]]]
"""By entity and field, the purposes that a field is kept for."""


def check_purposes(model: Model) -> None:
    """Refuse sensitive fields without a purpose, and purposes of fields that aren't there.

    Raises:
        ClashError: if two plugins declare different purposes of one name.
        DeclarationError: naming the purpose or the field, and its plugin.
    """
    for purpose, plugin, _subject in each_named(model, Purpose, lambda each: _("purpose {name!r}", name=each.name)):
        for path in purpose.fields:
            check_path(model, purpose, path, plugin)
    for entity in model.entities.values():
        for name, field in entity.fields.items():
            if field.declared.privacy == "sensitive" and name not in model.grounds.get(entity.name, {}):
                path = f"{entity.name}.{name}"
                text = _(
                    "it is sensitive, and no purpose names it. Declare a Purpose with fields=({path!r},).", path=path
                )
                raise DeclarationError(subject=path, problem=text, plugin=field.provider)


def check_path(model: Model, purpose: Purpose, path: str, plugin: str) -> None:
    """Refuse a path that doesn't name a field."""
    entity, _dot, name = path.partition(".")
    if entity not in model.entities or name not in model.entities[entity].fields:
        known = [f"{each.name}.{field}" for each in model.entities.values() for field in each.fields]
        close = nearest(path, known)
        hint = _(" Did you mean {close!r}?", close=close) if close else ""
        problem = _("no enabled plugin declares the field {path!r}.{hint}", path=path, hint=hint)
        raise DeclarationError(subject=_("purpose {name!r}", name=purpose.name), problem=problem, plugin=plugin)


def grounds_of(purposes: Mapping[str, Purpose]) -> Grounds:
    """Return the purposes of every field that has any."""
    found: Grounds = {}
    for purpose in purposes.values():
        for path in purpose.fields:
            entity, _dot, name = path.partition(".")
            fields = found.setdefault(entity, {})
            fields[name] = (*fields.get(name, ()), purpose)
    return found
