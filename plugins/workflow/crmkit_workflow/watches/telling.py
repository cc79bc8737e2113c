"""Telling: the owner of a watch is told that the value is reached, and the watch waits to be armed again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crmkit.core.lifecycle.timeline import title_of
from crmkit.translation import _
from crmkit_workflow.watches.entities import Watch

if TYPE_CHECKING:
    from datetime import datetime

    from crmkit import JobRun, Session


def tell_job(session: Session, run: JobRun, watch: int, moment: datetime, value: str) -> None:
    """Tell the owner of a watch, if it was armed at a moment and still is, and if it may see what it watches.

    That the watch has fired, and the notice, are written in one transaction.
    """
    del run
    found = next(iter(session.find(Watch, {"id": watch, "armed": True})), None)
    entity = None if found is None else session.model.entities.get(found.record.entity)
    if found is None or entity is None or (found.armed_at is not None and found.armed_at > moment):
        return
    field, eyes = entity.fields.get(found.field), session.seen_by(found.owner)
    record = eyes.by_id(entity, [int(found.record)]).get(int(found.record))
    if record is None or field is None or not eyes.principal.sees(entity, field):
        return
    session.update(found, armed=False, fired_at=moment, fired_value=value)
    conventions = session.model.conventions
    shown = [field.kind.format(field.kind.parse(each, conventions), conventions) for each in (value, found.value)]
    text = _(
        "{title}: {field} is {value}. You wanted to know when it reaches {wanted}.",
        title=title_of(entity, record),
        field=field.label,
        value=shown[0],
        wanted=shown[1],
    )
    armed = "" if found.armed_at is None else found.armed_at.isoformat()
    session.notify(found.owner, text, about=record, kind="watch", key=f"watch {found.id} {armed}")
