"""Worklist kinds that fit the entities that they speak of."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crmkit.core.assemble.profiles import check_names
from crmkit.core.declare.worklists import WorklistKind
from crmkit.errors import ClashError
from crmkit.translation import _

if TYPE_CHECKING:
    from crmkit.core.assemble.model import Model


def check_worklists(model: Model) -> None:
    """Refuse two worklist kinds of one name, and those that speak of what nobody declares.

    Raises:
        ClashError: naming both plugins.
        DeclarationError: naming the kind, its plugin and the nearest known name.
    """
    known: dict[str, tuple[WorklistKind, str]] = {}
    for kind, plugin in model.of(WorklistKind):
        subject = _("worklist kind {name!r}", name=kind.name)
        other, owner = known.setdefault(kind.name, (kind, plugin))
        if other != kind:
            raise ClashError(subject=subject, plugins=(owner, plugin))
        check_names(subject, plugin, [kind.entity], model.entities)
        sorted_by = (each.strip().lstrip("-") for each in kind.order.split(","))
        paths = [each for each in (*sorted_by, kind.until, kind.title) if each]
        check_names(subject, plugin, [each.partition(".")[0] for each in paths], model.entities[kind.entity].fields)
        check_names(subject, plugin, kind.roles, model.roles)
