"""Contact sources that are declared once, and speak of what is there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crmkit.core.assemble.names import check_names, each_named
from crmkit.core.declare.contact_sources import ContactSource
from crmkit.translation import _

if TYPE_CHECKING:
    from crmkit.core.assemble.model import Model


def check_contact_sources(model: Model) -> None:
    """Refuse sources of one name that differ, and those of an entity that nobody declares.

    Raises:
        ClashError: naming both plugins.
        DeclarationError: naming the source and its plugin.
    """
    for source, plugin, subject in each_named(
        model, ContactSource, lambda each: _("contact source {name!r}", name=each.name)
    ):
        check_names(subject, plugin, [source.entity], model.entities)
