"""Contacts: when records were last contacted, by kind, from all plugins that keep contacts."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from crmkit.core.declare.contact_sources import ContactSource
from crmkit.core.reading.reports.running import function_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from datetime import datetime

    from crmkit.core.assemble.model import Model
    from crmkit.core.lifecycle.session import Session


def has_contacts(model: Model, entity: str) -> bool:
    """Return whether any plugin keeps contacts with records of an entity."""
    return any(source.entity == entity for source, _plugin in model.of(ContactSource))


def kinds_of_contacts(model: Model, entity: str) -> frozenset[str] | None:
    """Return the kinds of contact with records of an entity that all sources know; None if any may come."""
    sources = [source for source, _plugin in model.of(ContactSource) if source.entity == entity]
    if not sources or any(source.kinds is None for source in sources):
        return None
    asked = [
        cast("Callable[..., Iterable[str]]", function_of(each.kinds)) for each in sources if each.kinds is not None
    ]
    return frozenset(kind for kinds in asked for kind in kinds(model))


def contacts_by_kind(session: Session, entity: str, ids: Iterable[int]) -> dict[int, dict[str, datetime]]:
    """Return the latest moment, UTC, of each kind of contact with records of an entity, by the id of the record.

    It is read with system reach. Records without contacts are left out; of two sources, the later moment counts.
    """
    wanted, found = list(ids), dict[int, dict[str, "datetime"]]()
    for source, _plugin in session.model.of(ContactSource):
        if source.entity != entity or not wanted:
            continue
        read = cast("Callable[..., Mapping[int, Mapping[str, datetime]]]", function_of(source.read))
        for number, moments in read(session.elevated, wanted).items():
            known = found.setdefault(number, {})
            for kind, at in moments.items():
                known[kind] = max(at, known.get(kind, at))
    return found
