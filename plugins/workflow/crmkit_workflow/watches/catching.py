"""Catching: in the transaction in which a watched field reaches a value, its telling is asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crmkit.core.lifecycle.remembering import forget, remembered
from crmkit_workflow.automation.crossing import is_measurable
from crmkit_workflow.automation.thresholds import reaches
from crmkit_workflow.watches.entities import Watch

if TYPE_CHECKING:
    from crmkit import Batch, Change, EntityModel, Session

JOB = "tell_watch"
AT_ONCE = 500


def catch(session: Session, changes: Batch[Change]) -> None:
    """Ask for the telling of armed watches whose value is reached by a change."""
    entity, measured = changes.entity, measured_fields(changes.entity)
    candidates = [each for each in changes if each.before is not None and measured & each.changed]
    if not candidates:
        return
    watched = watched_fields(session, entity.name)
    found = {each.after.id: each for each in candidates if watched & each.changed}
    ids = list(found)
    for start in range(0, len(ids), AT_ONCE):
        given = {"entity": entity.name, "ids": ids[start : start + AT_ONCE]}
        where = "armed and record.entity == given.entity and record.id in given.ids"
        for watch in session.elevated.find(Watch, where, given=given, order="id"):
            ask(session, entity, watch, found[int(watch.record)])


def ask(session: Session, entity: EntityModel, watch: Watch, change: Change) -> None:
    """Ask for the telling of a watch if its value is reached."""
    field = entity.fields.get(watch.field)
    if field is None or field.name not in change.changed:
        return
    if reaches(session, field, change, watch.value, watch.direction):
        key = f"watch {watch.id} {change.after.ref} {change.after.version}"
        now, text = session.unit.now, field.kind.to_text(getattr(change.after, field.name))
        session.elevated.enqueue(JOB, key=key, watch=watch.id, moment=now, value=text)


def measured_fields(entity: EntityModel) -> frozenset[str]:
    """Return the fields of an entity that can be watched."""
    return frozenset(name for name, each in entity.fields.items() if is_measurable(each))


def watched_fields(session: Session, entity: str) -> frozenset[str]:
    """Return which fields of an entity's records are watched at all, asked once in a transaction."""

    def read() -> frozenset[str]:
        where, given = "armed and record.entity == given.entity", {"entity": entity}
        rows = session.elevated.aggregate(Watch, by=["field"], measures={"n": "count()"}, where=where, given=given)
        return frozenset(str(name) for name, _number in rows)

    return remembered(session, (Watch, entity), read)


def renew(session: Session, changes: Batch[Change]) -> None:
    """Look anew for what is watched after a watch was written."""
    for change in changes.of(Watch):
        forget(session, (Watch, change.after.record.entity))  # type: ignore[attr-defined]
