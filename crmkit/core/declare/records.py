"""Records: the classes that plugins write for entities and extensions, and what every record can do.

The class that a plugin declares holds no values: its fields are taken off and kept as declarations. A CRM assembles
from it, and from every extension, the slotted class whose instances are the records (see `assemble.classes`).
"""

from __future__ import annotations

import re
from inspect import get_annotations
from typing import TYPE_CHECKING, ClassVar, TypeVar, cast, dataclass_transform, get_args, get_origin, overload

from attrs import evolve, field, frozen

from crmkit.core.declare import fields as f
from crmkit.core.declare.fields import Field
from crmkit.core.declare.kinds import RefKind
from crmkit.core.declare.names import as_label, as_text, check_name, snake_case
from crmkit.core.declare.values import Ref, ref_class
from crmkit.errors import DeclarationError, FieldHidden
from crmkit.translation import _

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

T = TypeVar("T", bound="type")

REF_TARGET = re.compile(r"\bRef\[\s*[\"']?(?:\w+\.)*(\w+)[\"']?\s*\]")
OPTIONAL = re.compile(r"\bNone\b|\bOptional\[")
ENTITY, EXTENSION = "__crmkit_entity__", "__crmkit_extension__"
RESERVED = frozenset(
    {"id", "version", "created_at", "created_by", "updated_at", "updated_by", "deleted_at", "ref", "extra"}
)
STAGE_FIELDS = ("pipeline", "stage", "stage_kind", "stage_since")


class Record:
    """What all records share. Records are values: they are read and changed through a session only.

    Attributes:
        id: unique within the entity.
        version: counts from 1, one up with every change.
        created_at, updated_at, deleted_at: moments in UTC.
        created_by, updated_by: the id of the user, or None for the system.
    """

    __slots__ = ()
    __crmkit_entity__: ClassVar[Entity]
    __crmkit_fields__: ClassVar[tuple[str, ...]] = ()
    __crmkit_values__: ClassVar[Callable[[Record], tuple[object, ...]]]

    id: int
    version: int
    created_at: datetime
    created_by: int | None
    updated_at: datetime
    updated_by: int | None
    deleted_at: datetime | None

    @property
    def ref(self) -> Ref[object]:
        """The typed id, to be kept where the record itself is too much."""
        return ref_class(self.__crmkit_entity__.name)(self.id)

    def items(self) -> Iterator[tuple[str, object]]:
        """Yield name and value of every field that is there, in declared order."""
        try:
            return zip(self.__crmkit_fields__, type(self).__crmkit_values__(self), strict=True)
        except FieldHidden:
            return self._seen_items()

    def _seen_items(self) -> Iterator[tuple[str, object]]:
        for name in self.__crmkit_fields__:
            try:
                yield name, getattr(self, name)
            except FieldHidden:
                continue

    def __getattr__(self, name: str) -> object:
        if name in type(self).__crmkit_fields__:
            raise FieldHidden(entity=self.__crmkit_entity__.name, name=name)
        raise AttributeError(f"A {self.__crmkit_entity__.name} has no field {name!r}.")

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Record) or type(self).__crmkit_entity__ != type(other).__crmkit_entity__:
            return NotImplemented
        return dict(self.items()) == dict(other.items())

    def __hash__(self) -> int:
        return hash((self.__crmkit_entity__.name, self.id, self.version))

    def __repr__(self) -> str:
        shown = ", ".join(f"{name}={value!r}" for name, value in self.items() if value is not None)
        return f"{type(self).__name__}({shown})"


class Staged(Record):
    """A record that goes through the stages of a pipeline.

    Attributes:
        pipeline: the name of its pipeline.
        stage: the name of its stage. Other code than the pipeline's own asks for the kind, never for the name.
        stage_kind: `open`, `waiting`, `won`, `lost`, `done` or `void`.
        stage_since: since when it is in this stage, UTC.
    """

    __slots__ = ()

    pipeline: str
    stage: str
    stage_kind: str
    stage_since: datetime


@frozen(kw_only=True)
class Entity:
    """The declaration of an entity: what `@record` made of a class.

    Attributes:
        owner: the reference field to the user whom the record belongs to, if the entity has one.
        private_by: the yes-or-no field that closes a record to all but its owner and those with whom it is shared.
        title: the field that names a record for people.
        readers: the reference of a part to users who read the whole, too, as far as they read any: `attendee.who`.
        staged: whether its records go through pipelines.
        person: whether a record may be a person, who can ask to be told, or to be forgotten.
        private: whether records are for their owners alone, whatever roles and shares say.
    """

    name: str
    label: str = field(converter=as_text)
    plural: str = field(converter=as_text)
    title: str
    owner: str | None
    private_by: str | None
    readers: str | None
    staged: bool
    person: bool
    private: bool = False
    fields: tuple[Field, ...]
    declared: type[Record]


@frozen(kw_only=True)
class Extension:
    """The declaration of fields added to an entity: what `@extend` made of a class."""

    entity: str
    fields: tuple[Field, ...]
    declared: type


