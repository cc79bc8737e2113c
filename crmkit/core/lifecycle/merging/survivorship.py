"""Survivorship: which record's value a merged record keeps, field by field."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import frozen

from crmkit.core.declare.records import Record
from crmkit.core.declare.values import Ref

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from crmkit.core.assemble.model import EntityModel

SURVIVOR = "survivor"
"""What stands for the survivor's own value among those that are chosen."""


@frozen
class Carrying:
    """The occasion on which the survivor gets by the rule what it hasn't got: nobody has chosen that for it."""


def surviving_values(
    entity: EntityModel, records: Sequence[Record], chosen: Mapping[str, object]
) -> tuple[dict[str, object], dict[str, object]]:
    """Return the values that the first of the records gets by the rule, and those that it gets because they are chosen.

    The rule: the survivor keeps the value that it has, and gets the first one that another record has where it has
    none; tags are united; a reference to one of the merged records becomes none. Locked fields stay as the survivor's
    are: what a program found of another record need not hold for this one. The actor needs no right to see or to
    change a field for the rule to carry its value along, but for choosing one.
    """
    survivor = records[0]
    merged = {record.ref for record in records}
    automatic, explicit = {}, {}
    for name in (each for each, field in entity.writable.items() if not field.declared.locked):
        own = value_of(survivor, name)
        value = by_rule(entity, records, name) if name not in chosen else own
        if isinstance(value, Ref) and value in merged:
            value = None
        if value != own:
            automatic[name] = value
    for name, choice in chosen.items():
        value = choice
        if isinstance(choice, Record) and choice.ref in merged:
            value = value_of(next(each for each in records if each.ref == choice.ref), name)
        if name not in entity.writable or (choice != SURVIVOR and value != value_of(survivor, name)):
            explicit[name] = value
    return automatic, explicit


def by_rule(entity: EntityModel, records: Sequence[Record], name: str) -> object:
    """Return the value that the first of the records has after the merge if nothing is chosen."""
    values = [value for each in records if (value := value_of(each, name)) is not None]
    if entity.fields[name].kind.name == "tags":
        united = [each for value in values if isinstance(value, tuple) for each in value]
        return tuple(dict.fromkeys(united)) or None
    return values[0] if values else None


def value_of(record: Record, name: str) -> object:
    """Return a record's value."""
    return dict(record.items()).get(name)
