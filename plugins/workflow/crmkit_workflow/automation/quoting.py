"""Quoting: texts of actions that name values of the record, such as `Call {customer.name}`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from crmkit.errors import FilterError
from crmkit.translation import _
from crmkit_workflow.reach import may_read_all

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from crmkit import EntityModel, FieldModel, Record, Session

PLACE = re.compile(r"\{([a-z_][a-z0-9_]*(?:\.[a-z_][a-z0-9_]*)*)\}")


def paths_in(given: Mapping[str, object]) -> list[str]:
    """Return the paths that texts among some values quote, each once."""
    texts = [value for value in given.values() if isinstance(value, str)]
    return list(dict.fromkeys(path for text in texts for path in PLACE.findall(text)))


def problems_of(session: Session, entity: EntityModel, given: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    """Yield, by value, what can't be quoted; what the session's actor may not see is not there."""
    for name, value in given.items():
        for path in paths_in({name: value}):
            try:
                session.rows(entity.declared.declared, [path], "id == 0")
                found = session.reader.finder.find(entity, path)
            except FilterError:
                found = None
            if found is None or not all(is_open(session, hop) for hop in found.hops):
                yield name, _("{path} can't be quoted: there is no such field.", path=path)


def is_open(session: Session, hop: FieldModel) -> bool:
    """Return whether the actor may read all records to which a reference leads, and none can be somebody's alone."""
    entity = session.model.entities[str(hop.target)]
    return not entity.declared.private and entity.private_mark is None and may_read_all(session, entity)


def quoted(session: Session, record: Record, given: Mapping[str, object]) -> dict[str, object]:
    """Return values whose texts quote the record as it is now; what has no value is quoted as nothing."""
    paths = paths_in(given)
    if not paths:
        return dict(given)
    entity, conventions = session.model.entity(record), session.model.conventions
    row = session.rows(entity.declared.declared, paths, {"id": record.id})[0]
    kinds = [session.reader.finder.find(entity, path).field.kind for path in paths]
    shown = {
        path: "" if value is None else str(kind.format(value, conventions))
        for path, value, kind in zip(paths, row, kinds, strict=True)
    }
    return {
        name: PLACE.sub(lambda found: shown[found[1]], value) if isinstance(value, str) else value
        for name, value in given.items()
    }
