"""Saying: the words in which those who take part are told of events."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from crmkit.core.declare.kinds import DateKind
from crmkit.core.lifecycle.homezone import day_of
from crmkit.translation import _
from crmkit_activities.events.occurrences import moved_of
from crmkit_activities.events.timing import recurrence_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from crmkit import Record, Session
    from crmkit.translation import Text


def is_ahead(session: Session, event: Record) -> bool:
    """Return whether anything of an event still lies ahead."""
    return not isinstance(event.last_at, datetime) or event.last_at > session.unit.now


def times_of(session: Session, events: Iterable[Record]) -> dict[int, str]:
    """Return when events begin next, as people of the CRM's locale and home time zone read it, and where they are."""
    listed = list(events)
    series = {each.id for each in listed if each.recurrence is not None or each.extra_dates is not None}
    moved = moved_of(session, series) if series else {}
    return {each.id: shown(session, each, next_start(session, each, moved.get(each.id, ()))) for each in listed}


def next_start(session: Session, event: Record, moved: Iterable[datetime]) -> datetime:
    """Return when an event begins next, but for changed occurrences; if it doesn't any more, when it began."""
    recurrence = recurrence_of(event, session.model.conventions.time_zone, moved)
    found = recurrence.next_after(session.unit.now) if recurrence.recurs else None
    assert isinstance(event.starts_at, datetime)
    return event.starts_at if found is None else found.span.start


def shown(session: Session, event: Record, start: datetime) -> str:
    """Return a time at which an event begins, as people read it, and where it is."""
    if event.all_day:
        when = DateKind().format(day_of(start, str(event.time_zone)), session.model.conventions)
    else:
        when = session.model.entity(event).fields["starts_at"].kind.format(start, session.model.conventions)
    return when if event.place is None else f"{when}, {event.place}"


def on_calendar(event: Record, when: str) -> Text:
    """Return what is told of an event that comes."""
    return _("On your calendar: {subject}, {when}", subject=event.subject, when=when)


def invited(event: Record, when: str) -> Text:
    """Return what somebody is told who is invited and has no calendar here."""
    return _("You are invited: {subject}, {when}", subject=event.subject, when=when)


def altered(event: Record, when: str) -> Text:
    """Return what is told of an event that is changed."""
    return _("Changed: {subject}, now {when}", subject=event.subject, when=when)


def cancelled(event: Record, when: str) -> Text:
    """Return what is told of an event that doesn't take place."""
    return _("Cancelled: {subject}, {when}", subject=event.subject, when=when)


def uninvited(event: Record, when: str) -> Text:
    """Return what is told who isn't invited any more."""
    return _("You are no longer invited: {subject}, {when}", subject=event.subject, when=when)


def off_calendar(event: Record, when: str) -> Text:
    """Return what is told whose event it isn't any more."""
    return _("No longer on your calendar: {subject}, {when}", subject=event.subject, when=when)
