"""External sources that are declared once, say who may use them, and speak of what is there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crmkit.core.assemble.profiles import check_names
from crmkit.core.declare.external_sources import ExternalSource
from crmkit.errors import ClashError, DeclarationError
from crmkit.translation import _

if TYPE_CHECKING:
    from crmkit.core.assemble.model import Model


def check_external_sources(model: Model) -> None:
    """Refuse sources of one name that differ, and those that don't say who may use them.

    Raises:
        ClashError: naming both plugins.
        DeclarationError: naming the source and its plugin.
    """
    declared: dict[str, tuple[ExternalSource, str]] = {}
    for source, plugin in model.of(ExternalSource):
        subject = _("external source {name!r}", name=source.name)
        other, owner = declared.setdefault(source.name, (source, plugin))
        if other != source:
            raise ClashError(subject=subject, plugins=(owner, plugin))
        check_names(subject, plugin, source.reads, model.entities)
        check_names(subject, plugin, source.roles, model.roles)
        if source.entity or source.compares or source.ids:
            check_names(subject, plugin, [source.entity], model.entities)
            names = [path.partition(".")[0] for path in source.compares]
            check_names(subject, plugin, names, model.entities[source.entity].fields)
            check_names(subject, plugin, source.compares.values(), source.fields or source.compares.values())
        if not (source.reads or source.roles or source.public):
            text = _("it doesn't say who may look up in it: give reads=, roles= or public=True.")
            raise DeclarationError(subject=subject, problem=text, plugin=plugin)
