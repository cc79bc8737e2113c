"""The Model: everything that was said, assembled, and immutable from then on."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, TypeVar

from attrs import define, frozen

from crmkit.core.assemble.classes import record_class, rewriter
from crmkit.core.assemble.persons import person_links
from crmkit.core.assemble.purposes import grounds_of
from crmkit.core.assemble.restrictions import by_entity
from crmkit.core.assemble.rights import Rights
from crmkit.core.assemble.role_sources import raising_entities
from crmkit.core.declare.duplicates import DuplicateRule
from crmkit.core.declare.external_sources import ExternalSource
from crmkit.core.declare.kinds import AnyRefKind, FileKind, MoneyKind, RefKind
from crmkit.core.declare.levels import LevelRule
from crmkit.core.declare.names import nearest
from crmkit.core.declare.outbox import LOGGED
from crmkit.core.declare.profiles import ProfileSection
from crmkit.core.declare.purposes import Purpose
from crmkit.core.declare.values import Ref
from crmkit.errors import UnknownNameError
from crmkit.translation import _

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from crmkit.core.assemble.calls import HookCall
    from crmkit.core.assemble.persons import PersonLink
    from crmkit.core.assemble.pipelines import PipelineModel
    from crmkit.core.assemble.plugins import Plugin
    from crmkit.core.declare.access import Role
    from crmkit.core.declare.conventions import Conventions
    from crmkit.core.declare.declarations import Command, Event, Report, Rule, Setting, Unique
    from crmkit.core.declare.fields import Field
    from crmkit.core.declare.kinds import Kind
    from crmkit.core.declare.records import Entity, Record
    from crmkit.core.declare.restrictions import Restriction
    from crmkit.translation.languages import Languages

T = TypeVar("T")


@frozen
class Part:
    """One declaration and the plugin that made it."""

    declaration: object
    plugin: str


@frozen(kw_only=True)
class FieldModel:
    """A field of an assembled entity.

    Attributes:
        provider: the plugin that declared it.
        columns: the names of its columns, one for each part of its kind.
        is_system: whether only the lifecycle writes it.
        in_extra: whether it has no columns of its own: its values are kept in the table's column `extra`, by the names
            that its columns would have.
    """

    name: str
    kind: Kind
    declared: Field
    provider: str
    columns: tuple[str, ...]
    is_system: bool = False
    in_extra: bool = False

    @property
    def label(self) -> str:
        """The label that people see."""
        return self.declared.label

    @property
    def is_secret(self) -> bool:
        """Whether its values are for programs only, and leave through no door."""
        return self.declared.privacy == "secret"

    @property
    def key_column(self) -> str | None:
        """The column with the search key, if the field is searched or unique."""
        has_key = (self.declared.search or self.declared.unique) and not isinstance(self.kind, RefKind)
        return f"{self.name}_key" if has_key else None

    @property
    def target(self) -> str | None:
        """The entity that a reference points to; None for other fields and for references to any entity."""
        return self.kind.target if isinstance(self.kind, RefKind) else None


@define(kw_only=True, eq=False, slots=False, frozen=True)
class EntityModel:
    """An entity with the fields of everybody who extended it."""

    declared: Entity
    provider: str
    label: str
    plural: str
    fields: Mapping[str, FieldModel]
    extensions: tuple[type, ...]
    uniques: tuple[Unique, ...]
    rules: tuple[Rule, ...]

    @property
    def name(self) -> str:
        """The entity's name."""
        return self.declared.name

    @property
    def owner(self) -> str | None:
        """The name of the field with the user whom a record belongs to."""
        return self.declared.owner

    @property
    def private_mark(self) -> FieldModel | None:
        """The field that closes a record to all but its owner and those with whom it is shared, if there is one."""
        return self.fields[self.declared.private_by] if self.declared.private_by else None

    @property
    def staged(self) -> bool:
        """Whether the records go through pipelines."""
        return self.declared.staged

    @cached_property
    def writable(self) -> Mapping[str, FieldModel]:
        """The fields that a command may give values for."""
        return {name: each for name, each in self.fields.items() if not each.is_system}

    @cached_property
    def searched(self) -> tuple[FieldModel, ...]:
        """The fields that full-text search looks into."""
        return tuple(each for each in self.fields.values() if each.declared.search)

    @cached_property
    def references(self) -> tuple[str, ...]:
        """The names of the writable fields that refer to other records."""
        return tuple(name for name, each in self.writable.items() if isinstance(each.kind, (RefKind, AnyRefKind)))

    @cached_property
    def amounts(self) -> tuple[str, ...]:
        """The names of the money fields."""
        return tuple(name for name, each in self.writable.items() if isinstance(each.kind, MoneyKind))

    @cached_property
    def files(self) -> frozenset[str]:
        """The names of the fields that hold files."""
        return frozenset(name for name, each in self.writable.items() if isinstance(each.kind, FileKind))

    @cached_property
    def bookkeeping(self) -> frozenset[str]:
        """The names of the fields whose changes are none of the record."""
        return frozenset(name for name, each in self.writable.items() if each.declared.bookkeeping)

    @cached_property
    def defaults(self) -> tuple[tuple[str, Callable[[Conventions], object]], ...]:
        """The fields with a default, each with the function that gives it."""
        return tuple(
            (name, default_of(each)) for name, each in self.writable.items() if each.declared.default is not None
        )

    @cached_property
    def required(self) -> tuple[str, ...]:
        """The names of the fields that every record must have a value for."""
        return tuple(name for name, each in self.writable.items() if each.declared.required)

    @cached_property
    def json_writers(self) -> Mapping[str, Callable[[object], object] | None]:
        """The function from every field's value to JSON, null for secrets; None where the value is JSON as it is."""
        return {
            name: withheld if each.is_secret else None if each.kind.is_json else each.kind.to_json
            for name, each in self.fields.items()
        }

    @cached_property
    def protected(self) -> tuple[str, ...]:
        """The names of the fields whose values are of a person, or secret."""
        return tuple(name for name, each in self.fields.items() if each.declared.privacy != "normal")

    @cached_property
    def secrets(self) -> frozenset[str]:
        """The names of the fields whose values leave through no door."""
        return frozenset(name for name, each in self.fields.items() if each.is_secret)

    @cached_property
    def whole(self) -> FieldModel | None:
        """The reference to the record that this one is a part of, if it is one."""
        return next((each for each in self.fields.values() if each.declared.part_of), None)

    @cached_property
    def record_class(self) -> type[Record]:
        """The class of the records."""
        return record_class(self.declared.declared, self.extensions, tuple(self.fields))

    @cached_property
    def setters(self) -> tuple[tuple[str, Callable[[object, object], None]], ...]:
        """The slots of the record class, each with the function that fills it; those of secrets stay empty."""
        return tuple(
            (name, getattr(self.record_class, name).__set__) for name, each in self.fields.items() if not each.is_secret
        )

    @cached_property
    def rewrite(self) -> Callable[[Record, Mapping[str, object]], Record]:
        """The function from a whole record of this class, and other values, to the record that has these."""
        return rewriter(self.record_class)

    def field(self, name: str) -> FieldModel:
        """Return a field.

        Raises:
            UnknownNameError: if there is none of that name.
        """
        return known(self.fields, name, _("field of {name}", name=self.name))


