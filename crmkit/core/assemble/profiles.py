"""Profile sections that fit the entities that they speak of."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crmkit.core.assemble.names import check_names, each_named
from crmkit.core.declare.profiles import ProfileSection
from crmkit.errors import DeclarationError
from crmkit.translation import _

if TYPE_CHECKING:
    from crmkit.core.assemble.model import Model


def check_profiles(model: Model) -> None:
    """Refuse sections of one name that differ, and those that speak of what nobody declares.

    Raises:
        ClashError: naming both plugins.
        DeclarationError: naming the section, its plugin and the nearest known name.
    """
    for section, plugin, subject in each_named(model, ProfileSection, called):
        check_names(subject, plugin, [section.of, section.entity], model.entities)
        paths = [section.through, *section.fields, *(each.strip().lstrip("-") for each in section.order.split(","))]
        check_names(subject, plugin, [path.partition(".")[0] for path in paths], model.entities[section.entity].fields)
        check_names(subject, plugin, section.nested, model.profile_sections.get(section.entity, {}))
        if section.limit < 1:
            raise DeclarationError(subject=subject, problem=_("it shows at least one record."), plugin=plugin)


def called(section: ProfileSection) -> str:
    """Return what errors call a section."""
    return _("profile section {name!r} of {entity}", name=section.name, entity=section.of)
