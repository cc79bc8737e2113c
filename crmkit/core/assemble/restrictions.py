"""Restrictions that are declared once and speak of entities and roles that are there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crmkit.core.assemble.names import check_names
from crmkit.core.declare.restrictions import Restriction
from crmkit.errors import ClashError
from crmkit.translation import _

if TYPE_CHECKING:
    from crmkit.core.assemble.model import Model


def check_restrictions(model: Model) -> None:
    """Refuse restrictions of one name that differ, and those of entities or for roles that nobody declares.

    Raises:
        ClashError: naming both plugins.
        DeclarationError: naming the restriction and its plugin.
    """
    declared: dict[tuple[str, str], tuple[Restriction, str]] = {}
    for restriction, plugin in model.of(Restriction):
        subject = _("restriction {name!r}", name=restriction.name)
        key = (restriction.entity, restriction.name)
        other, owner = declared.setdefault(key, (restriction, plugin))
        if other != restriction:
            raise ClashError(subject=subject, plugins=(owner, plugin))
        check_names(subject, plugin, [restriction.entity], model.entities)
        check_names(subject, plugin, restriction.except_for, model.roles)


def by_entity(model: Model) -> dict[str, tuple[Restriction, ...]]:
    """Return the restrictions by entity; equal ones of several plugins count once."""
    found: dict[str, dict[Restriction, None]] = {}
    for restriction, _plugin in model.of(Restriction):
        found.setdefault(restriction.entity, {})[restriction] = None
    return {entity: tuple(restrictions) for entity, restrictions in found.items()}
