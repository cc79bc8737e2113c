"""Parts of fields: `amount.currency`, `address.city`, `closed_on.year`, each a value with a kind of its own."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from functools import cache
from typing import TYPE_CHECKING, ClassVar

from attrs import frozen

from crmkit.core.declare.kinds import (
    AddressKind,
    AnyRefKind,
    DateKind,
    DateTimeKind,
    DecimalKind,
    FileKind,
    IntegerKind,
    Kind,
    LocationKind,
    MoneyKind,
    TextKind,
)
from crmkit.core.declare.kinds.numbers import MONEY_SCALE
from crmkit.core.declare.kinds.places import ADDRESS_PARTS, COORDINATE_SCALE
from crmkit.core.declare.kinds.times import zone

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from crmkit.core.declare.conventions import Conventions

MONTHS_IN_QUARTER = 3


@frozen(kw_only=True)
class RateKind(Kind):
    """The rate of a foreign amount, kept as text: it can be read, but not compared or sorted."""

    name: ClassVar[str] = "rate"
    is_plain: ClassVar[bool] = False
    is_sortable: ClassVar[bool] = False

    def load(self, *raw: object) -> Decimal:
        """Return the exact rate."""
        return Decimal(str(raw[0]))


@frozen(kw_only=True, eq=False)
class FieldPart:
    """One part of a field's value.

    Attributes:
        suffix: what its column has behind the field's name; None for a part of the calendar, which is computed.
        extract: returns the part of a value other than None.
    """

    name: str
    kind: Kind
    suffix: str | None = None
    extract: Callable[[object, Conventions], object]


def parts_of(kind: Kind) -> Mapping[str, FieldPart]:
    """Return the parts of a kind of field by name; most kinds have none."""
    for whole, parts in all_parts().items():
        if isinstance(kind, whole):
            return parts
    return {}


@cache
def all_parts() -> Mapping[type[Kind], Mapping[str, FieldPart]]:
    """Return the parts of every kind that has any."""
    text, number = TextKind(), DecimalKind(scale=MONEY_SCALE)
    coordinate = DecimalKind(scale=COORDINATE_SCALE)
    money = (
        _stored("currency", "_currency", TextKind(max=3)),
        _stored("amount", "", number),
        _stored("base", "_base", number),
        _stored("rate", "_rate", RateKind()),
    )
    any_ref = (_stored("entity", "_entity", text), FieldPart(name="id", kind=IntegerKind(), suffix="_id", extract=_id))
    return {
        MoneyKind: _named(*money),
        AddressKind: _named(*(_stored(name, f"_{name}", text) for name in ADDRESS_PARTS)),
        LocationKind: _named(*(_stored(name, f"_{name}", coordinate) for name in ("latitude", "longitude"))),
        FileKind: _named(
            *(_stored(name, f"_{name}", text) for name in ("name", "type", "sha256")),
            _stored("size", "_size", IntegerKind()),
        ),
        AnyRefKind: _named(*any_ref),
        DateKind: _named(*map(_calendar, CALENDAR)),
        DateTimeKind: _named(*map(_calendar, CALENDAR), FieldPart(name="date", kind=DateKind(), extract=local_day)),
    }


def local_day(value: object, conventions: Conventions) -> date:
    """Return the day of a date, or of a moment in the home time zone."""
    if isinstance(value, datetime):
        return value.astimezone(zone(conventions.time_zone)).date()
    assert isinstance(value, date)
    return value


CALENDAR: Mapping[str, Callable[[date], int]] = {
    "year": lambda day: day.year,
    "quarter": lambda day: (day.month + MONTHS_IN_QUARTER - 1) // MONTHS_IN_QUARTER,
    "month": lambda day: day.month,
    "day": lambda day: day.day,
}


def _named(*parts: FieldPart) -> Mapping[str, FieldPart]:
    return {part.name: part for part in parts}


def _stored(name: str, suffix: str, kind: Kind) -> FieldPart:
    return FieldPart(name=name, kind=kind, suffix=suffix, extract=lambda value, _: getattr(value, name))


def _calendar(name: str) -> FieldPart:
    number = CALENDAR[name]
    return FieldPart(
        name=name, kind=IntegerKind(), extract=lambda value, conventions: number(local_day(value, conventions))
    )


def _id(value: object, _: Conventions) -> object:
    assert isinstance(value, int)
    return int(value)
