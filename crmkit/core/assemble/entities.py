"""Entities: the declared ones, with every extension, choice, label, rule and unique combination."""

from __future__ import annotations

from functools import cache
from importlib.util import find_spec
from types import MappingProxyType
from typing import TYPE_CHECKING

from attrs import evolve

from crmkit.core.assemble.model import EntityModel, FieldModel
from crmkit.core.declare.declarations import AddChoice, Relabel, Rule, Unique
from crmkit.core.declare.fields import Field
from crmkit.core.declare.kinds import BooleanKind, ChoiceKind, DateTimeKind, IntegerKind, RefKind, TextKind
from crmkit.core.declare.names import nearest
from crmkit.errors import ClashError, DeclarationError
from crmkit.translation import _

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from crmkit.core.assemble.model import Part
    from crmkit.core.declare.kinds import Kind
    from crmkit.core.declare.records import Entity, Extension

NAME_LENGTH = 41
FIRST: Mapping[str, Kind] = {"id": IntegerKind(min=1), "version": IntegerKind(min=1)}
STAGE: Mapping[str, Kind] = {
    "pipeline": TextKind(max=NAME_LENGTH),
    "stage": TextKind(max=NAME_LENGTH),
    "stage_kind": TextKind(max=NAME_LENGTH),
    "stage_since": DateTimeKind(),
}
LAST: Mapping[str, Kind] = {
    "created_at": DateTimeKind(),
    "created_by": RefKind(target="user"),
    "updated_at": DateTimeKind(),
    "updated_by": RefKind(target="user"),
    "deleted_at": DateTimeKind(),
}
INDEXED = {"stage", "stage_kind", "created_at"}


def assemble_entities(parts: Iterable[Part], *, pinyin: bool = False) -> dict[str, EntityModel]:
    """Assemble all entities; with `pinyin`, texts that are searched are found by their pinyin, too.

    Raises:
        ClashError: if two plugins declare one entity or field differently.
        DeclarationError: if a declaration speaks of an entity or field that doesn't exist.
    """
    parts = list(parts)
    building: dict[str, _Building] = {}
    for part in parts:
        entity = getattr(part.declaration, "__crmkit_entity__", None)
        if entity is not None:
            other = building.setdefault(entity.name, _Building(entity, part.plugin))
            if other.entity != entity:
                raise ClashError(
                    subject=_("entity {entity!r}", entity=entity.name), plugins=(other.provider, part.plugin)
                )
    for part in parts:
        extension = getattr(part.declaration, "__crmkit_extension__", None)
        if extension is not None:
            _named(building, extension.entity, part.plugin).extend(extension, part.plugin)
    for part in parts:
        _refine(building, part.declaration, part.plugin)
    if pinyin:
        for each in building.values():
            each.search_by_pinyin()
    made = {name: each.finished() for name, each in building.items()}
    check_references(made)
    return made


def _refine(building: dict[str, _Building], declaration: object, plugin: str) -> None:
    if isinstance(declaration, AddChoice):
        entity, _dot, name = declaration.field.partition(".")
        _named(building, entity, plugin).add_choice(name, declaration, plugin)
    elif isinstance(declaration, Relabel):
        entity, _dot, name = declaration.target.partition(".")
        _named(building, entity, plugin).relabel(name, declaration, plugin)
    elif isinstance(declaration, (Rule, Unique)):
        _named(building, declaration.entity, plugin).restrict(declaration, plugin)


def _named(building: dict[str, _Building], name: str, plugin: str) -> _Building:
    if name not in building:
        close = nearest(name, building)
        hint = _(" Did you mean {close!r}?", close=close) if close else ""
        raise DeclarationError(
            subject=_("entity {name!r}", name=name),
            problem=_("no enabled plugin declares it.{hint}", hint=hint),
            plugin=plugin,
        )
    return building[name]


def check_references(entities: dict[str, EntityModel]) -> None:
    """Refuse references to entities that don't exist."""
    for entity in entities.values():
        for each in entity.fields.values():
            if each.target is not None and each.target not in entities:
                subject = f"{entity.name}.{each.name}"
                problem = _("it refers to the entity {target!r}, which no enabled plugin declares.", target=each.target)
                raise DeclarationError(subject=subject, problem=problem, plugin=each.provider)


def system_fields(kinds: Mapping[str, Kind]) -> dict[str, FieldModel]:
    """Return the fields that only the lifecycle writes."""
    return {name: system_field(name, kind) for name, kind in kinds.items()}


@cache
def system_field(name: str, kind: Kind) -> FieldModel:
    """Return one of them, the same for every entity."""
    return field_model(Field(kind=kind, index=name in INDEXED).named(name, required=False), "core", is_system=True)


def field_model(declared: Field, provider: str, *, is_system: bool = False) -> FieldModel:
    """Return a field with the names of its columns."""
    columns = tuple(declared.name + part.suffix for part in declared.kind.parts)
    return FieldModel(
        name=declared.name,
        kind=declared.kind,
        declared=declared,
        provider=provider,
        columns=columns,
        is_system=is_system,
    )


def check_columns(entity: str, fields: Iterable[FieldModel]) -> None:
    """Refuse two fields of an entity that need one column."""
    owners: dict[str, FieldModel] = {}
    for each in fields:
        for column in (*each.columns, *([each.key_column] if each.key_column else [])):
            other = owners.setdefault(column, each)
            if other is not each:
                subject = _(
                    "column {column} of {entity} ({other} and {name})",
                    column=column,
                    entity=entity,
                    other=other.name,
                    name=each.name,
                )
                raise ClashError(subject=subject, plugins=(other.provider, each.provider))


