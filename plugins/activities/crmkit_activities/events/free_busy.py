"""Free or busy: the times that are taken on colleagues' calendars, and the first that suits all of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import frozen

from crmkit.errors import AccessDeniedError, Refusal, Refused
from crmkit.translation import _
from crmkit_activities.events.entries import entries
from crmkit_activities.events.event import CalendarEvent
from crmkit_activities.events.spans import Span, first_free, united, without
from crmkit_activities.events.view import people_of, shown, window_of

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime, timedelta

    from crmkit import Record, Ref, Session
    from crmkit_activities.events.entries import Entry


@frozen(kw_only=True)
class Block:
    """A time at which somebody is busy, UTC.

    Attributes:
        title: what with; None if the actor may not read that, in which case times that touch are one block.
        record: the event or activity, None likewise.
    """

    start: datetime
    end: datetime
    title: str | None = None
    record: Ref[object] | None = None


def free_busy(
    session: Session,
    start: datetime,
    end: datetime,
    *,
    users: Iterable[Record | Ref[object]] = (),
    teams: Iterable[Record | Ref[object]] = (),
) -> dict[Ref[object], list[Block]]:
    """Return when users and the members of teams are busy from one moment to another.

    What the actor may read has its title; of the rest, there is nothing but the times.

    Raises:
        AccessDeniedError: if the actor may read no events at all.
        NotFoundError: if the actor doesn't see one of the users or teams.
        Refused: as `calendar`.
    """
    found, window, people = taken(session, start, end, users, teams)
    titles = {(each.record.ref, each.start): each.title for each in shown(session, found)}
    blocks: dict[Ref[object], list[Block]] = {}
    for who in people:
        mine = [each for each in found if who in each.takes_time_of]
        known = [each for each in mine if (each.record.ref, each.span.start) in titles]
        others = (each for each in mine if (each.record.ref, each.span.start) not in titles)
        hidden = united(cut(each.span, window) for each in others)
        blocks[who] = sorted(
            [
                *(Block(start=each.start, end=each.end) for each in hidden),
                *(
                    Block(
                        start=each.span.start,
                        end=each.span.end,
                        title=titles[each.record.ref, each.span.start],
                        record=each.record.ref,
                    )
                    for each in known
                ),
            ],
            key=lambda each: (each.start, each.end),
        )
    return blocks


def first_slot(
    session: Session,
    length: timedelta,
    start: datetime,
    end: datetime,
    *,
    users: Iterable[Record | Ref[object]] = (),
    teams: Iterable[Record | Ref[object]] = (),
) -> Span | None:
    """Return the first span of a length in which all users work, by their business calendars, and nobody is busy.

    None if there is none from one moment to the other.

    Raises:
        AccessDeniedError, NotFoundError: as `free_busy`.
        Refused: as `free_busy`, and if there is nobody in the teams.
    """
    if length.total_seconds() <= 0:
        text = _("Ask for a time that lasts.")
        raise Refused(entity="calendar", refusals=(Refusal(path="length", text=text),))
    found, window, people = taken(session, start, end, users, teams)
    if not people:
        text = _("There is nobody in these teams.")
        raise Refused(entity="calendar", refusals=(Refusal(path="team", text=text),))
    hours = session.elevated.calendars.of_each(people)
    closed = [
        span
        for each in people
        for span in without([window], (Span(*pair) for pair in hours[each].openings(window.start, window.end)))
    ]
    busy = [each.span for each in found if each.takes_time_of]
    return first_free([window], [*closed, *busy], length)


def taken(
    session: Session,
    start: datetime,
    end: datetime,
    users: Iterable[Record | Ref[object]],
    teams: Iterable[Record | Ref[object]],
) -> tuple[list[Entry], Span, list[Ref[object]]]:
    """Return what is on the calendars of people, the window, and who they are, having checked who asks.

    Raises:
        AccessDeniedError: if the actor may read no events at all.
        NotFoundError, Refused: as `calendar`.
    """
    window = window_of(start, end)
    entity = session.model.entity(CalendarEvent)
    if not session.principal.may(entity, "read"):
        raise AccessDeniedError(action="read", entity=entity.name, actor=session.principal.name)
    people = people_of(session, users, teams)
    return entries(session, people, window, only_busy=True), window, people


def cut(span: Span, window: Span) -> Span:
    """Return the part of a span that is in a window."""
    return Span(max(span.start, window.start), min(span.end, window.end))
