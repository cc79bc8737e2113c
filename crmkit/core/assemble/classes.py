"""Record classes: the slotted, frozen class of an entity with all its extensions."""

from __future__ import annotations

from functools import lru_cache
from operator import attrgetter
from typing import TYPE_CHECKING, cast

import attrs

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from crmkit.core.assemble.model import FieldModel
    from crmkit.core.declare.records import Record

    Setter = Callable[[object, object], None]


@lru_cache(maxsize=4096)
def _composed(declared: type, extensions: tuple[type, ...], names: tuple[str, ...]) -> type:
    made = attrs.make_class(
        declared.__name__,
        {name: attrs.field() for name in names},
        bases=(declared, *extensions),
        class_body={
            "__crmkit_fields__": names,
            "__crmkit_values__": staticmethod(attrgetter(*names)),
            "__doc__": declared.__doc__,
            "__reduce__": _reduce,
            "__crmkit_compose__": (declared, extensions),
        },
        frozen=True,
        slots=True,
        kw_only=True,
        eq=False,
        repr=False,
        weakref_slot=False,
    )
    made.__module__ = declared.__module__
    return made


def record_class(declared: type[Record], extensions: tuple[type, ...], names: tuple[str, ...]) -> type[Record]:
    """Return the class of records with these fields; equal compositions share one class."""
    return cast("type[Record]", _composed(cast("type", declared), extensions, names))


def _reduce(record: Record) -> tuple[Callable[..., Record], tuple[object, ...]]:
    declared, extensions = type(record).__crmkit_compose__  # type: ignore[attr-defined]
    return _restore, (declared, extensions, type(record).__crmkit_fields__, dict(record.items()))


def _restore(declared: type[Record], extensions: tuple[type, ...], names: tuple[str, ...], values: dict) -> Record:  # type: ignore[type-arg]
    made = record_class(declared, extensions, names)
    restored = object.__new__(made)
    for name, value in values.items():
        getattr(made, name).__set__(restored, value)
    return restored


def rewriter(made: type[Record]) -> Callable[[Record, Mapping[str, object]], Record]:
    """Return the function from a whole record and other values to a record that has these."""
    setters = {name: getattr(made, name).__set__ for name in made.__crmkit_fields__}
    every, values_of, new = tuple(setters.values()), made.__crmkit_values__, object.__new__

    def rewrite(record: Record, values: Mapping[str, object]) -> Record:
        changed = new(made)
        for setter, value in zip(every, values_of(record), strict=True):
            setter(changed, value)
        for name, value in values.items():
            setters[name](changed, value)
        return changed

    return rewrite


def builder(made: type[Record], fields: Sequence[FieldModel]) -> Callable[[Sequence[object]], Record]:
    """Return the function that turns a row, with the columns of the given fields in their order, into a record.

    Fields that are not given stay unset, and reading them raises FieldHidden.
    """
    plain: list[tuple[Setter, int]] = []
    single: list[tuple[Setter, Callable[..., object], int]] = []
    several: list[tuple[Setter, Callable[..., object], int, int]] = []
    position = 0
    for each in fields:
        setter, width = getattr(made, each.name).__set__, len(each.columns)
        if each.kind.is_plain:
            plain.append((setter, position))
        elif width == 1:
            single.append((setter, each.kind.load, position))
        else:
            several.append((setter, each.kind.load, position, position + width))
        position += width
    new = object.__new__

    def build(row: Sequence[object]) -> Record:
        record = new(made)
        for setter, index in plain:
            setter(record, row[index])
        for setter, load, index in single:
            value = row[index]
            setter(record, None if value is None else load(value))
        for setter, load, start, stop in several:
            raw = row[start:stop]
            setter(record, load(*raw) if any(part is not None for part in raw) else None)
        return record

    return build
