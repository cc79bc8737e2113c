"""Targets: the paths of a mapping, as fields, parts of fields, or look-ups of references."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import frozen

from crmkit.core.declare import kinds
from crmkit.core.declare.kinds.places import ADDRESS_PARTS
from crmkit.core.declare.names import nearest
from crmkit.core.declare.records import STAGE_FIELDS
from crmkit.errors import InvalidValue, listed
from crmkit.translation import _, joined

if TYPE_CHECKING:
    from collections.abc import Iterable

    from crmkit.core.assemble.model import EntityModel, FieldModel, Model

STAGE_TARGETS = tuple(name for name in STAGE_FIELDS if name != "stage_kind")
OWN_KEYS = ("id", "created_at")
"""Fields of the record itself that a row may be found by, and that no import can set."""
PARTS: tuple[tuple[type[kinds.Kind], tuple[str, ...]], ...] = (
    (kinds.AddressKind, ADDRESS_PARTS),
    (kinds.MoneyKind, ("amount", "currency", "rate")),
    (kinds.LocationKind, ("latitude", "longitude")),
)
COMPARABLE = (
    kinds.TextKind,
    kinds.IntegerKind,
    kinds.DecimalKind,
    kinds.BooleanKind,
    kinds.DateKind,
    kinds.DateTimeKind,
    kinds.ChoiceKind,
    kinds.RefKind,
)


@frozen(kw_only=True)
class Target:
    """Where a text goes.

    Attributes:
        field: the field of the entity.
        part: the part of it, for addresses, amounts and places.
        by: for a reference, the field of the other entity by which the record is looked up.
    """

    field: str
    part: str | None = None
    by: str | None = None

    @property
    def path(self) -> str:
        """The path as it is written."""
        inner = self.part or self.by
        return f"{self.field}.{inner}" if inner else self.field


def target_of(model: Model, entity: EntityModel, path: str) -> Target:
    """Return the target that a path means.

    Raises:
        InvalidValue: naming the part of the path that leads nowhere.
    """
    name, _dot, rest = path.partition(".")
    allowed = (*entity.writable, *(STAGE_TARGETS if entity.staged else ()), *OWN_KEYS)
    if name not in allowed:
        raise InvalidValue(unknown(_("field of {entity}", entity=entity.name), name, allowed))
    found = entity.fields[name]
    if not rest:
        return Target(field=name)
    if isinstance(found.kind, kinds.RefKind):
        return Target(field=name, by=comparable(model.entities[found.kind.target], rest).name)
    parts = next((names for kind, names in PARTS if isinstance(found.kind, kind)), ())
    if rest not in parts:
        raise InvalidValue(unknown(_("part of {name}", name=name), rest, parts))
    return Target(field=name, part=rest)


def comparable(entity: EntityModel, name: str) -> FieldModel:
    """Return a field by which records can be found.

    Raises:
        InvalidValue: if there is none of that name, or its values can't be compared.
    """
    if name not in entity.fields:
        raise InvalidValue(unknown(_("field of {entity}", entity=entity.name), name, entity.fields))
    found = entity.fields[name]
    if not isinstance(found.kind, COMPARABLE):
        raise InvalidValue(
            _("Records can't be found by {name}, as it is a field of the kind {kind}.", name=name, kind=found.kind.name)
        )
    return found


def unknown(sort: str, name: str, known: Iterable[str]) -> str:
    """Say that a name is unknown, and which known one is nearest."""
    names = list(known)
    close = nearest(name, names)
    hint = _("Did you mean {name!r}?", name=close) if close else _("There are: {names}.", names=listed(names))
    return joined([_("There is no {sort} {name!r}.", sort=sort, name=name), hint])