class _Building:
    """An entity while plugins still add to it."""

    def __init__(self, entity: Entity, provider: str) -> None:
        self.entity = entity
        self.provider = provider
        self.label, self.plural = entity.label, entity.plural
        self.fields = {each.name: field_model(each, provider) for each in entity.fields}
        self.extensions: list[type] = []
        self.chosen: dict[tuple[str, str], str] = {}
        self.labelled: dict[str, tuple[str, str]] = {}
        self.rules: dict[str, tuple[Rule, str]] = {}
        self.uniques: list[Unique] = []

    def extend(self, extension: Extension, plugin: str) -> None:
        for each in extension.fields:
            made = field_model(each, plugin)
            other = self.fields.get(each.name)
            if other is not None and other.declared != each:
                raise ClashError(
                    subject=_("field {entity}.{name}", entity=self.entity.name, name=each.name),
                    plugins=(other.provider, plugin),
                )
            if other is None:
                self.fields[each.name] = made
        self.extensions.append(extension.declared)

    def field(self, name: str, plugin: str) -> FieldModel:
        if name not in self.fields:
            close = nearest(name, self.fields)
            hint = _(" Did you mean {close!r}?", close=close) if close else ""
            raise DeclarationError(
                subject=f"{self.entity.name}.{name}", problem=_("no such field.{hint}", hint=hint), plugin=plugin
            )
        return self.fields[name]

    def replace(self, found: FieldModel, declared: Field) -> None:
        self.fields[found.name] = evolve(found, declared=declared, kind=declared.kind)

    def add_choice(self, name: str, added: AddChoice, plugin: str) -> None:
        found = self.field(name, plugin)
        if not isinstance(found.kind, ChoiceKind):
            raise DeclarationError(subject=added.field, problem=_("it is not a choice field."), plugin=plugin)
        for each in found.kind.choices:
            if each.name == added.choice.name:
                if each == added.choice:
                    return
                first = self.chosen.get((name, each.name), found.provider)
                raise ClashError(
                    subject=_("choice {name!r} of {field}", name=each.name, field=added.field), plugins=(first, plugin)
                )
        self.chosen[name, added.choice.name] = plugin
        kind = evolve(found.kind, choices=(*found.kind.choices, added.choice))
        self.replace(found, evolve(found.declared, kind=kind))

    def relabel(self, name: str, wanted: Relabel, plugin: str) -> None:
        label, first = self.labelled.setdefault(name, (wanted.label, plugin))
        if label != wanted.label:
            raise ClashError(subject=_("label of {target}", target=wanted.target), plugins=(first, plugin))
        if name:
            found = self.field(name, plugin)
            self.replace(found, evolve(found.declared, label=wanted.label))
        else:
            self.label = self.plural = wanted.label

    def search_by_pinyin(self) -> None:
        if find_spec("pypinyin") is None:
            raise DeclarationError(subject=_("setting 'pinyin_search'"), problem=_("install it with crmkit[pinyin]."))
        for found in list(self.fields.values()):
            if found.declared.search and type(found.kind) is TextKind:
                self.replace(found, evolve(found.declared, kind=evolve(found.kind, pinyin=True)))

    def restrict(self, added: Rule | Unique, plugin: str) -> None:
        if isinstance(added, Unique):
            for name in (*added.fields, *([added.where] if added.where else [])):
                self.field(name, plugin)
            if added not in self.uniques:
                self.uniques.append(added)
            return
        rule, first = self.rules.setdefault(added.name, (added, plugin))
        if rule != added:
            raise ClashError(
                subject=_("rule {added!r} of {entity}", added=added.name, entity=added.entity), plugins=(first, plugin)
            )

    def check_private(self, fields: Mapping[str, FieldModel]) -> None:
        """Refuse a private mark that is no yes-or-no field, or whose records belong to nobody, or are parts.

        Raises:
            DeclarationError: if it is so.
        """
        name = self.entity.private_by
        if name is None:
            return
        if name not in fields or not isinstance(fields[name].kind, BooleanKind):
            raise DeclarationError(subject=self.entity.name, problem=_("private_by= must name a yes-or-no field."))
        if self.entity.owner is None or any(each.declared.part_of for each in fields.values()):
            problem = _("private_by= needs owner=, and is not for parts of other records.")
            raise DeclarationError(subject=self.entity.name, problem=problem)

    def finished(self) -> EntityModel:
        last = {**(STAGE if self.entity.staged else {}), **LAST}
        fields = system_fields(FIRST) | self.fields | system_fields(last)
        check_columns(self.entity.name, fields.values())
        if self.entity.owner is not None and fields[self.entity.owner].target != "user":
            raise DeclarationError(subject=self.entity.name, problem=_("owner= must name a reference to a user."))
        self.check_private(fields)
        single = tuple(Unique(entity=self.entity.name, fields=(f.name,)) for f in fields.values() if f.declared.unique)
        return EntityModel(
            declared=self.entity,
            provider=self.provider,
            label=self.label,
            plural=self.plural,
            fields=MappingProxyType(fields),
            extensions=tuple(self.extensions),
            uniques=single + tuple(self.uniques),
            rules=tuple(rule for rule, _ in self.rules.values()),
        )
