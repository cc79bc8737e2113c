"""Fields: an edition's table of a field becomes the declaration that the functions of `declare.fields` make."""

from __future__ import annotations

import inspect
import re
from typing import TYPE_CHECKING, cast

from attrs import fields, frozen

from crmkit.core.assemble.edition.shape import FieldTable
from crmkit.core.assemble.edition.structuring import hint
from crmkit.core.declare import fields as specifiers
from crmkit.core.declare import kinds
from crmkit.core.declare.kinds import Choice
from crmkit.core.declare.names import check_name
from crmkit.core.declare.records import Extension, field_of
from crmkit.errors import DeclarationError, InvalidValue
from crmkit.translation import _

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from decimal import Decimal

    from crmkit.core.assemble.edition.structuring import Problems
    from crmkit.core.declare.conventions import Conventions
    from crmkit.core.declare.fields import Field

NAMES = sorted(
    name for each in kinds.__all__ if (name := getattr(getattr(kinds, each), "name", "")) and each != "Choice"
)
KINDS: Mapping[str, Callable[..., object]] = {name: getattr(specifiers, name) for name in NAMES}
ALWAYS = frozenset({"kind", "label", "help", "required"})
BEYOND = {"choice": {"choices"}, "ref": {"target"}, "any_ref": {"targets"}}
WHOLE_NUMBERS = {"integer": {"min", "max"}, "text": {"max"}, "file": {"max"}}
MOST_DIGITS = 17


class EditionFields:
    """What marks the records of an entity that an edition has given further fields."""

    __slots__ = ()


@frozen
class Extended:
    """What the edition yields for an entity that it gives further fields, as a class under `@extend` would be."""

    __crmkit_extension__: Extension


def extensions(given: object, problems: Problems, conventions: Conventions) -> list[Extension]:
    """Return the extensions that the table `[fields]` asks for; what is wrong is noted."""
    if not isinstance(given, dict):
        problems.add("fields", _("It is not a table of entities; write [fields.<entity>.<name>]."))
        return []
    found = []
    for entity, table in given.items():
        if not isinstance(table, dict):
            problems.add(f"fields.{entity}", _("It is not a table of fields; write [fields.<entity>.<name>]."))
            continue
        declared = [declared_field(entity, name, each, problems, conventions) for name, each in table.items()]
        made = tuple(each for each in declared if each is not None)
        found.append(Extension(entity=entity, fields=made, declared=EditionFields))
    return found


def declared_field(entity: str, name: str, given: object, problems: Problems, conventions: Conventions) -> Field | None:
    """Return the declaration of one field, or None after noting what is wrong with it."""
    place = f"fields.{entity}.{name}"
    table = problems.structured(place, given, FieldTable)
    if table is None:
        return None
    if table.kind not in KINDS:
        problems.unknown(f"{place}.kind", _("kind of field"), table.kind, KINDS)
        return None
    allowed = options_of(table.kind)
    unfit = sorted(set(cast("dict[str, object]", given)) - allowed)
    for key in unfit:
        problems.add(
            f"{place}.{key}",
            _("A field of kind {kind!r} has no {key!r}.{hint}", kind=table.kind, key=key, hint=hint(key, allowed)),
        )
    if unfit:
        return None
    try:
        return checked(made_field(entity, name, table, cast("dict[str, object]", given)), conventions)
    except (DeclarationError, InvalidValue) as error:
        problems.add(place, str(error))
    return None


def options_of(kind: str) -> set[str]:
    """Return the keys that the table of a field of this kind may have."""
    known = {each.name for each in fields(FieldTable)}
    named = {name for name in inspect.signature(KINDS[kind]).parameters if name in known}
    return (named | ALWAYS | BEYOND.get(kind, set())) - ({"targets", "choices"} - BEYOND.get(kind, set()))


def made_field(entity: str, name: str, table: FieldTable, given: Iterable[str]) -> Field:
    """Return the field that the function of its kind makes of the options that are given.

    Raises:
        DeclarationError: if a name or an option can't be used.
    """
    kind = table.kind
    taken = set(given) & set(inspect.signature(KINDS[kind]).parameters) - BEYOND.get(kind, set())
    options = {option: getattr(table, option) for option in taken}
    for option in WHOLE_NUMBERS.get(kind, set()) & options.keys():
        options[option] = whole(options[option], f"{entity}.{name}.{option}")
    made = cast("Field", KINDS[kind](*positional(entity, name, table), **options))
    optional = "" if table.required else " | None"
    return field_of(entity, name, f"Ref[{table.target}]{optional}" if kind == "ref" else optional, made)


def positional(entity: str, name: str, table: FieldTable) -> tuple[object, ...]:
    """Return the choices of a choice field, or the targets of a reference to any of several entities."""
    if table.kind == "choice":
        if not table.choices:
            raise DeclarationError(subject=f"{entity}.{name}", problem=_("a choice field needs choices."))
        return tuple(Choice(*each) for each in table.choices.items())
    if table.kind == "ref":
        check_name(table.target, "target")
    return tuple(check_name(each, "target") for each in table.targets)


def whole(number: Decimal, subject: str) -> int:
    """Return an option that must be a whole number."""
    if number != number.to_integral_value() or number.adjusted() > MOST_DIGITS:
        raise DeclarationError(subject=subject, problem=_("{number} is not a whole number of 64 bits.", number=number))
    return int(number)


def checked(made: Field, conventions: Conventions) -> Field:
    """Return the field if its pattern and its default can be used.

    Raises:
        DeclarationError: if the pattern is no regular expression.
        InvalidValue: if the default doesn't fit the kind.
    """
    pattern = getattr(made.kind, "pattern", None)
    try:
        re.compile(pattern or "")
    except (re.error, OverflowError, RecursionError) as error:
        raise DeclarationError(
            subject="pattern", problem=_("it is not a regular expression: {error}.", error=error)
        ) from None
    if made.default is not None:
        try:
            made.kind.parse(made.default, conventions)
        except InvalidValue as error:
            raise InvalidValue(_("The default doesn't fit: {error}", error=error)) from None
    return made
