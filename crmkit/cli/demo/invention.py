"""Invention: values for fields that plugins require and this demonstration doesn't know."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from crmkit.core.declare.kinds import ChoiceKind

if TYPE_CHECKING:
    from random import Random

    from crmkit.core.declare.kinds import Kind
    from crmkit.core.declare.records import Record
    from crmkit.core.lifecycle.session import Session

TEXT = "Agreed on the telephone."


def needed(session: Session, entity: type[Record], random: Random) -> dict[str, Any]:
    """Return values for the fields of an entity that other plugins than the core require."""
    found = session.model.entity(entity)
    return {
        name: invented(each.kind, session, random)
        for name, each in found.writable.items()
        if each.provider != found.provider and each.declared.required and each.declared.default is None
    }


def invented(kind: Kind, session: Session, random: Random) -> object:
    """Return a value that fits a kind of field; None if there is none that fits everywhere."""
    if isinstance(kind, ChoiceKind):
        return random.choice(kind.choices).name
    values: dict[str, object] = {
        "text": TEXT,
        "long_text": TEXT,
        "integer": getattr(kind, "min", None) or 1,
        "decimal": getattr(kind, "min", None) or 1,
        "percent": 50,
        "money": 1000,
        "boolean": True,
        "date": session.today,
        "datetime": session.unit.now,
        "duration": timedelta(hours=1),
        "tags": ["demo"],
    }
    return values.get(kind.name)
