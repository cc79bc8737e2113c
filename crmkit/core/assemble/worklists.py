"""Worklist kinds that fit the entities that they speak of."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crmkit.core.assemble.names import check_names, each_named
from crmkit.core.declare.worklists import WorklistKind
from crmkit.translation import _

if TYPE_CHECKING:
    from crmkit.core.assemble.model import Model


def check_worklists(model: Model) -> None:
    """Refuse two worklist kinds of one name, and those that speak of what nobody declares.

    Raises:
        ClashError: naming both plugins.
        DeclarationError: naming the kind, its plugin and the nearest known name.
    """
    for kind, plugin, subject in each_named(
        model, WorklistKind, lambda each: _("worklist kind {name!r}", name=each.name)
    ):
        check_names(subject, plugin, [kind.entity], model.entities)
        order = kind.order if isinstance(kind.order, str) else ""
        sorted_by = (each.strip().lstrip("-") for each in order.split(","))
        paths = [each for each in (*sorted_by, *kind.times, kind.title) if each]
        check_names(subject, plugin, [each.partition(".")[0] for each in paths], model.entities[kind.entity].fields)
        check_names(subject, plugin, kind.roles, model.roles)
