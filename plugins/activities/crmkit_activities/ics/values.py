"""What an event of an iCalendar file says, as far as an event of ours holds it, and how words are said in either."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import field, frozen

from crmkit.core.declare.kinds.times import zone
from crmkit.translation import Text, _
from crmkit_activities.events.recurrence import Recurrence

if TYPE_CHECKING:
    from datetime import datetime, timedelta

    from crmkit_activities.events.recurrence import Extra
    from crmkit_activities.events.rules import Rule

NO_SUBJECT = "(no subject)"
"""What an event is called that comes in without a summary; it goes out without one, too."""
VISIBILITY = {"PUBLIC": "public", "PRIVATE": "private", "CONFIDENTIAL": "confidential"}
STATUS = {"TENTATIVE": "tentative", "CONFIRMED": "confirmed", "CANCELLED": "cancelled"}
PARTS = {
    "CHAIR": "chair",
    "REQ-PARTICIPANT": "required",
    "OPT-PARTICIPANT": "optional",
    "NON-PARTICIPANT": "informed",
}
STATES = {
    "NEEDS-ACTION": "invited",
    "ACCEPTED": "accepted",
    "DECLINED": "declined",
    "TENTATIVE": "tentative",
    "DELEGATED": "delegated",
}


@frozen(kw_only=True, order=True)
class Guest:
    """An attendee: an e-mail address, or another one as a URI."""

    address: str
    name: str | None = None
    part: str = "required"
    attendance: str = "invited"


@frozen(kw_only=True)
class Alarm:
    """A reminder: so long `before` an event begins or ends (`anchor`, a field), or `at` a moment (UTC)."""

    anchor: str | None = None
    before: timedelta | None = None
    at: datetime | None = None
    text: str | None = None


NO_ALARM = Alarm()
"""That the alarms of a series are not for one of its occurrences."""


@frozen(kw_only=True, order=True)
class Attached:
    """A file that is in a calendar, whole."""

    name: str
    content: bytes = field(repr=False)


@frozen(kw_only=True)
class IcsEvent:
    """An event, with its times as the clock of its zone (an IANA name) shows them.

    Attributes:
        occurrence: which occurrence of the series with this UID it is, by the series' clock; None for the series.
        length: how long it lasts: elapsed, or whole days.
        alarms: of an occurrence, those that its series has not; or, beside `NO_ALARM`, all that it has.
        links: addresses of documents.
    """

    uid: str
    summary: str
    start: datetime
    length: timedelta
    zone: str
    all_day: bool = False
    occurrence: datetime | None = None
    rules: tuple[Rule, ...] = ()
    extras: tuple[Extra, ...] = ()
    exceptions: frozenset[datetime] = frozenset()
    description: str | None = None
    place: str | None = None
    busy: bool = True
    visibility: str = "public"
    status: str = "confirmed"
    organizer: str | None = None
    guests: tuple[Guest, ...] = ()
    alarms: tuple[Alarm, ...] = ()
    files: tuple[Attached, ...] = ()
    links: tuple[str, ...] = ()


@frozen(kw_only=True)
class Problem:
    """Why something of a file is not imported: which component, its UID if it has one, and what is wrong."""

    component: str
    uid: str
    text: str

    def __str__(self) -> str:
        return f"{self.component} {self.uid}: {self.text}" if self.uid else f"{self.component}: {self.text}"


def unreadable(error: Exception) -> Text:
    """Return that something can't be read, with what the parser says of it."""
    return _("It can't be read: {problem}.", problem=str(error).rstrip(".") or type(error).__name__)


def recurrence(event: IcsEvent) -> Recurrence:
    """Return when an event of a file takes place."""
    return Recurrence(
        start=event.start,
        length=event.length,
        zone=zone(event.zone),
        all_day=event.all_day,
        rules=event.rules,
        extras=event.extras,
        exceptions=event.exceptions,
    )
