"""Actions that differ by name, and are for entities that there are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crmkit.core.assemble.names import check_names, each_named
from crmkit.core.declare.actions import Action
from crmkit.translation import _

if TYPE_CHECKING:
    from crmkit.core.assemble.model import Model


def check_actions(model: Model) -> None:
    """Refuse two actions of one name, and those for entities that nobody declares.

    Raises:
        ClashError: naming both plugins.
        DeclarationError: naming the action, its plugin and the nearest known name.
    """
    for action, plugin, subject in each_named(model, Action, lambda each: _("action {name!r}", name=each.name)):
        check_names(subject, plugin, action.entities, model.entities)
