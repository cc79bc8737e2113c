"""Changed occurrences follow their series: its owner, its privacy, its times, and whether it takes place at all."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from crmkit import Ref
from crmkit.translation import _
from crmkit_activities.events.coming import comes
from crmkit_activities.events.event import CANCELLED, PUBLIC, CalendarEvent
from crmkit_activities.events.members import number_of
from crmkit_activities.events.timing import read_wall, recurrence_of, write_wall
from crmkit_activities.referring import chunks

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from crmkit import Batch, Change, Record, RestoreDraft, Session

WHEN = frozenset({"wall_start", "time_zone", "all_day", "recurrence", "extra_dates"})
"""The fields by which a series takes place at other times on the clock."""
FOLLOWED = WHEN | {"owner", "visibility", "status"}


def occurrences_of(session: Session, series: Iterable[int]) -> list[Record]:
    """Return the changed occurrences of series."""
    return [
        each
        for some in chunks(sorted(series))
        for each in session.find(CalendarEvent, "series in given.some", given={"some": some}, order="id")
    ]


def moved_of(session: Session, series: Iterable[int]) -> dict[int, list[datetime]]:
    """Return the occurrences of series that have become events of their own, by the ids of the series."""
    found: dict[int, list[datetime]] = {}
    rows = session.rows(
        CalendarEvent, ["series", "occurrence"], "series in given.events", given={"events": sorted(series)}
    )
    for number, occurrence in rows:
        found.setdefault(number_of(number), []).append(read_wall(str(occurrence)))
    return found


def follow(session: Session, changes: Batch[Change]) -> None:
    """Bring the changed occurrences of series that were changed to what these say now.

    A day that was changed stays so while the series takes place on that day, and is the series' own time there if it
    was before. Of others, nothing is left: the series doesn't have them any more.
    """
    changed = {
        change.after.id: change
        for change in changes.of(CalendarEvent)
        if change.before is not None and change.after.series is None and change.changed & FOLLOWED
    }
    if not changed:
        return
    by_series: dict[int, list[Record]] = {}
    for each in occurrences_of(session, changed):
        by_series.setdefault(number_of(each.series), []).append(each)
    updates: list[tuple[Record, Mapping[str, object]]] = []
    for number, occurrences in by_series.items():
        names = names_now(session, changed[number], occurrences)
        for each in occurrences:
            if each.id not in names:
                session.delete(each)
            elif values := values_now(changed[number], each, names[each.id]):
                updates.append((each, values))
    session.update_many(updates)


def names_now(session: Session, change: Change, occurrences: Iterable[Record]) -> dict[int, str]:
    """Return which occurrences of a changed series its changed ones are now, by their ids, as far as it has them."""
    if not change.changed & WHEN:
        return {each.id: str(each.occurrence) for each in occurrences}
    series = change.after
    recurrence = recurrence_of(series, session.model.conventions.time_zone)
    found: dict[int, datetime] = {}
    walls = {each.id: read_wall(str(each.occurrence)) for each in occurrences}
    for at_once in (walls, {number: datetime.combine(wall, recurrence.start.time()) for number, wall in walls.items()}):
        for number, wall in at_once.items():
            if number not in found and wall not in found.values() and recurrence.takes_place(wall):
                found[number] = wall
    return {number: write_wall(wall, all_day=bool(series.all_day)) for number, wall in found.items()}


def values_now(change: Change, occurrence: Record, name: str) -> dict[str, object]:
    """Return what is different for a changed occurrence of a changed series, which is now the one of that name."""
    series, values = change.after, as_series(change.after, occurrence.visibility)
    assert change.before is not None
    if "visibility" in change.changed and occurrence.visibility == change.before.visibility:
        values["visibility"] = series.visibility
    if "status" in change.changed and series.status == CANCELLED:
        values["status"] = CANCELLED
    if name != occurrence.occurrence:
        values["occurrence"] = name
        if occurrence.wall_start == occurrence.occurrence:
            values["wall_start"] = name
    return {each: value for each, value in values.items() if value != getattr(occurrence, each)}


def as_series(series: Record, visibility: object) -> dict[str, object]:
    """Return what an occurrence has of its series always: its owner, and that it is as private at least."""
    return {"owner": series.owner, "visibility": series.visibility if visibility == PUBLIC else visibility}


def follow_deletion(session: Session, changes: Batch[Change]) -> None:
    """Delete the changed occurrences of series that were deleted."""
    gone = [change.after.id for change in changes.of(CalendarEvent) if change.after.series is None]
    for each in occurrences_of(session, gone):
        session.delete(each)


def check_restored(session: Session, drafts: Batch[RestoreDraft]) -> None:
    """Refuse to bring back an occurrence that its series doesn't have by now."""
    home = session.model.conventions.time_zone
    for draft in drafts.of(CalendarEvent):
        if draft.get("series") is None:
            continue
        series = draft.related("series")
        if series is None:
            draft.refuse("series", _("It belongs to a series that is deleted. Restore that first."))
        elif not recurrence_of(series, home).takes_place(read_wall(str(draft.get("occurrence")))):
            draft.refuse("occurrence", _("The series doesn't take place then."))


def follow_restoration(session: Session, changes: Batch[Change]) -> None:
    """Bring back the occurrences that were deleted with their series; one that comes back alone has what that has."""
    table = session.tables["calendar_event"]
    back = [change for change in changes.of(CalendarEvent) if comes(change) and change.before is not None]
    for change in back:
        assert change.before is not None
        same = (table.c.series_id == change.after.id) & (table.c.deleted_at == change.before.deleted_at)
        for number in session.unit.connection.execute(table.select().with_only_columns(table.c.id).where(same)):
            session.restore(CalendarEvent, number[0])
    alone = [change.after for change in back if isinstance(change.after.series, Ref)]
    series = session.by_id(session.model.entity(CalendarEvent), {number_of(each.series) for each in alone})
    session.update_many((each, as_series(series[number_of(each.series)], each.visibility)) for each in alone)
