"""Planning: the times of an event that is written, from whichever of them were given."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from crmkit import CreateDraft
from crmkit.core.calendars.wall_clock import wall_of
from crmkit.core.declare.kinds.times import zone
from crmkit.errors import InvalidValue
from crmkit.translation import _
from crmkit_activities.events.event import PUBLIC, CalendarEvent
from crmkit_activities.events.expansion import EARLIEST, LATEST, walls
from crmkit_activities.events.links import read_links
from crmkit_activities.events.occurrences import as_series
from crmkit_activities.events.recurrence import Recurrence
from crmkit_activities.events.timing import (
    DAY,
    read_exceptions,
    read_extras,
    read_rules,
    read_wall,
    recurrence_of,
    write_extra,
    write_wall,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeVar
    from zoneinfo import ZoneInfo

    from crmkit import Batch, Session
    from crmkit.core.lifecycle.drafts import Draft

    T = TypeVar("T")

SHORT, LONGEST = timedelta(hours=1), timedelta(days=1_000)
TIMES = (
    "starts_at",
    "ends_at",
    "length",
    "time_zone",
    "wall_start",
    "all_day",
    "recurrence",
    "extra_dates",
    "except_dates",
    "series",
    "occurrence",
)
OF_SERIES = ("recurrence", "extra_dates", "except_dates")


def plan(session: Session, drafts: Batch[Draft]) -> None:
    """Work out the times of events that are written, and refuse those that don't fit together."""
    for draft in drafts.of(CalendarEvent):
        if draft.sets("links"):
            check_links(draft)
        if draft.get("series") is not None:
            join_series(session, draft)
        draft.set("private", draft.get("visibility") != PUBLIC)
        if isinstance(draft, CreateDraft) or draft.sets(*TIMES):
            found = recurrence_planned(session, draft)
            if found is not None:
                note_times(draft, found)


def recurrence_planned(session: Session, draft: Draft) -> Recurrence | None:
    """Return when an event will take place; None if something is refused."""
    home = session.model.conventions.time_zone
    if draft.get("time_zone") is None:
        draft.set("time_zone", home)
    place, all_day = zone(str(draft.get("time_zone"))), bool(draft.get("all_day"))
    start = attempt(draft, "wall_start", lambda: start_of(draft, place, all_day=all_day))
    rules = attempt(draft, "recurrence", lambda: read_rules(draft.get("recurrence")))
    extras = attempt(draft, "extra_dates", lambda: read_extras(draft.get("extra_dates")))
    exceptions = attempt(draft, "except_dates", lambda: read_exceptions(draft.get("except_dates")))
    if start is None or rules is None or extras is None or exceptions is None:
        return None
    length = length_of(draft, start, place, all_day=all_day)
    if length is None:
        return None
    for rule in rules:
        following = walls(rule, start, start + timedelta(seconds=1))
        if rule.is_endless and next(following, None) is None:
            draft.refuse("recurrence", _("By this rule, the event would never recur."))
            return None
    return Recurrence(
        start=start, length=length, zone=place, all_day=all_day, rules=rules, extras=extras, exceptions=exceptions
    )


def check_links(draft: Draft) -> None:
    """Refuse links that are no addresses."""
    found = attempt(draft, "links", lambda: read_links(draft.get("links")))
    if found is not None:
        draft.set("links", "\n".join(found) or None)


def attempt(draft: Draft, path: str, read: Callable[[], T | None]) -> T | None:
    """Return what a function reads; a value that doesn't fit is refused, and gives None."""
    try:
        return read()
    except InvalidValue as error:
        draft.refuse(path, str(error))
        return None


def start_of(draft: Draft, place: ZoneInfo, *, all_day: bool) -> datetime | None:
    """Return what the clock shows when an event begins: as given, else by its moment, else as before.

    Raises:
        InvalidValue: if a text says no time.
    """
    shown, moment = draft.get("wall_start"), draft.get("starts_at")
    moved = draft.record is not None and draft.sets("starts_at") and not draft.sets("wall_start")
    if shown is not None and not moved:
        found = read_wall(str(shown))
    elif isinstance(moment, datetime):
        found = wall_of(moment, place).replace(microsecond=0)
    else:
        return None  # it is a required field
    if not EARLIEST < found.year < LATEST:
        draft.refuse("starts_at", _("An event begins after the year {first}.", first=EARLIEST))
        return None
    return datetime(found.year, found.month, found.day) if all_day else found


def length_of(draft: Draft, start: datetime, place: ZoneInfo, *, all_day: bool) -> timedelta | None:
    """Return how long an event lasts: as given, else by its end, else as before, else an hour or a day."""
    given, end = draft.get("length"), draft.get("ends_at")
    has_end = isinstance(end, datetime) and draft.sets("ends_at") and not draft.sets("length")
    if has_end and isinstance(end, datetime):
        found = end - Recurrence(start=start, length=SHORT, zone=place).span(start).start
        if all_day:
            found = wall_of(end, place) - start
    elif isinstance(given, timedelta):
        found = given
    else:
        found = DAY if all_day else SHORT
    if all_day:
        found = max(-(-found // DAY), 1 if found >= timedelta(0) else -1) * DAY
    if found < timedelta(0):
        draft.refuse("ends_at", _("The event would end before it begins."))
        return None
    if found > LONGEST:
        draft.refuse("length", _("An event lasts at most {most} days.", most=LONGEST.days))
        return None
    return found - timedelta(microseconds=found.microseconds)


def note_times(draft: Draft, found: Recurrence) -> None:
    """Give an event all its times, in their canonical forms."""
    first, last = found.bounds()
    span = found.span(found.start)
    draft.set("wall_start", write_wall(found.start, all_day=found.all_day))
    draft.set("length", found.length)
    draft.set("starts_at", span.start)
    draft.set("ends_at", span.end)
    draft.set("recurrence", "\n".join(map(str, found.rules)) or None)
    draft.set("extra_dates", "\n".join(write_extra(each, all_day=found.all_day) for each in found.extras) or None)
    listed = sorted(write_wall(each, all_day=found.all_day) for each in found.exceptions)
    draft.set("except_dates", "\n".join(listed) or None)
    draft.set("first_at", first)
    draft.set("last_at", last)


def join_series(session: Session, draft: Draft) -> None:
    """Refuse a changed occurrence that its series doesn't have; it has the owner of its series, and is as private."""
    series = draft.related("series")
    if series is None:
        return
    for name in OF_SERIES:
        if draft.get(name) is not None:
            draft.refuse(name, _("A single occurrence doesn't recur. Change its series."))
    if series.series is not None:
        draft.refuse("series", _("This event is itself an occurrence of a series."))
        return
    organizer = draft.get("organizer") or series.organizer
    for name, value in {"uid": None, "organizer": organizer, **as_series(series, draft.get("visibility"))}.items():
        if draft.get(name) != value:
            draft.set(name, value)
    if draft.get("occurrence") is None:
        draft.refuse("occurrence", _("Say which occurrence of its series it is, as 2026-03-30T09:00."))
        return
    wall = attempt(draft, "occurrence", lambda: read_wall(str(draft.get("occurrence"))))
    if wall is None or not draft.sets("series", "occurrence"):
        return
    if not recurrence_of(series, session.model.conventions.time_zone).takes_place(wall):
        draft.refuse("occurrence", _("The series doesn't take place then."))
        return
    draft.set("occurrence", write_wall(wall, all_day=bool(series.all_day)))
