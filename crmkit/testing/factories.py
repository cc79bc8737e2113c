"""Factories: records with made-up values that fit their fields, so that a test gives only what it is about."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any, TypeVar

from crmkit.core.declare.kinds import AnyRefKind, ChoiceKind, DecimalKind, IntegerKind, RefKind, TextKind
from crmkit.core.declare.values import Address, File, Location, Ref

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from crmkit.core.assemble.model import EntityModel, FieldModel
    from crmkit.core.declare.records import Record
    from crmkit.core.lifecycle.session import Session

R = TypeVar("R", bound="Record")
DEEPEST = 5
ANY = "customer"
"""The entity that a reference to a record of any entity leads to."""


def make(session: Session, entity: type[R], /, **values: object) -> R:
    """Create a record with the values that are given, and made-up ones for whatever else is required.

    Records that it must refer to are made, too.

    Raises:
        Refused: if the values don't fit, or a rule wants more than required fields.
    """
    return session.create(entity, **made_up(session, session.model.entity(entity), values))


def make_many(session: Session, entity: type[R], count: int, /, **values: object) -> list[R]:
    """Create so many records in one command, each with made-up values of its own."""
    found = session.model.entity(entity)
    return session.create_many(entity, [made_up(session, found, values, number=each) for each in range(1, count + 1)])


def made_up(
    session: Session,
    entity: EntityModel,
    values: Mapping[str, object],
    *,
    number: int | None = None,
    everything: bool = False,
    depth: int = 0,
) -> dict[str, Any]:
    """Return values for a new record: the given ones, and made-up ones for required fields, or for all of them.

    A given value may be a function of the session that returns it.
    """
    counted = session.count(entity.declared.declared) + 1 if number is None else number
    found = {name: value(session) if callable(value) else value for name, value in values.items()}
    for name, field in entity.writable.items():
        if name not in found and (field.declared.required or everything) and field.declared.default is None:
            value = value_for(session, field, counted, depth=depth)
            if value is not None:
                found[name] = value
    return found


def value_for(session: Session, field: FieldModel, number: int, *, depth: int = 0) -> object:
    """Return a made-up value for a field, another one for every number; None if there can be none."""
    kind = field.kind
    if isinstance(kind, (RefKind, AnyRefKind)):
        target = kind.target if isinstance(kind, RefKind) else next(iter(kind.targets), ANY)
        place = number if isinstance(kind, AnyRefKind) else 1
        return reference(session, target, place, depth) if field.declared.required else None
    if isinstance(kind, ChoiceKind):
        return kind.choices[number % len(kind.choices)].name if kind.choices else None
    if isinstance(kind, (IntegerKind, DecimalKind)):
        low = Decimal(kind.min if kind.min is not None else 0)
        high = Decimal(kind.max if kind.max is not None else low + 1000)
        value = low + number % max(int(high - low) + 1, 1)
        return int(value) if isinstance(kind, IntegerKind) else value
    if isinstance(kind, TextKind) and kind.pattern:
        return None
    sample = SAMPLES.get(kind.name)
    return sample(number) if sample else None


def reference(session: Session, target: str, place: int, depth: int) -> Ref[object] | None:
    """Return a reference to a record of an entity that is there, or to one made for it.

    References to any entity are often unique, so that each number gets another record: that at its place.
    """
    entity = session.model.entities[target]
    found = session.find(entity.declared.declared, order="id", limit=place)
    if len(found) == place:
        return found[-1].ref
    if depth == DEEPEST:
        return None
    values = made_up(session, entity, {}, depth=depth + 1)
    return session.create(entity.declared.declared, **values).ref


SAMPLES: Mapping[str, Callable[[int], object]] = {
    "text": lambda number: f"Text {number}",
    "long_text": lambda number: f"First line of {number}\nSecond line",
    "money": lambda number: f"{100 + number}.50 EUR",
    "boolean": lambda number: number % 2 == 0,
    "date": lambda number: date(2026, 1, 1) + timedelta(days=number),
    "datetime": lambda number: datetime(2026, 1, 1, 12, tzinfo=UTC) + timedelta(hours=number),
    "duration": lambda number: timedelta(hours=number),
    "tags": lambda number: (f"tag {number}", "common"),
    "email": lambda number: f"person{number}@company.example",
    "phone": lambda number: f"+33 1 40 20 {number // 100 % 100:02} {number % 100:02}",
    "url": lambda number: f"https://company{number}.example/",
    "address": lambda number: Address(street=f"{number} Main Street", city="Paris", country="FR"),
    "location": lambda number: Location(Decimal("48.86"), Decimal("2.33") + Decimal(number % 1000) / 10000),
    "json": lambda number: {"number": number},
    "file": lambda number: File(f"file {number}.txt", content=f"Content {number}".encode()),
}
