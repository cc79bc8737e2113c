"""External sources that are declared once, say who may use them, and speak of what is there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crmkit.core.assemble.names import check_names, each_named
from crmkit.core.declare.external_sources import ExternalSource
from crmkit.errors import DeclarationError
from crmkit.translation import _

if TYPE_CHECKING:
    from crmkit.core.assemble.model import Model


def check_external_sources(model: Model) -> None:
    """Refuse sources of one name that differ, and those that don't say who may use them.

    Raises:
        ClashError: naming both plugins.
        DeclarationError: naming the source and its plugin.
    """
    for source, plugin, subject in each_named(
        model, ExternalSource, lambda each: _("external source {name!r}", name=each.name)
    ):
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
