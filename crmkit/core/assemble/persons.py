"""Persons: which records are about a person, followed from declaration to declaration."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from attrs import frozen

from crmkit.core.declare.kinds import AnyRefKind
from crmkit.errors import DeclarationError
from crmkit.translation import _

if TYPE_CHECKING:
    from collections.abc import Iterator

    from crmkit.core.assemble.model import EntityModel, FieldModel, Model

Meaning = Literal["part", "about", "mentions"]
"""What a reference means for the person at its other end: the record is a part of it, is about it, or mentions it."""


@frozen(kw_only=True, eq=False)
class PersonLink:
    """A reference by which records have to do with a person, or with what is about one."""

    entity: EntityModel
    field: FieldModel
    meaning: Meaning


def person_links(model: Model) -> tuple[PersonLink, ...]:
    """Return all references that lead to persons, directly or by records that are about one.

    A reference means what its declaration says. One that says nothing is `part` with `part_of`; and `about` from
    records without personal fields to a person. Anything else is a mention.
    """
    concerned = {name for name, each in model.entities.items() if each.declared.person}
    while True:
        links = tuple(links_to(model, concerned))
        found = concerned | {each.entity.name for each in links if each.meaning != "mentions"}
        if found == concerned:
            return links
        concerned = found


def links_to(model: Model, concerned: set[str]) -> Iterator[PersonLink]:
    """Yield the references to records of some entities."""
    for entity in model.entities.values():
        for name in entity.references:
            field = entity.fields[name]
            targets = targets_of(model, field) & concerned
            if targets:
                yield PersonLink(entity=entity, field=field, meaning=meaning(model, entity, field, targets))


def targets_of(model: Model, field: FieldModel) -> set[str]:
    """Return the entities that a reference may point to."""
    if isinstance(field.kind, AnyRefKind):
        return set(field.kind.targets or model.entities)
    return {str(field.target)}


def meaning(model: Model, entity: EntityModel, field: FieldModel, targets: set[str]) -> Meaning:
    """Return what a reference means for the persons at its other end."""
    if field.declared.person is not None:
        return field.declared.person
    if field.declared.part_of:
        return "part"
    is_direct = any(model.entities[name].declared.person for name in targets)
    is_about = is_direct and not entity.declared.person and not entity.protected
    return "about" if is_about else "mentions"


def check_persons(model: Model) -> None:
    """Refuse entities that hold what is personal and refer to persons, and don't say whose it is.

    Raises:
        DeclarationError: naming the reference, its plugin, and what to say.
    """
    links = [each for each in model.person_links if each.entity.protected and not each.entity.declared.person]
    said = {each.entity.name for each in links if each.field.declared.part_of or each.field.declared.person}
    for link in links:
        entity = link.entity
        if entity.name in said:
            continue
        text = _(
            "it leads to a person, and {entity} holds what is personal ({names}). Say person='about' if its records "
            "are about that person, and erased with them, or person='mentions' if not.",
            entity=entity.name,
            names=", ".join(entity.protected),
        )
        raise DeclarationError(subject=f"{entity.name}.{link.field.name}", problem=text, plugin=link.field.provider)
