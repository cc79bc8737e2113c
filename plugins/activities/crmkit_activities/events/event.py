"""The entity `calendar_event`, who is invited to one, and the teams and roles that are."""

from __future__ import annotations

from datetime import datetime as Moment  # noqa: N812  (read off the annotations)
from datetime import timedelta as Length  # noqa: N812
from uuid import uuid4

from crmkit import Event, Record, Ref, Team, Unique, User, record
from crmkit.core.declare import fields as f
from crmkit.core.declare.fields import Field
from crmkit.core.nouns.business_calendars import TimeZoneKind
from crmkit.translation import _

WALL = r"\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2})?)?"
CANCELLED, DECLINED, OFFERED = "cancelled", "declined", "offered"
PUBLIC, INFORMED = "public", "informed"
ABSENT = frozenset({DECLINED, OFFERED})
"""The states of attendance in which an event takes no time of somebody."""


def new_uid() -> str:
    """Return an id for a new event that no other calendar has."""
    return f"{uuid4()}@crmkit"


@record(owner="owner", title="subject", private_by="private", readers="event_attendee.who")
class CalendarEvent(Record):
    """Something on a calendar: an appointment, a meeting, a holiday, once or by a rule. Moments are in UTC.

    What an event holds of its times is what the clock of its zone shows, `wall_start`, and how long it lasts; the
    moments follow. A changed occurrence of a series is an event of its own, with `series` and `occurrence`.
    """

    subject: str = f.text(max=1_000, search=True, privacy="personal")
    owner: Ref[User] | None = f.ref(help="On whose calendar it is.")
    about: Ref[object] | None = f.any_ref(person="mentions", help="The record that it is about, of any entity.")
    starts_at: Moment = f.datetime(index=True, help="Follows from wall_start, if that is given.")
    ends_at: Moment | None = f.datetime(help="Of an all-day event, the midnight behind its last day.")
    length: Length | None = f.duration(
        help="How long it lasts: an hour, or a day, if neither this nor an end is given."
    )
    time_zone: str | None = Field(  # type: ignore[assignment]  # typed by its annotation, as all fields are
        kind=TimeZoneKind(), help="An IANA name such as Europe/Paris; the home time zone if none is given."
    )
    wall_start: str | None = f.text(
        max=19, pattern=WALL, label="Starts (on the clock)", help="What the clock of its zone shows: 2026-03-29T02:30."
    )
    all_day: bool = f.boolean(default=False)
    recurrence: str | None = f.long_text(
        help="How it recurs, as RRULEs of RFC 5545, a line each: FREQ=WEEKLY;BYDAY=MO."
    )
    extra_dates: str | None = f.long_text(
        help="Further times on the clock, a line each: 2026-03-03T09:00, or with /PT2H."
    )
    except_dates: str | None = f.long_text(help="Times on the clock at which it doesn't take place, a line each.")
    series: Ref[CalendarEvent] | None = f.ref(help="The event of which this is one occurrence, changed.")
    occurrence: str | None = f.text(max=19, pattern=WALL, help="When, on the clock, the series would have it.")
    busy: bool = f.boolean(default=True, help="Whether those who take part have no time for something else.")
    visibility: str = f.choice(PUBLIC, "private", "confidential", default=PUBLIC)
    status: str = f.choice("tentative", "confirmed", CANCELLED, default="confirmed", index=True)
    place: str | None = f.text(max=1_000, privacy="personal")
    description: str | None = f.long_text(search=True, privacy="personal")
    links: str | None = f.long_text(
        privacy="personal", help="Addresses of documents that belong to it, a line each; they are never fetched."
    )
    organizer: str | None = f.text(max=500, privacy="personal", help="The address of who invites, if not the owner.")
    uid: str | None = f.text(max=1_000, default=new_uid, index=True, label="UID", help="Its id in other calendars.")
    private: bool = f.locked(f.boolean(default=False, help="Whether it is for its owner and those who take part only."))
    first_at: Moment | None = f.locked(f.datetime(index=True, help="When it takes place first."))
    last_at: Moment | None = f.locked(f.datetime(index=True, help="When it is over for good; empty if it never is."))


@record(title="role")
class EventGroup(Record):
    """A team, with those below it, or all who have a role, invited to an event; also who joins later."""

    event: Ref[CalendarEvent] = f.ref(part_of=True)
    team: Ref[Team] | None = f.ref()
    role: str | None = f.text(max=41, help="The name of a role.")


@record(title="name")
class EventAttendee(Record):
    """Somebody who is invited to an event: a user, a contact, a customer, or an address that nobody is known by."""

    event: Ref[CalendarEvent] = f.ref(part_of=True)
    who: Ref[object] | None = f.any_ref("user", "contact", "customer", person="mentions")
    name: str | None = f.text(privacy="personal")
    address: str | None = f.text(max=500, privacy="personal", help="An e-mail address, or another one as a URI.")
    part: str = f.choice("chair", "required", "optional", INFORMED, default="required")
    attendance: str = f.choice(
        OFFERED, "invited", "accepted", "tentative", DECLINED, "delegated", default="invited", index=True
    )
    answered_at: Moment | None = f.datetime()
    through: Ref[EventGroup] | None = f.ref(help="The team or role by which somebody is invited.")


DECLARATIONS = (
    CalendarEvent,
    EventGroup,
    EventAttendee,
    Unique(
        entity="calendar_event", fields=("owner", "uid"), message=_("This calendar has an event with this UID already.")
    ),
    Unique(
        entity="calendar_event",
        fields=("series", "occurrence"),
        message=_("This occurrence has been changed already. Change that event."),
    ),
    Unique(entity="event_attendee", fields=("event", "who"), message=_("They are invited already."), on_merge="drop"),
    Unique(entity="event_group", fields=("event", "team"), message=_("The team is invited already."), on_merge="drop"),
    Unique(entity="event_group", fields=("event", "role"), message=_("The role is invited already.")),
    Event(name="calendar_event.planned", entity="calendar_event", help=_("Somebody was invited to an event.")),
    Event(
        name="calendar_event.changed",
        entity="calendar_event",
        help=_("What an event is called, when or where it is was changed."),
    ),
    Event(name="calendar_event.cancelled", entity="calendar_event", help=_("An event doesn't take place.")),
    Event(name="calendar_event.answered", entity="calendar_event", help=_("Somebody said whether they take part.")),
)
