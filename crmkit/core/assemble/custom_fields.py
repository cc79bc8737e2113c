"""Custom fields: what an administrator defined while the CRM runs becomes fields of an assembled Model."""

from __future__ import annotations

from decimal import Decimal
from types import MappingProxyType
from typing import TYPE_CHECKING

from attrs import asdict, evolve, frozen

from crmkit.core.assemble.edition.fields import declared_field, options_of
from crmkit.core.assemble.edition.structuring import Problems
from crmkit.core.assemble.entities import check_columns, field_model
from crmkit.errors import AssemblyError
from crmkit.translation import _

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from crmkit.core.assemble.model import EntityModel, FieldModel, Model
    from crmkit.core.declare.conventions import Conventions
    from crmkit.core.declare.fields import Field, Privacy

PROVIDER = "custom_field"
"""What stands for a plugin with custom fields: the entity of their definitions."""
FIRST = ("id", "version")


@frozen(kw_only=True)
class Definition:
    """A custom field as it is defined.

    Attributes:
        choices: the labels of a choice field, by name.
        promoted: whether its values are in columns of their own.
        active: whether it is there; one that is hidden keeps its values.
    """

    entity: str
    name: str
    kind: str
    label: str = ""
    help: str = ""
    choices: Mapping[str, str] | None = None
    default: str | None = None
    scale: int | None = None
    min: Decimal | None = None
    max: Decimal | None = None
    required: bool = False
    search: bool = False
    index: bool = False
    privacy: Privacy = "normal"
    promoted: bool = False
    active: bool = True

    def declared(self, conventions: Conventions, problems: Problems) -> Field | None:
        """Return the declaration that a plugin would make of it, or None after noting what is wrong with it."""
        beyond = {"entity", "name", "privacy", "promoted", "active"}
        table = {key: value for key, value in asdict(self).items() if value and key not in beyond}
        table |= {key: str(value) for key, value in table.items() if isinstance(value, Decimal)}
        if self.scale is not None:
            table["scale"] = self.scale
        if "search" in options_of(self.kind):
            table["search"] = self.search  # addresses and numbers of telephones are searched unless this is said
        made = declared_field(self.entity, self.name, table, problems, conventions)
        return None if made is None else evolve(made, privacy=self.privacy)


def custom_field(definition: Definition, declared: Field) -> FieldModel:
    """Return the field of a definition."""
    return evolve(field_model(declared, PROVIDER), in_extra=not definition.promoted)


def extended(entity: EntityModel, added: Iterable[FieldModel]) -> EntityModel:
    """Return an entity with further fields behind those that plugins declare.

    Raises:
        ClashError: if one of them needs the name of a column that is there.
    """
    last = {name: each for name, each in entity.fields.items() if each.is_system and name not in FIRST}
    first = {name: each for name, each in entity.fields.items() if name not in last}
    fields = {**first, **{each.name: each for each in added}, **last}
    check_columns(entity.name, fields.values())
    return evolve(entity, fields=MappingProxyType(fields))


def with_custom_fields(model: Model, definitions: Iterable[Definition]) -> Model:
    """Return the model with custom fields.

    What doesn't fit the model is left out: nothing that stands in a table may keep everybody from working. A field that
    a plugin declares is the plugin's.
    """
    entities = dict(model.entities)
    for each in definitions:
        entity = entities.get(each.entity)
        declared = None if entity is None else each.declared(model.conventions, Problems())
        if entity is None or declared is None or each.name in entity.fields:
            continue
        try:
            entities[each.entity] = extended(entity, [custom_field(each, declared)])
        except AssemblyError:
            continue
    return evolve(model, entities=MappingProxyType(entities))


def problems_of(definition: Definition, entity: EntityModel, conventions: Conventions) -> list[str]:
    """Return what keeps a definition from being a field of an entity."""
    problems = Problems()
    declared = definition.declared(conventions, problems)
    if declared is None:
        return problems.found
    if definition.privacy == "secret" and definition.search:
        return [_("A secret can't be searched: it would tell what is in it.")]
    if definition.name in entity.fields:
        provider = entity.fields[definition.name].provider
        text = _(
            "{entity} has a field {name} already, of {plugin}.",
            entity=entity.name,
            name=definition.name,
            plugin=provider,
        )
        return [text]
    try:
        extended(entity, [custom_field(definition, declared)])
    except AssemblyError as error:
        return [str(error)]
    return []
