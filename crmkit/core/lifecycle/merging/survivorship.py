"""Survivorship: which record's value a merged record keeps, field by field."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crmkit.core.declare.records import Record
from crmkit.core.declare.values import Ref
from crmkit.errors import InvalidValue, Refusal, Refused
from crmkit.translation import _

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from crmkit.core.assemble.model import EntityModel


def surviving_values(entity: EntityModel, records: Sequence[Record], chosen: Mapping[str, object]) -> dict[str, object]:
    """Return the values that the first of the records, the survivor, gets from the others.

    What is chosen counts: a value, or one of the records for the value that it has. Else the survivor keeps its own
    value, and gets the first one that another record has where it has none; tags are united. A reference to one of the
    merged records becomes none.

    Raises:
        Refused: if a field that is chosen isn't there, or isn't one that can be written.
    """
    survivor, *others = records
    unknown = [name for name in chosen if name not in entity.writable]
    if unknown:
        text = _("There is no such field.")
        raise Refused(entity=entity.name, refusals=tuple(Refusal(path=each, text=text) for each in unknown))
    merged = {record.ref for record in records}
    found: dict[str, object] = {}
    for name, field in entity.writable.items():
        own = value_of(survivor, name)
        value = own
        if name in chosen:
            value = value_of(chosen[name], name) if isinstance(chosen[name], Record) else chosen[name]
        elif field.kind.name == "tags":
            united = [each for record in records for each in (value_of(record, name) or ())]  # type: ignore[attr-defined]
            value = tuple(dict.fromkeys(united)) or None
        elif own is None:
            value = next((given for each in others if (given := value_of(each, name)) is not None), None)
        if isinstance(value, Ref) and value in merged:
            value = None
        if value != own:
            found[name] = value
    return found


def value_of(record: object, name: str) -> object:
    """Return a record's value."""
    if not isinstance(record, Record):
        raise InvalidValue(_("{value!r} is not a record.", value=record))
    return dict(record.items()).get(name)
