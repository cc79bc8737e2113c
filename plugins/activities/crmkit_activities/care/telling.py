"""Telling: owners are told of each care date on its day, once a year."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from crmkit.core.lifecycle.timeline import title_of
from crmkit.translation import _
from crmkit_activities.care.dates import WEEK, care_dates_of
from crmkit_activities.care.upcoming import upcoming
from crmkit_activities.seeing import Eyes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from crmkit import JobRun, Session
    from crmkit_activities.care.dates import CareDate

KIND = "care_date"


def tell(session: Session, run: JobRun) -> None:
    """Tell owners of the care dates of today, and of those of the last days that nobody was there to tell of."""
    del run
    for care in care_dates_of(session.model).values():
        session.notify_many(tellings(session, care))


def tellings(session: Session, care: CareDate) -> Iterator[dict[str, object]]:
    """Yield what is told of one sort of dates, to who may know it, with a key for each year."""
    entity = session.model.entities[care.entity]
    start = session.today - timedelta(days=WEEK - 1)
    owned = f"{care.owner} is not None"
    found = upcoming(session, entity.record_class, care.field, days=WEEK, start=start, where=owned)
    owners = {each.record.id: getattr(each.record, care.owner) for each in found}
    eyes = Eyes(session)
    reading = eyes.reading((owners[each.record.id], each.record.ref) for each in found)
    for each in found:
        owner = owners[each.record.id]
        if (int(owner), each.record.ref) not in reading or not eyes.see(owner, entity.name, care.field):
            continue
        name, day = title_of(entity, each.record), each.day.isoformat()
        yield {
            "to": owner,
            "text": _("{date}: {name}, {day} ({years})", date=care.label, name=name, day=day, years=each.years),
            "about": each.record,
            "kind": KIND,
            "key": f"{care.name} {each.record.ref} {each.day.year}",
        }