@overload
def record(declared: T, /) -> T: ...
@overload
def record(
    *,
    name: str = "",
    label: str = "",
    plural: str = "",
    title: str = "name",
    owner: str | None = None,
    private_by: str | None = None,
    readers: str | None = None,
    person: bool = False,
    private: bool = False,
) -> Callable[[T], T]: ...
@dataclass_transform(
    kw_only_default=True,
    frozen_default=True,
    field_specifiers=(
        f.text,
        f.long_text,
        f.integer,
        f.decimal,
        f.percent,
        f.money,
        f.boolean,
        f.date,
        f.datetime,
        f.duration,
        f.choice,
        f.tags,
        f.email,
        f.phone,
        f.url,
        f.address,
        f.location,
        f.ref,
        f.any_ref,
        f.json,
        f.locked,
        f.file,
    ),
)
def record(
    declared: T | None = None,
    /,
    *,
    name: str = "",
    label: str = "",
    plural: str = "",
    title: str = "name",
    owner: str | None = None,
    private_by: str | None = None,
    readers: str | None = None,
    person: bool = False,
    private: bool = False,
) -> T | Callable[[T], T]:
    """Declare an entity: a class whose annotated attributes are its fields.

    The entity's name is the class's in snake case. A field whose annotation allows None is optional. A class that
    inherits `Staged` goes through pipelines; `owner` names the field with the user to whom a record belongs. With
    `person`, its records may be persons, and what refers to them is exported and erased with them. With `private`,
    everybody works on their own records, and nobody sees those of others, whatever roles say. `private_by` names a
    yes-or-no field: a record in which it is yes is there for its owner and those with whom it is shared only.
    `readers` names the reference of a part, such as `attendee.who`: the users that it points to read the whole, too.

    Raises:
        DeclarationError: if a name or an annotation can't be used.
    """

    def decorate(cls: T) -> T:
        chosen = check_name(name or snake_case(cls.__name__), "entity")
        found = declared_fields(cls, chosen)
        bases = tuple(base for base in cls.__bases__ if base is not object) or (Record,)
        rebuilt = without_values(cls, bases, found)
        shown = label or as_label(chosen)
        entity = Entity(
            name=chosen,
            label=shown,
            plural=plural or f"{shown}s",
            title=title if any(each.name == title for each in found) else "id",
            owner=owner,
            private_by=private_by,
            readers=readers,
            staged=issubclass(rebuilt, Staged),
            person=person,
            private=private,
            fields=found,
            declared=rebuilt,
        )
        setattr(rebuilt, ENTITY, entity)
        return cast("T", rebuilt)

    return decorate if declared is None else decorate(declared)


@dataclass_transform(
    kw_only_default=True,
    frozen_default=True,
    field_specifiers=(
        f.text,
        f.long_text,
        f.integer,
        f.decimal,
        f.percent,
        f.money,
        f.boolean,
        f.date,
        f.datetime,
        f.duration,
        f.choice,
        f.tags,
        f.email,
        f.phone,
        f.url,
        f.address,
        f.location,
        f.ref,
        f.any_ref,
        f.json,
        f.locked,
        f.file,
    ),
)
def extend(entity: type[Record], /) -> Callable[[T], T]:
    """Declare further fields of an entity, of the core's or of another plugin's.

    Records of the CRM are instances of both classes, so `isinstance(customer, Recall)` narrows its type.
    """

    def decorate(cls: T) -> T:
        target = entity.__crmkit_entity__.name
        found = declared_fields(cls, target)
        rebuilt = without_values(cls, (object,), found)
        setattr(rebuilt, EXTENSION, Extension(entity=target, fields=found, declared=rebuilt))
        return cast("T", rebuilt)

    return decorate


def declared_fields(cls: type, entity: str) -> tuple[Field, ...]:
    """Return the fields of a declaring class, with what their annotations say."""
    annotations = get_annotations(cls)
    unannotated = [name for name, value in vars(cls).items() if isinstance(value, Field) and name not in annotations]
    if unannotated:
        raise DeclarationError(subject=f"{entity}.{unannotated[0]}", problem=_("the field needs a type annotation."))
    return tuple(
        field_of(entity, name, annotation, cls.__dict__[name])
        for name, annotation in annotations.items()
        if isinstance(cls.__dict__.get(name), Field)
    )


def field_of(entity: str, name: str, annotation: object, given: Field) -> Field:
    """Return a field with its name, whether it is required, and a reference's target, read off the annotation."""
    check_name(name, _("field of {entity}", entity=entity))
    if name in RESERVED or name in STAGE_FIELDS or hasattr(Record, name):
        raise DeclarationError(subject=f"{entity}.{name}", problem=_("the name is reserved; choose another."))
    words = annotation if isinstance(annotation, str) else annotation_words(annotation)
    found = given.named(name, required=given.required or not OPTIONAL.search(words))
    if not isinstance(given.kind, RefKind) or given.kind.target:
        return found
    target = REF_TARGET.search(words)
    if target is None:
        raise DeclarationError(
            subject=f"{entity}.{name}", problem=_("ref() needs an annotation such as Ref[Customer].")
        )
    return evolve(found, kind=evolve(given.kind, target=snake_case(target[1])))


def annotation_words(annotation: object) -> str:
    """Return an evaluated annotation as it would be written."""
    if get_origin(annotation) is Ref:
        (target,) = get_args(annotation)
        return f"Ref[{getattr(target, '__name__', None) or getattr(target, '__forward_arg__', target)}]"
    parts = get_args(annotation)
    if parts:
        return " | ".join(annotation_words(part) for part in parts)
    return "None" if annotation in {None, type(None)} else str(annotation)


def without_values(cls: type, bases: tuple[type, ...], found: tuple[Field, ...]) -> type:
    """Rebuild a declaring class without instance layout, so that any number of them can be combined."""
    dropped = {each.name for each in found} | {"__dict__", "__weakref__"}
    kept = {name: value for name, value in vars(cls).items() if name not in dropped}
    return type(cls)(cls.__name__, bases, kept | {"__slots__": ()})
