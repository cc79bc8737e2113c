"""Writing what a merge changes in other records: with version, change and event, but without the guards of an update.

A guard may refuse what a person does to a record; that the record which it refers to has another id is no such thing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from crmkit.core.lifecycle import ledger
from crmkit.core.lifecycle.changing import refused_update, run_update
from crmkit.core.lifecycle.duplicates.keys import concerns, follow

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from crmkit.core.assemble.model import EntityModel
    from crmkit.core.declare.records import Record
    from crmkit.core.lifecycle.session import Session


def write(
    session: Session,
    entity: EntityModel,
    given: Sequence[tuple[Record, Mapping[str, object]]],
    action: str,
    event: str,
) -> list[Record]:
    """Write values of records, deleted or not, with changes and events, and return the records as they are then.

    Raises:
        ConflictError: if somebody else changed one meanwhile.
    """
    unit, written, entries = session.unit, [], []
    for record, values in given:
        held = dict(record.items())
        stamped = {**values, "updated_at": unit.now, "updated_by": session.actor_ref}
        if run_update(session, entity, record, stamped, ("update",)) != 1:
            raise refused_update(session, entity, record, ("update",))
        after = session.make(entity, {**held, **stamped, "version": record.version + 1})
        key = (entity.name, record.id)
        unit.latest[key] = (unit.latest[key][0] if key in unit.latest else record.version, after)
        is_state = "deleted_at" in values
        old = None if is_state else {name: held.get(name) for name in values}
        entries.append((after.id, after.version, old, None if is_state else dict(values)))
        written.append(after)
    ledger.log(session, action, event, entity, entries)
    if any(concerns(session, entity, values) for _record, values in given):
        follow(session, entity, written)
    return written
