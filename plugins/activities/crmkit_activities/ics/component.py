"""A VEVENT as a value."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from crmkit.core.calendars.wall_clock import wall_of
from crmkit.core.declare.conventions import Conventions
from crmkit.core.declare.kinds import LongTextKind, TextKind
from crmkit.core.declare.kinds.times import zone
from crmkit.errors import InvalidValue
from crmkit.translation import _
from crmkit_activities.events.planning import LONGEST
from crmkit_activities.events.recurrence import Extra
from crmkit_activities.events.rules import parse_rule
from crmkit_activities.events.timing import MOST_DATES, MOST_RULES
from crmkit_activities.ics.times import DAY, elapsed, wall, zone_of
from crmkit_activities.ics.values import NO_SUBJECT, PARTS, STATES, STATUS, VISIBILITY, Guest, IcsEvent

if TYPE_CHECKING:
    from collections.abc import Container, Iterator
    from typing import TypeVar
    from zoneinfo import ZoneInfo

    T = TypeVar("T")

CONVENTIONS = Conventions()
HELD = frozenset(
    {
        *("DTSTART", "DTEND", "DURATION", "RRULE", "RDATE", "EXDATE", "RECURRENCE-ID", "UID", "SUMMARY"),
        *("DESCRIPTION", "LOCATION", "TRANSP", "CLASS", "STATUS", "ORGANIZER", "ATTENDEE"),
    }
)
"""The properties that an event of ours holds: if one of these can't be read, the event isn't imported."""
MOST_GUESTS, LONGEST_LINE, LONGEST_ADDRESS = 1_000, 1_000, 500


def read_event(component: Any, home: str, series: IcsEvent | None = None) -> IcsEvent:
    """Return what a VEVENT says; an occurrence of a series is named by the clock of the series.

    Raises:
        InvalidValue: naming the property that can't be held, and why.
    """
    check_readable(component, HELD)
    given = single(component, "DTSTART")
    if given is None:
        raise InvalidValue(_("It has no DTSTART."))
    begin = given.dt
    if not isinstance(begin, date):
        raise InvalidValue(_("Its DTSTART is no day and no time."))
    all_day = not isinstance(begin, datetime)
    name = zone_of(begin, home) if isinstance(begin, datetime) else home
    recurs = any(key in component for key in ("RRULE", "RDATE"))
    if name is None and recurs:
        raise InvalidValue(_("Its time zone is not one of the IANA's, and it recurs by its clock."))
    place = zone(name or "UTC")
    if name is None and isinstance(begin, datetime):
        begin = begin.astimezone(UTC)
    start = wall(begin, place)
    if "EXRULE" in component:
        raise InvalidValue(_("EXRULE is no longer part of iCalendar; name the days in EXDATE."))
    rules = tuple(parse_rule(each.to_ical().decode()) for each in every(component, "RRULE"))
    if len(rules) > MOST_RULES:
        raise InvalidValue(_("An event has at most {most} rules.", most=MOST_RULES))
    return IcsEvent(
        uid=uid_of(component),
        summary=text_of(component, "SUMMARY") or NO_SUBJECT,
        start=start,
        length=length_of(component, begin, start, place),
        zone=place.key,
        all_day=all_day,
        occurrence=occurrence_of(component, series),
        rules=rules,
        extras=few(tuple(sorted(set(extras_of(component, place, start)), key=lambda each: each.wall))),
        exceptions=frozenset(few(tuple(exceptions_of(component, place, start)))),
        description=long_text_of(component, "DESCRIPTION"),
        place=text_of(component, "LOCATION"),
        busy=str(single(component, "TRANSP") or "OPAQUE").upper() != "TRANSPARENT",
        visibility=VISIBILITY.get(str(single(component, "CLASS") or "PUBLIC").upper(), "private"),
        status=STATUS.get(str(single(component, "STATUS") or "").upper(), "confirmed"),
        organizer=address_of(single(component, "ORGANIZER")),
        guests=guests_of(component),
    )


def check_readable(component: Any, names: Container[str | None]) -> None:
    """Refuse a component of which one of these properties can't be read.

    Raises:
        InvalidValue: naming it, and why.
    """
    for name, problem in component.errors:
        if name in names:
            raise InvalidValue(_("{name} can't be read: {problem}.", name=name, problem=str(problem).rstrip(".")))


def every(component: Any, name: str) -> list[Any]:
    """Return all properties of a name."""
    found = component.get(name)
    return [] if found is None else list(found) if isinstance(found, list) else [found]


def single(component: Any, name: str) -> Any:
    """Return the first property of a name, None if there is none."""
    found = every(component, name)
    return found[0] if found else None


def few(found: tuple[T, ...]) -> tuple[T, ...]:
    """Return dates, if they are not too many.

    Raises:
        InvalidValue: if they are.
    """
    if len(found) > MOST_DATES:
        raise InvalidValue(_("An event has at most {most} dates here.", most=MOST_DATES))
    return found


def uid_of(component: Any) -> str:
    """Return the UID; of an event without one, one that the same event has again the next time."""
    uid = text_of(component, "UID")
    if uid:
        return uid
    return f"{sha256(component.to_ical()).hexdigest()[:32]}@crmkit"


def length_of(component: Any, begin: date, start: datetime, place: ZoneInfo) -> timedelta:
    """Return how long an event lasts: by its end or its duration; else a day, or no time at all.

    Raises:
        InvalidValue: if it ends before it begins, or lasts for years.
    """
    end, duration = single(component, "DTEND"), single(component, "DURATION")
    all_day = not isinstance(begin, datetime)
    found = DAY if all_day else timedelta(0)
    if end is not None:
        last = end.dt
        if not isinstance(last, date):
            raise InvalidValue(_("Its DTEND is no day and no time."))
        if not isinstance(last, datetime):
            found = datetime.combine(last, datetime.min.time()) - start
        else:
            found = wall_of(last, place) - start if all_day and last.tzinfo else elapsed(start, place, last)
    elif duration is not None:
        found = duration.dt
    if found < timedelta(0):
        raise InvalidValue(_("It ends before it begins."))
    if found > LONGEST:
        raise InvalidValue(_("It lasts longer than {most} days.", most=LONGEST.days))
    return max(-(-found // DAY), 1) * DAY if all_day else timedelta(seconds=int(found.total_seconds()))


def occurrence_of(component: Any, series: IcsEvent | None) -> datetime | None:
    """Return which occurrence of a series it is.

    Raises:
        InvalidValue: if it is this one and all that follow, or one of a series that there isn't.
    """
    found = single(component, "RECURRENCE-ID")
    if found is None:
        return None
    if str(found.params.get("RANGE", "")).upper() == "THISANDFUTURE":
        raise InvalidValue(
            _("A change of all occurrences from one on is not supported; end the series, and begin anew.")
        )
    if series is None:
        raise InvalidValue(_("The series of which it is an occurrence is not in the file."))
    return wall(found.dt, zone(series.zone), None if series.all_day else series.start)


def dates_of(component: Any, name: str) -> Iterator[Any]:
    """Yield the dates of all properties of a name."""
    for each in every(component, name):
        for value in getattr(each, "dts", [each]):
            yield value.dt


def extras_of(component: Any, place: ZoneInfo, start: datetime) -> Iterator[Extra]:
    """Yield the added times."""
    for each in dates_of(component, "RDATE"):
        if isinstance(each, tuple):
            begin, end = each
            shown = wall(begin, place)
            lasts = end if isinstance(end, timedelta) else elapsed(shown, place, end)
            yield Extra(wall=shown, length=lasts)
        else:
            yield Extra(wall=wall(each, place, start))


def exceptions_of(component: Any, place: ZoneInfo, start: datetime) -> Iterator[datetime]:
    """Yield the excepted times; a day excepts the time at which the event begins."""
    for each in dates_of(component, "EXDATE"):
        yield wall(each, place, start)


def text_of(component: Any, name: str) -> str | None:
    """Return a text on one line.

    Raises:
        InvalidValue: if it is too long.
    """
    found = " ".join(str(single(component, name) or "").split())
    return TextKind(max=LONGEST_LINE).parse(found, CONVENTIONS)


def long_text_of(component: Any, name: str) -> str | None:
    """Return a text of several lines.

    Raises:
        InvalidValue: if it is too long.
    """
    return LongTextKind().parse(str(single(component, name) or ""), CONVENTIONS)


def address_of(value: Any) -> str | None:
    """Return an address without `mailto:`.

    Raises:
        InvalidValue: if it is too long.
    """
    if value is None:
        return None
    text = "".join(str(value).split())
    if text.lower().startswith("mailto:"):
        text = text[len("mailto:") :]
    return TextKind(max=LONGEST_ADDRESS).parse(text, CONVENTIONS)


def guests_of(component: Any) -> tuple[Guest, ...]:
    """Return the attendees, each address once.

    Raises:
        InvalidValue: if there are too many.
    """
    found: dict[str, Guest] = {}
    for each in every(component, "ATTENDEE"):
        address = address_of(each)
        if address is None:
            continue
        params = {key.upper(): str(value).upper() for key, value in each.params.items()}
        name = " ".join(str(each.params.get("CN", "")).split()) or None
        guest = Guest(
            address=address,
            name=TextKind().parse(name, CONVENTIONS) if name else None,
            part=PARTS.get(params.get("ROLE", ""), "required"),
            attendance=STATES.get(params.get("PARTSTAT", ""), "invited"),
        )
        found.setdefault(address.lower(), guest)
    if len(found) > MOST_GUESTS:
        raise InvalidValue(_("An event has at most {most} attendees.", most=MOST_GUESTS))
    return tuple(sorted(found.values()))
