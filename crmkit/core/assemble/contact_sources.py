"""Contact sources that are declared once, and speak of what is there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crmkit.core.assemble.profiles import check_names
from crmkit.core.declare.contact_sources import ContactSource
from crmkit.errors import ClashError
from crmkit.translation import _

if TYPE_CHECKING:
    from crmkit.core.assemble.model import Model


def check_contact_sources(model: Model) -> None:
    """Refuse sources of one name that differ, and those of an entity that nobody declares.

    Raises:
        ClashError: naming both plugins.
        DeclarationError: naming the source and its plugin.
    """
    declared: dict[str, tuple[ContactSource, str]] = {}
    for source, plugin in model.of(ContactSource):
        subject = _("contact source {name!r}", name=source.name)
        other, owner = declared.setdefault(source.name, (source, plugin))
        if other != source:
            raise ClashError(subject=subject, plugins=(owner, plugin))
        check_names(subject, plugin, [source.entity], model.entities)
