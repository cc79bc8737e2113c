"""Which Python types the kinds of fields have: of values that are read, and of values that are given.

Names of modules begin with an underscore in a stub, as no name of a field or class does.
"""

from __future__ import annotations

import builtins
import re
from typing import TYPE_CHECKING, Final

from attrs import frozen

from crmkit.core.declare.kinds import ChoiceKind, RefKind

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from crmkit.core.assemble.model import FieldModel


@frozen
class Types:
    """The type of a value that is read from a record, and that of one given to a command."""

    read: str
    given: str


TEXT: Final = Types("str", "str")
BY_KIND: Final = {
    "text": TEXT,
    "long_text": TEXT,
    "email": TEXT,
    "phone": TEXT,
    "url": TEXT,
    "choice": TEXT,
    "integer": Types("int", "int"),
    "decimal": Types("_Decimal", "_Decimal | int | float | str"),
    "percent": Types("_Decimal", "_Decimal | int | float | str"),
    "money": Types("_crmkit.Money", "_crmkit.Money | _Decimal | int | str"),
    "boolean": Types("bool", "bool"),
    "date": Types("_dt.date", "_dt.date | str"),
    "datetime": Types("_dt.datetime", "_dt.datetime | str"),
    "duration": Types("_dt.timedelta", "_dt.timedelta | str"),
    "tags": Types("tuple[str, ...]", "_t.Iterable[str]"),
    "address": Types("_crmkit.Address", "_crmkit.Address | _t.Mapping[str, str | None] | str"),
    "location": Types("_crmkit.Location", "_crmkit.Location | tuple[object, object] | str"),
    "file": Types("_crmkit.File", "_crmkit.File"),
    "any_ref": Types("_crmkit.Ref[_crmkit.Record]", "_crmkit.Record | _crmkit.Ref[_crmkit.Record] | str"),
}
UNKNOWN: Final = Types("_t.Any", "_t.Any")
"""Of kinds that plugins define, and of JSON."""


def types_of(field: FieldModel, classes: Mapping[str, str]) -> Types:
    """Return the types of a field; `classes` are the names of the entities' classes."""
    kind = field.kind
    if isinstance(kind, RefKind):
        target = classes[kind.target]
        return Types(f"_crmkit.Ref[{target}]", f"{target} | _crmkit.Ref[{target}] | int")
    if isinstance(kind, ChoiceKind):
        return Types("str", f"_t.Literal[{', '.join(repr(str(each.name)) for each in kind.choices)}]")
    return BY_KIND.get(kind.name, UNKNOWN)


def optional(shown: str) -> str:
    """Return a type that allows None."""
    return shown if shown == "_t.Any" else f"{shown} | None"


def clear(shown: str, names: Iterable[str]) -> str:
    """Return a type that means the same where these names stand for fields, as `float: float` would not."""
    for name in names:
        if hasattr(builtins, name):
            shown = re.sub(rf"(?<![\w.']){name}(?![\w'])", f"_builtins.{name}", shown)
    return shown
