"""The calendar on the command line and in reports."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

from crmkit import Column, Table, Team
from crmkit.core.calendars.wall_clock import moment_of
from crmkit.core.declare.kinds.times import zone
from crmkit.core.reading.reports import chart
from crmkit.core.reading.reports.standard.choosing import record_named, user_named
from crmkit.errors import Refusal, Refused
from crmkit.translation import _, joined
from crmkit_activities.events.attendance import answer as attend
from crmkit_activities.events.event import CANCELLED, DECLINED, CalendarEvent
from crmkit_activities.events.free_busy import first_slot, free_busy
from crmkit_activities.events.members import user_ref
from crmkit_activities.events.spans import Span, united
from crmkit_activities.events.view import calendar, people_of
from crmkit_activities.ics.exporting import export_calendar
from crmkit_activities.ics.importing import import_calendar
from crmkit_activities.ics.reading import MOST_BYTES

if TYPE_CHECKING:
    from datetime import date

    from crmkit import Ref, Session
    from crmkit.core.reading.reports.columns import Cell

HOUR = Decimal(3_600)


def window(session: Session, since: date | None, days: int) -> tuple[datetime, datetime]:
    """Return the moments at which days begin and end in the home time zone."""
    first, place = since or session.today, zone(session.model.conventions.time_zone)
    start, end = (moment_of(datetime.combine(first + timedelta(days=each), time()), place) for each in (0, days))
    return start, end


def asked(session: Session, user: str | None, team: str | None) -> dict[str, list[Ref[object]]]:
    """Return the users and teams that are named.

    Raises:
        Refused: if there is no such user or team.
    """
    number = user_named(session, user)
    users = [] if number is None else [user_ref(number)]
    teams = [] if team is None else [record_named(session, session.model.entity(Team), team, "team").ref]
    return {"users": users, "teams": teams}


def show(
    session: Session,
    *,
    since: date | None,
    days: int,
    user: str | None,
    team: str | None,
    slot: timedelta | None,
    answer: str | None,
    out: str | None,
    file: str | None,
) -> Table | str:
    """Show a calendar; or answer an invitation, write or import a file, or find the first free time."""
    chosen = asked(session, user, team)
    if answer is not None:
        reply(session, answer)
    if file is not None:
        return take_in(session, file, chosen["users"])
    if out is not None:
        return write_out(session, out, chosen["users"])
    start, end = window(session, since, days)
    if slot is not None:
        return free(session, slot, max(start, full_minute(session.unit.now)), end, chosen)
    return table(session, since, days, chosen)


def reply(session: Session, text: str) -> None:
    """Answer the invitation that a text such as `5:accepted` names.

    Raises:
        Refused: if it names none, or no answer, or the actor is busy then and conflicts are refused.
        NotFoundError: if the actor isn't invited.
    """
    number, _colon, attendance = text.partition(":")
    if not number.isdecimal() or not attendance:
        problem = _("Write {text!r} like 5:accepted: the id of the event, and the answer.", text=text)
        raise Refused(entity="event_attendee", refusals=(Refusal(path="answer", text=problem),))
    attend(session, session.get(CalendarEvent, int(number)), attendance)


def full_minute(moment: datetime) -> datetime:
    """Return the full minute that a moment is, or the next one."""
    full = moment.replace(second=0, microsecond=0)
    return full if full == moment else full + timedelta(minutes=1)


def free(
    session: Session, slot: timedelta, start: datetime, end: datetime, chosen: dict[str, list[Ref[object]]]
) -> str:
    """Say when there is time first that is free."""
    found = first_slot(session, slot, start, end, users=chosen["users"], teams=chosen["teams"]) if start < end else None
    if found is None:
        return _("There is no such time in these days.")
    place = zone(session.model.conventions.time_zone)
    first, last = (each.astimezone(place).strftime("%Y-%m-%d %H:%M") for each in (found.start, found.end))
    return _("Free from {first} to {last}.", first=first, last=last)


def write_out(session: Session, file: str, users: list[Ref[object]]) -> str:
    """Write a calendar to a file, and say how large it is.

    Raises:
        Refused: if the file can't be written.
    """
    data = export_calendar(session, users[0] if users else None)
    try:
        Path(file).write_bytes(data)
    except OSError as error:
        text = _("{file} can't be written: {problem}.", file=file, problem=error.strerror)
        raise Refused(entity="calendar", refusals=(Refusal(path="out", text=text),)) from error
    return _("Wrote {file} ({count} bytes).", file=file, count=len(data))


def take_in(session: Session, file: str, users: list[Ref[object]]) -> str:
    """Import a file, and say what became of it."""
    path = Path(file)
    try:
        with path.open("rb") as opened:
            data = opened.read(MOST_BYTES + 1)
    except OSError as error:
        refusal = Refusal(path="file", text=_("{file} can't be read: {problem}.", file=file, problem=error.strerror))
        raise Refused(entity="calendar", refusals=(refusal,)) from error
    done = import_calendar(session, data, users[0] if users else None)
    said = _(
        "Events: {created} new, {updated} changed, {unchanged} as before.",
        created=done.created,
        updated=done.updated,
        unchanged=done.unchanged,
    )
    return joined([said, *(str(each) for each in done.problems)], "\n")


def table(session: Session, since: date | None, days: int, chosen: dict[str, list[Ref[object]]]) -> Table:
    """Return what takes place on calendars, in the order of time, with those who haven't declined."""
    start, end = window(session, since, days)
    found = calendar(session, start, end, users=chosen["users"], teams=chosen["teams"])
    found = [each for each in found if getattr(each.record, "status", None) != CANCELLED]
    names = names_of(session, chosen)
    return Table(
        [
            Column("start", _("Start"), "datetime"),
            Column("end", _("End"), "datetime"),
            Column("title", _("Title")),
            Column("people", _("Who")),
            Column("id", _("Id")),
        ],
        [
            (
                each.start,
                each.end,
                each.title,
                ", ".join(names[who] for who, state in each.people.items() if state != DECLINED),
                str(each.record.id) if isinstance(each.record, CalendarEvent) else str(each.record.ref),
            )
            for each in found
        ],
        title=_("Calendar"),
        parameters={"since": since or session.today, "days": days},
    )


