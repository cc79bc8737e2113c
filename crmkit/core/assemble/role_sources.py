"""Role sources that speak of what is there, and the entities whose records rights depend on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crmkit.core.assemble.names import check_names, each_named
from crmkit.core.declare.kinds import DateKind, TagsKind
from crmkit.core.declare.role_sources import RoleSource
from crmkit.errors import DeclarationError
from crmkit.translation import _

if TYPE_CHECKING:
    from crmkit.core.assemble.model import EntityModel, Model


def raising_entities(model: Model) -> frozenset[str]:
    """Return the entities, beside users, whose records give roles or name them."""
    found = {source.entity for source, _plugin in model.of(RoleSource)}
    for source, _plugin in model.of(RoleSource):
        if source.through:
            found.add(str(model.entities[source.entity].fields[source.through].target))
    return frozenset(found)


def check_role_sources(model: Model) -> None:
    """Refuse sources of one name that differ, and those whose fields are none that could give roles.

    Raises:
        ClashError: naming both plugins.
        DeclarationError: naming the source and its plugin.
    """
    for source, plugin, subject in each_named(
        model, RoleSource, lambda each: _("role source {name!r}", name=each.name)
    ):
        check_names(subject, plugin, [source.entity], model.entities)
        entity = model.entities[source.entity]
        named = [each for each in (source.user, source.through, source.since, source.until) if each]
        check_names(subject, plugin, named, entity.fields)
        target = naming(model, entity, source)
        check_names(subject, plugin, [source.field], target.fields)
        problem = problem_of(entity, target, source)
        if problem:
            raise DeclarationError(subject=subject, problem=problem, plugin=plugin)


def naming(model: Model, entity: EntityModel, source: RoleSource) -> EntityModel:
    """Return the entity whose records name the roles."""
    target = entity.fields[source.through].target if source.through else None
    return entity if target is None else model.entities[target]


def problem_of(entity: EntityModel, target: EntityModel, source: RoleSource) -> str:
    """Return what is wrong with the kinds of a source's fields, empty if nothing is."""
    if entity.fields[source.user].target != "user":
        return _("{name} is no reference to a user.", name=source.user)
    if not isinstance(target.fields[source.field].kind, TagsKind):
        return _("{name} are no tags.", name=source.roles)
    for name in (source.since, source.until):
        if name and not isinstance(entity.fields[name].kind, DateKind):
            return _("{name} is no date.", name=name)
    return ""
