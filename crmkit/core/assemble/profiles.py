"""Profile sections that fit the entities that they speak of."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crmkit.core.declare.names import nearest
from crmkit.core.declare.profiles import ProfileSection
from crmkit.errors import ClashError, DeclarationError
from crmkit.translation import _

if TYPE_CHECKING:
    from collections.abc import Iterable

    from crmkit.core.assemble.model import Model


def check_profiles(model: Model) -> None:
    """Refuse sections of one name that differ, and those that speak of what nobody declares.

    Raises:
        ClashError: naming both plugins.
        DeclarationError: naming the section, its plugin and the nearest known name.
    """
    declared: dict[tuple[str, str], tuple[ProfileSection, str]] = {}
    for section, plugin in model.of(ProfileSection):
        other, owner = declared.setdefault((section.of, section.name), (section, plugin))
        subject = _("profile section {name!r} of {entity}", name=section.name, entity=section.of)
        if other != section:
            raise ClashError(subject=subject, plugins=(owner, plugin))
        check_names(subject, plugin, [section.of, section.entity], model.entities)
        paths = [section.through, *section.fields, *(each.strip().lstrip("-") for each in section.order.split(","))]
        check_names(subject, plugin, [path.partition(".")[0] for path in paths], model.entities[section.entity].fields)
        check_names(subject, plugin, section.nested, model.profile_sections.get(section.entity, {}))
        if section.limit < 1:
            raise DeclarationError(subject=subject, problem=_("it shows at least one record."), plugin=plugin)


def check_names(subject: str, plugin: str, names: Iterable[str], known: Iterable[str]) -> None:
    """Refuse a name that isn't known."""
    listed = list(known)
    for name in names:
        if name not in listed:
            close = nearest(name, listed)
            hint = _(" Did you mean {close!r}?", close=close) if close else ""
            problem = _("there is no {name!r}.{hint}", name=name, hint=hint)
            raise DeclarationError(subject=subject, problem=problem, plugin=plugin)