def names_of(session: Session, chosen: dict[str, list[Ref[object]]]) -> dict[Ref[object], str]:
    """Return the names of those who are asked for."""
    people = people_of(session, chosen["users"], chosen["teams"])
    users = session.by_id(session.model.entities["user"], [int(each) for each in people])
    return {each: str(users[int(each)].name) for each in people if int(each) in users}


def load(session: Session, *, since: date | None, days: int, team: str | None) -> Table:
    """Return how many hours people work, and are busy, in some days."""
    start, end = window(session, since, days)
    chosen = asked(session, None, team)
    blocks = free_busy(session, start, end, users=chosen["users"], teams=chosen["teams"])
    names = names_of(session, chosen)
    hours = session.elevated.calendars.of_each(blocks)
    rows: list[tuple[Cell, ...]] = []
    for who, found in blocks.items():
        busy = united(Span(max(each.start, start), min(each.end, end)) for each in found)
        open_time = hours[who].between(start, end)
        rows.append(
            (names[who], in_hours(open_time), in_hours(sum((each.end - each.start for each in busy), timedelta())))
        )
    rows.sort(key=lambda row: str(row[0]))
    return Table(
        [
            Column("user", _("User")),
            Column("working", _("Working hours"), "decimal", places=1),
            Column("busy", _("Busy hours"), "decimal", places=1),
        ],
        rows,
        title=_("Calendar load"),
        parameters={"since": since or session.today, "days": days},
        chart=chart.grouped_bar("user", "working", "busy"),
    )


def in_hours(span: timedelta) -> Decimal:
    """Return a span in hours, to one decimal."""
    return (Decimal(int(span.total_seconds())) / HOUR).quantize(Decimal("0.1"))
