"""Structuring: the tables of the file become values; whatever doesn't fit becomes a problem that names its place."""

from __future__ import annotations

from decimal import Decimal
from functools import cache
from typing import TYPE_CHECKING, TypeVar, get_args, get_origin

import cattrs
from attrs import fields
from cattrs.errors import ForbiddenExtraKeysError
from cattrs.gen import make_dict_structure_fn, override

from crmkit.core.assemble.edition.shape import GrantTable
from crmkit.core.declare.names import nearest
from crmkit.core.declare.values import exact
from crmkit.errors import InvalidValue
from crmkit.translation import _, about, joined

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

T = TypeVar("T")

MOST_SHOWN = 60


class Problems:
    """What is wrong with an edition, in the order in which it was found."""

    def __init__(self) -> None:
        self.found: list[str] = []

    def add(self, place: str, text: str) -> None:
        """Note what is wrong, and where: a path such as `fields.customer.tier`."""
        self.found.append(about(place, text))

    def unknown(self, place: str, sort: str, name: object, known: Iterable[str]) -> None:
        """Note an unknown name, and the nearest known one."""
        self.add(
            place, _("There is no {sort} {shown}.{hint}", sort=sort, shown=shown(name), hint=hint(str(name), known))
        )

    def structured(self, place: str, given: object, wanted: type[T]) -> T | None:
        """Return a table as a value of its class, or None after noting everything that is wrong with it."""
        if not isinstance(given, dict):
            self.add(place, _("{shown} is not a table.", shown=shown(given)))
            return None
        try:
            return converter().structure(given, wanted)
        except cattrs.BaseValidationError as error:
            said: dict[str, str] = {}  # the library joins them to lines, which can't be translated

            def kept(problem: BaseException, wanted: type | None) -> str:
                return said.setdefault(text := described(problem, wanted), text)

            for line in cattrs.transform_error(error, path=place, format_exception=kept):
                text, _at, where = line.rpartition(" @ ")
                self.add(where, said.get(text, text))
            return None


def hint(name: str, known: Iterable[str]) -> str:
    """Return the nearest known name as a question, or all known names, or nothing if there are too many."""
    names = sorted(known)
    close = nearest(name, names)
    if close:
        return _(" Did you mean {close!r}?", close=close)
    return _(" There are: {names}.", names=", ".join(names) or _("none"))


def shown(value: object) -> str:
    """Return a value as a message shows it, cut off where it gets long."""
    text = repr(value)
    return text if len(text) <= MOST_SHOWN else f"{text[:MOST_SHOWN]}…"


def described(error: BaseException, _type: type | None) -> str:
    """Return a structuring error as a sentence."""
    if isinstance(error, ForbiddenExtraKeysError):
        known = [each.name.strip("_") for each in fields(error.cl)]
        return joined(
            _("There is no key {shown}.{hint}", shown=shown(key), hint=hint(key, known))
            for key in sorted(error.extra_fields)
        )
    if isinstance(error, KeyError):
        return _("The key {args!r} is missing.", args=error.args[0])
    return str(error)


@cache
def converter() -> cattrs.Converter:
    """Return the converter that takes nothing for something else: no number for a text, no text for a list."""
    made = cattrs.Converter(forbid_extra_keys=True)
    for wanted, words in ((str, "a text"), (int, _("a whole number")), (bool, _("true or false"))):
        made.register_structure_hook(wanted, exactly(wanted, words))
    made.register_structure_hook(Decimal, number)
    renamed = make_dict_structure_fn(
        GrantTable, made, _cattrs_forbid_extra_keys=True, import_=override(rename="import")
    )  # a word of Python can't be an attribute
    made.register_structure_hook(GrantTable, renamed)
    made.register_structure_hook_func(lambda wanted: wanted is object, lambda given, _: given)
    made.register_structure_hook_func(
        lambda wanted: is_made_of(wanted, tuple), lambda given, wanted: items(made, given, get_args(wanted)[0])
    )
    made.register_structure_hook_func(
        lambda wanted: is_made_of(wanted, dict), lambda given, wanted: entries(made, given, get_args(wanted)[1])
    )
    return made


def is_made_of(wanted: object, container: type) -> bool:
    """Return whether a type is `container[...]`."""
    return get_origin(wanted) == container


def exactly(wanted: type[T], words: str) -> Callable[[object, object], T]:
    """Return a function that takes values of one type and nothing else."""

    def check(given: object, _: object) -> T:
        if type(given) is not wanted:
            raise ValueError(f"{shown(given)} is not {words}.")
        return given

    return check


def number(given: object, _: object) -> Decimal:
    """Return an exact number from a number or a text."""
    try:
        if not isinstance(given, bool) and isinstance(given, (int, float, str)):
            return exact(given)
    except InvalidValue as error:
        raise ValueError(str(error)) from None
    raise ValueError(f"{shown(given)} is not a number.")


def items(made: cattrs.Converter, given: object, wanted: type) -> tuple[object, ...]:
    """Return the items of a list; texts, or tables."""
    if not isinstance(given, list):
        raise TypeError(f"{shown(given)} is not a list.")
    return tuple(
        item(made, each, wanted, _("item {position}", position=position))
        for position, each in enumerate(given, start=1)
    )


def entries(made: cattrs.Converter, given: object, wanted: type) -> dict[str, object]:
    """Return the entries of a table with free keys; a list of names is a table of names without labels."""
    if isinstance(given, list) and wanted is str:
        return dict.fromkeys(map(str, items(made, given, str)), "")
    return {key: item(made, each, wanted, key) for key, each in table(given).items()}


def item(made: cattrs.Converter, given: object, wanted: type, place: str) -> object:
    """Return one item, saying which one it is that is wrong."""
    try:
        return made.structure(given if wanted is str else table(given), wanted)
    except cattrs.BaseValidationError as error:
        lines = cattrs.transform_error(error, path=place, format_exception=described)
        parts = (line.rpartition(" @ ") for line in lines)
        raise ValueError(" ".join(f"{where}: {text}" for text, _, where in parts)) from None
    except (ValueError, TypeError) as error:
        raise ValueError(f"{place}: {error}") from None


def table(given: object) -> dict[str, object]:
    """Return what is given if it is a table."""
    if not isinstance(given, dict):
        raise TypeError(f"{shown(given)} is not a table.")
    return given
