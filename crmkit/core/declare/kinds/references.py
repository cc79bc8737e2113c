"""References: to a record of one entity, or of any."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, ClassVar

from attrs import frozen

from crmkit.core.declare.kinds.kind import Kind, Part
from crmkit.core.declare.kinds.numbers import LARGEST
from crmkit.core.declare.values import Ref, ref_class
from crmkit.errors import InvalidValue
from crmkit.translation import _

if TYPE_CHECKING:
    from collections.abc import Mapping

    from crmkit.core.declare.conventions import Conventions

LONGEST_ID = 19
REFERENCE = re.compile(r"([a-z][a-z0-9_]{0,40}):([0-9]{1,19})\Z")


@frozen(kw_only=True)
class RefKind(Kind):
    """A reference to a record of the entity `target`, given as a record, a reference or an id."""

    name: ClassVar[str] = "ref"
    widget: ClassVar[str] = "record"
    parts: ClassVar[tuple[Part, ...]] = (Part(suffix="_id", type="integer"),)
    is_plain: ClassVar[bool] = False
    target: str = ""

    def parse(self, value: object, conventions: Conventions) -> Ref[object] | None:
        """Return the typed id."""
        del conventions
        if value == "":
            return None
        entity, number = reference_of(value)
        if entity is not None and entity != self.target:
            raise InvalidValue(_("A {entity} is given where a {target} belongs.", entity=entity, target=self.target))
        return ref_class(self.target)(number)

    def dump(self, value: object) -> tuple[object, ...]:
        """Return the id."""
        assert isinstance(value, int)
        return (int(value),)

    def load(self, *raw: object) -> Ref[object]:
        """Return the typed id."""
        (number,) = raw
        assert isinstance(number, int)
        found: Ref[object] = ref_class(self.target)(number)
        return found

    def to_text(self, value: object) -> str:
        """Return the id in digits."""
        assert isinstance(value, int)
        return str(int(value))

    def to_json(self, value: object) -> object:
        """Return the id."""
        assert isinstance(value, int)
        return int(value)

    def json_schema(self) -> Mapping[str, object]:
        """Return an integer schema."""
        return {"type": "integer", "minimum": 1}


@frozen(kw_only=True)
class AnyRefKind(Kind):
    """A reference to a record of any of the entities `targets` (all, if empty), stored as entity and id."""

    name: ClassVar[str] = "any_ref"
    widget: ClassVar[str] = "record"
    parts: ClassVar[tuple[Part, ...]] = (Part(suffix="_entity", length=41), Part(suffix="_id", type="integer"))
    is_plain: ClassVar[bool] = False
    is_sortable: ClassVar[bool] = False
    targets: tuple[str, ...] = ()

    def parse(self, value: object, conventions: Conventions) -> Ref[object] | None:
        """Return the typed id from a record, a reference or a text like `customer:5`."""
        del conventions
        if value == "":
            return None
        entity, number = reference_of(value)
        if entity is None:
            raise InvalidValue(
                _("{value!r} does not say which entity it refers to; write it like customer:5.", value=value)
            )
        if self.targets and entity not in self.targets:
            raise InvalidValue(
                _(
                    "A {entity} can't be referred to here; it may be: {names}.",
                    entity=entity,
                    names=", ".join(self.targets),
                )
            )
        return ref_class(entity)(number)

    def dump(self, value: object) -> tuple[object, ...]:
        """Return entity and id."""
        assert isinstance(value, Ref)
        return value.entity, int(value)

    def load(self, *raw: object) -> Ref[object]:
        """Return the typed id."""
        entity, number = raw
        return ref_class(str(entity))(int(str(number)))

    def json_schema(self) -> Mapping[str, object]:
        """Return a string schema."""
        return {"type": "string", "pattern": r"^[a-z][a-z0-9_]*:\d+$"}


def reference_of(value: object) -> tuple[str | None, int]:
    """Return entity (if it is said) and id of a record, a reference, an id or a text.

    Raises:
        InvalidValue: if it is none of these.
    """
    if isinstance(value, Ref):
        return value.entity, int(value)
    if isinstance(value, str) and (found := REFERENCE.match(value.strip())):
        entity, number = found[1], int(found[2])
    elif isinstance(pointed := getattr(value, "ref", None), Ref):
        entity, number = pointed.entity, int(pointed)
    else:
        entity, number = None, plain_id(value)
    if not 0 < number <= LARGEST:
        raise InvalidValue(_("{value!r} is neither a record nor the id of one.", value=value))
    return entity, number


def plain_id(value: object) -> int:
    """Return the id that an integer or a text of digits is; 0 if it is none."""
    if isinstance(value, str):
        digits = value.strip()
        return int(digits) if digits.isascii() and digits.isdigit() and len(digits) <= LONGEST_ID else 0
    return value if isinstance(value, int) and not isinstance(value, bool) else 0
