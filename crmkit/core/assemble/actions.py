"""Actions that differ by name, and are for entities that there are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crmkit.core.assemble.profiles import check_names
from crmkit.core.declare.actions import Action
from crmkit.errors import ClashError
from crmkit.translation import _

if TYPE_CHECKING:
    from crmkit.core.assemble.model import Model


def check_actions(model: Model) -> None:
    """Refuse two actions of one name, and those for entities that nobody declares.

    Raises:
        ClashError: naming both plugins.
        DeclarationError: naming the action, its plugin and the nearest known name.
    """
    known: dict[str, tuple[Action, str]] = {}
    for action, plugin in model.of(Action):
        subject = _("action {name!r}", name=action.name)
        other, owner = known.setdefault(action.name, (action, plugin))
        if other != action:
            raise ClashError(subject=subject, plugins=(owner, plugin))
        check_names(subject, plugin, action.entities, model.entities)
