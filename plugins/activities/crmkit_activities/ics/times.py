"""Times of iCalendar files: dates, and times in zones, as the clock of an event's zone shows them."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING

from icalendar.timezone import tzids_from_tzinfo

from crmkit.core.calendars.wall_clock import moment_of, wall_of
from crmkit.core.declare.kinds.times import zone
from crmkit.errors import InvalidValue
from crmkit.translation import _
from crmkit_activities.events.expansion import EARLIEST, LATEST

if TYPE_CHECKING:
    from datetime import tzinfo
    from zoneinfo import ZoneInfo

DAY = timedelta(days=1)


def zone_of(moment: datetime, home: str) -> str | None:
    """Return the IANA name of the zone of a time; the home zone if it says none, None if it is one of its own."""
    if moment.tzinfo is None:
        return home
    for name in names_of(moment.tzinfo):
        try:
            return zone(name).key
        except InvalidValue:
            continue
    return None


def names_of(zone: tzinfo) -> list[str]:
    """Return the names by which a zone may be known, the best one first."""
    if zone is UTC or zone.utcoffset(None) == timedelta(0):
        return ["UTC"]
    key = getattr(zone, "key", None)
    return [str(key)] if key else list(tzids_from_tzinfo(zone))


def wall(value: date | datetime, place: ZoneInfo, start: datetime | None = None) -> datetime:
    """Return what the clock of a zone shows at a time; of a day, its midnight, or the hour at which an event begins.

    Raises:
        InvalidValue: if it is centuries away.
    """
    if not isinstance(value, datetime):
        found = datetime.combine(value, time() if start is None else start.time())
    elif value.tzinfo is None or getattr(value.tzinfo, "key", None) == place.key:
        found = value.replace(tzinfo=None, fold=0)
    else:
        found = wall_of(value.astimezone(UTC), place)
    if not EARLIEST < found.year < LATEST:
        raise InvalidValue(_("{year} is no year for an event.", year=found.year))
    return found.replace(microsecond=0)


def elapsed(start: datetime, place: ZoneInfo, end: datetime) -> timedelta:
    """Return how much time passes from what the clock of a zone shows to another time."""
    key = getattr(end.tzinfo, "key", None)
    if end.tzinfo is None or key is not None:
        other = place if key is None else zone(str(key))
        return moment_of(end.replace(tzinfo=None, fold=0), other) - moment_of(start, place)
    return end.astimezone(UTC) - moment_of(start, place)
