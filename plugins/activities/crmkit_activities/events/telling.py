"""Telling: users by notices, and other guests by letters, each once for what happened."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import frozen

from crmkit import Ref
from crmkit_activities.events.letters import Outsider, have_written

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from crmkit import Record, Session
    from crmkit.translation import Text

    Partaker = Ref[object] | Outsider

PLANNED, CHANGED, OFF = "event_planned", "event_changed", "event_cancelled"
"""The kinds of notices."""


@frozen(kw_only=True)
class News:
    """What is told of an event, once of its kind for each version of `cause`: of the event, or of one of its guests.

    Attributes:
        is_linked: whether there is a link to the event, which those have on their calendars who are told.
    """

    kind: str
    event: Record
    cause: Record
    to: Collection[Partaker]
    text: Text
    is_linked: bool = True

    @property
    def key(self) -> str:
        """By what it is told once."""
        return f"{self.kind} {self.cause.ref} version {self.cause.version}"


def tell(session: Session, news: Iterable[News]) -> None:
    """Tell users and other guests; whoever organizes an event that came from elsewhere tells its other guests."""
    listed = list(news)
    session.notify_many(
        {
            "to": [who for who in each.to if isinstance(who, Ref)],
            "text": each.text,
            "about": each.event if each.is_linked and each.event.deleted_at is None else None,
            "kind": each.kind,
            "key": each.key,
        }
        for each in listed
    )
    have_written(
        session,
        (
            (each.kind, each.key, who)
            for each in listed
            if each.event.organizer is None
            for who in each.to
            if isinstance(who, Outsider)
        ),
    )