@define(kw_only=True, eq=False, slots=False, frozen=True)
class Model:
    """Everything that plugins said, assembled. All else is derived from it."""

    plugins: tuple[Plugin, ...]
    parts: tuple[Part, ...]
    entities: Mapping[str, EntityModel]
    pipelines: Mapping[str, PipelineModel]
    hooks: Mapping[str, tuple[HookCall, ...]]
    reports: Mapping[str, Report]
    roles: Mapping[str, Role]
    commands: Mapping[str, Command]
    events: Mapping[str, Event]
    settings: Mapping[str, Setting]
    values: Mapping[str, object]
    conventions: Conventions

    @cached_property
    def languages(self) -> Languages:
        """The languages of the plugins and of crmkit itself; the translation of a later plugin wins."""
        from crmkit.translation.languages import Languages

        sources = [each.texts for each in reversed(self.plugins) if each.texts is not None]
        return Languages(tuple(dict.fromkeys(sources)))

    def of(self, declaration: type[T]) -> Iterator[tuple[T, str]]:
        """Yield every declaration of a type, with the plugin that made it. The type may be a plugin's own."""
        for part in self.parts:
            if isinstance(part.declaration, declaration):
                yield part.declaration, part.plugin

    def entity(self, given: str | type | Record | Ref[object]) -> EntityModel:
        """Return an entity by its name, its class, a record or a reference.

        Raises:
            UnknownNameError: if no enabled plugin declares it.
        """
        if isinstance(given, (Ref, str)):
            return known(self.entities, given if isinstance(given, str) else given.entity, "entity")
        declared = getattr(given, "__crmkit_entity__", None)
        extension = getattr(given, "__crmkit_extension__", None)
        name = declared.name if declared else extension.entity if extension else getattr(given, "__name__", repr(given))
        return known(self.entities, name, "entity")

    def pipelines_of(self, entity: str) -> tuple[PipelineModel, ...]:
        """Return the pipelines of an entity, the default one first."""
        return self._pipelines_by_entity.get(entity, ())

    @cached_property
    def _pipelines_by_entity(self) -> Mapping[str, tuple[PipelineModel, ...]]:
        found: dict[str, list[PipelineModel]] = {}
        for each in self.pipelines.values():
            found.setdefault(each.entity, []).append(each)
        return {
            entity: tuple(sorted(pipelines, key=lambda each: not each.is_default))
            for entity, pipelines in found.items()
        }

    @cached_property
    def duplicate_rules(self) -> Mapping[str, tuple[DuplicateRule, ...]]:
        """The duplicate rules by entity; equal ones of several plugins count once."""
        found: dict[str, dict[DuplicateRule, None]] = {}
        for rule, _plugin in self.of(DuplicateRule):
            found.setdefault(rule.entity, {})[rule] = None
        return {entity: tuple(rules) for entity, rules in found.items()}

    @cached_property
    def level_rules(self) -> Mapping[str, Mapping[str, tuple[LevelRule, ...]]]:
        """The level rules by entity and field, in the order in which they are asked."""
        found: dict[str, dict[str, tuple[LevelRule, ...]]] = {}
        for rule, _plugin in self.of(LevelRule):
            fields = found.setdefault(rule.entity, {})
            fields[rule.field] = (*fields.get(rule.field, ()), rule)
        return found

    @cached_property
    def external_sources(self) -> Mapping[str, ExternalSource]:
        """The other systems that can be looked up in, by name."""
        return {source.name: source for source, _plugin in self.of(ExternalSource)}

    @cached_property
    def profile_sections(self) -> Mapping[str, Mapping[str, ProfileSection]]:
        """The sections of profiles by entity and name, in their order."""
        found: dict[str, dict[str, ProfileSection]] = {}
        for section, _plugin in sorted(self.of(ProfileSection), key=lambda each: each[0].position):
            found.setdefault(section.of, {})[section.name] = section
        return found

    @cached_property
    def person_links(self) -> tuple[PersonLink, ...]:
        """The references by which records are parts of persons, are about them, or mention them."""
        return person_links(self)

    @cached_property
    def purposes(self) -> Mapping[str, Purpose]:
        """The purposes of sensitive data, by name."""
        return {each.name: each for each, _plugin in self.of(Purpose)}

    @cached_property
    def grounds(self) -> Mapping[str, Mapping[str, tuple[Purpose, ...]]]:
        """By entity and field, the purposes that a sensitive field is kept for."""
        return grounds_of(self.purposes)

    @cached_property
    def restrictions(self) -> Mapping[str, tuple[Restriction, ...]]:
        """The restrictions of what is seen, by entity."""
        return by_entity(self)

    @cached_property
    def raising(self) -> frozenset[str]:
        """The entities, beside users, whose records give users roles: writing them could raise one's own rights."""
        return raising_entities(self)

    @cached_property
    def has_secrets(self) -> bool:
        """Whether any entity has a field whose values leave through no door."""
        return any(entity.secrets for entity in self.entities.values())

    def rights(self, roles: tuple[str, ...]) -> Rights:
        """Return what the holder of some roles may do."""
        found = self._rights.get(roles)
        return self._rights.setdefault(roles, Rights(self, roles)) if found is None else found

    @cached_property
    def _rights(self) -> dict[tuple[str, ...], Rights]:
        return {}

    @cached_property
    def event_names(self) -> frozenset[str]:
        """The names of all events: those that every entity has, and those that plugins declare."""
        return frozenset(f"{entity}.{event}" for entity in self.entities for event in LOGGED) | set(self.events)

    def setting(self, name: str) -> object:
        """Return the value of a setting."""
        return known(self.values, name, "setting")

    def parts_of_whole(self, entity: str) -> tuple[EntityModel, ...]:
        """Return the entities whose records are parts of records of this one."""
        return tuple(each for each in self.entities.values() if each.whole is not None and holds(each.whole, entity))


def known(mapping: Mapping[str, T], name: str, sort: str) -> T:
    """Return what a name stands for.

    Raises:
        UnknownNameError: naming the nearest known name.
    """
    try:
        return mapping[name]
    except KeyError:
        close = nearest(name, mapping)
        raise UnknownNameError(sort=sort, name=name, known=tuple(mapping), nearest=close) from None


def withheld(_value: object) -> None:
    """Return what stands for a secret wherever values are written down: nothing."""


def default_of(field: FieldModel) -> Callable[[Conventions], object]:
    """Return the function that gives a new record's default value in its proper form."""
    ready: list[object] = []

    def default(conventions: Conventions) -> object:
        if callable(field.declared.default):
            return field.kind.parse(field.declared.first_value(), conventions)
        if not ready:
            ready.append(field.kind.parse(field.declared.default, conventions))
        return ready[0]

    return default


def holds(whole: FieldModel, entity: str) -> bool:
    """Return whether the reference to a record's whole may point to the entity."""
    if isinstance(whole.kind, AnyRefKind):
        return not whole.kind.targets or entity in whole.kind.targets
    return whole.target == entity
