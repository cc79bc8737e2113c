"""The calendar: what of users and teams the actor may read in a window, with recurrences expanded."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from attrs import frozen

from crmkit.errors import FieldHidden, NotFoundError, Refusal, Refused
from crmkit.translation import _
from crmkit_activities.events.entries import entries, too_long
from crmkit_activities.events.members import members_of, references
from crmkit_activities.events.spans import Span

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from crmkit import Record, Ref, Session
    from crmkit_activities.events.entries import Entry

LONGEST_WINDOW = 3_700


@frozen(kw_only=True, eq=False)
class CalendarEntry:
    """One thing on the calendar, as the actor sees it. Moments are in UTC.

    Attributes:
        record: the event, or the planned activity.
        title: what it is called; empty if the actor may not see that.
        people: those of the asked whose calendars it is on, with the state of their attendance.
        occurrence: what the clock of the event's zone shows, by which an occurrence of a series is named.
    """

    start: datetime
    end: datetime
    all_day: bool
    record: Record
    title: str
    people: Mapping[Ref[object], str]
    occurrence: datetime | None


def calendar(
    session: Session,
    start: datetime,
    end: datetime,
    *,
    users: Iterable[Record | Ref[object]] = (),
    teams: Iterable[Record | Ref[object]] = (),
) -> list[CalendarEntry]:
    """Return what is on the calendars of users and teams from one moment to another, as far as the actor may read it.

    Without either, the actor's own. However many events there are, about ten statements are run.

    Raises:
        NotFoundError: if the actor doesn't see one of the users or teams.
        Refused: if the window is longer than ten years, or there is too much in it.
    """
    window = window_of(start, end)
    people = people_of(session, users, teams)
    return shown(session, entries(session, people, window))


def window_of(start: datetime, end: datetime) -> Span:
    """Return a window.

    Raises:
        Refused: if it ends before it begins, says no time zone, or is too long.
    """
    if start.tzinfo is None or end.tzinfo is None or end <= start:
        text = _("A window has a beginning, and an end after it, with their time zones.")
        raise Refused(entity="calendar", refusals=(Refusal(path="end", text=text),))
    if end - start > timedelta(days=LONGEST_WINDOW):
        raise too_long("end", LONGEST_WINDOW)
    return Span(start, end)


def people_of(
    session: Session, users: Iterable[Record | Ref[object]], teams: Iterable[Record | Ref[object]]
) -> list[Ref[object]]:
    """Return the users who are asked for, by name or by team; the actor if nobody is.

    Raises:
        NotFoundError: if the actor doesn't see one of them.
    """
    named, asked = references(users), references(teams)
    for entity, refs in (("user", named), ("team", asked)):
        seen = session.readable_ids(entity, [int(each) for each in refs if each.entity == entity])
        for each in refs:
            if each.entity != entity or int(each) not in seen:
                raise NotFoundError(entity=entity, id=int(each))
    if not named and not asked:
        return [session.actor_ref] if session.actor_ref is not None else []
    return list(dict.fromkeys([*named, *members_of(session, asked)]))


def shown(session: Session, found: list[Entry]) -> list[CalendarEntry]:
    """Return the entries that the actor may read, with the records as it sees them."""
    records: dict[Ref[object], Record] = {}
    for entity in ("calendar_event", "activity"):
        numbers = {each.record.id for each in found if each.record.__crmkit_entity__.name == entity}
        if numbers:
            seen = session.by_id(session.model.entities[entity], numbers)
            records |= {each.ref: each for each in seen.values()}
    return [
        CalendarEntry(
            start=each.span.start,
            end=each.span.end,
            all_day=each.all_day,
            record=records[each.record.ref],
            title=title_of(records[each.record.ref]),
            people={who: how.state for who, how in each.attendance.items()},
            occurrence=each.wall,
        )
        for each in found
        if each.record.ref in records
    ]


def title_of(record: Record) -> str:
    """Return what an event or activity is called, nothing if that is hidden."""
    try:
        return str(record.subject)
    except FieldHidden:
        return ""
