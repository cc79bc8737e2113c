"""Times: dates, moments in UTC, durations."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, ClassVar
from zoneinfo import ZoneInfo

from attrs import frozen

from crmkit.core.declare.kinds.kind import Kind, Part
from crmkit.core.declare.kinds.numbers import LARGEST
from crmkit.errors import InvalidValue
from crmkit.translation import _

if TYPE_CHECKING:
    from collections.abc import Mapping

    from crmkit.core.declare.conventions import Conventions

ISO_DATE = re.compile(r"\d{4}-\d{2}-\d{2}\Z")
ISO_DURATION = re.compile(r"(-)?P(?:(\d+)W)?(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)(?:\.(\d{1,6}))?S)?)?\Z")
CLOCK_DURATION = re.compile(r"(\d{1,6}):([0-5]\d)(?::([0-5]\d))?\Z")
MICROSECOND = timedelta(microseconds=1)
LONGEST_DURATION = 60
HOUR_SECONDS, MINUTE_SECONDS = 3_600, 60


@lru_cache(maxsize=64)
def zone(name: str) -> ZoneInfo:
    """Return the time zone of an IANA name.

    Raises:
        InvalidValue: if there is no such zone.
    """
    try:
        return ZoneInfo(name)
    except (ValueError, OSError, KeyError):
        raise InvalidValue(
            _("{name!r} is not a time zone; write an IANA name such as Europe/Paris.", name=name)
        ) from None


@frozen(kw_only=True)
class DateKind(Kind):
    """A calendar day, without time or zone."""

    name: ClassVar[str] = "date"
    widget: ClassVar[str] = "date"
    parts: ClassVar[tuple[Part, ...]] = (Part(type="date"),)

    def parse(self, value: object, conventions: Conventions) -> date | None:
        """Return the day from a date or a text like 2026-03-31."""
        del conventions
        if isinstance(value, date) and not isinstance(value, datetime):
            return value
        if value == "":
            return None
        text = value.strip() if isinstance(value, str) else ""
        if not ISO_DATE.match(text):
            raise InvalidValue(_("{value!r} is not a date; write it like 2026-03-31.", value=value))
        try:
            return date.fromisoformat(text)
        except ValueError:
            raise InvalidValue(_("{text!r} is not a day of the calendar.", text=text)) from None

    def to_text(self, value: object) -> str:
        """Return the ISO form."""
        assert isinstance(value, date)
        return value.isoformat()

    def format(self, value: object, conventions: Conventions) -> str:
        """Return the day as the locale writes it."""
        from babel.dates import format_date

        assert isinstance(value, date)
        return format_date(value, locale=conventions.locale)

    def json_schema(self) -> Mapping[str, object]:
        """Return a string schema with the date format."""
        return {"type": "string", "format": "date"}


@lru_cache(maxsize=1024)
def utc_text(moment: datetime) -> str:
    """Return a moment in ISO form, in UTC; those of a transaction are asked for again and again."""
    utc = moment if moment.tzinfo is UTC else moment.astimezone(UTC)
    return utc.isoformat().removesuffix("+00:00") + "Z"


@frozen(kw_only=True)
class DateTimeKind(Kind):
    """A moment. Kept in UTC; a value without offset is in the CRM's home time zone."""

    name: ClassVar[str] = "datetime"
    widget: ClassVar[str] = "datetime-local"
    parts: ClassVar[tuple[Part, ...]] = (Part(type="datetime"),)

    def parse(self, value: object, conventions: Conventions) -> datetime | None:
        """Return the moment in UTC, from a datetime or an ISO text like 2026-03-31T09:30:00+02:00."""
        if value == "":
            return None
        moment = value if isinstance(value, datetime) else self._read(value)
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=zone(conventions.time_zone))
        try:
            return moment.astimezone(UTC)
        except OverflowError:
            raise InvalidValue(_("{value!r} is outside the calendar.", value=value)) from None

    @staticmethod
    def _read(value: object) -> datetime:
        try:
            if isinstance(value, str) and value.strip()[:4].isdigit():
                return datetime.fromisoformat(value.strip())
        except ValueError:
            pass
        raise InvalidValue(_("{value!r} is not a date and time; write it like 2026-03-31T09:30+02:00.", value=value))

    def to_text(self, value: object) -> str:
        """Return the ISO form in UTC."""
        assert isinstance(value, datetime)
        return utc_text(value)

    def format(self, value: object, conventions: Conventions) -> str:
        """Return the moment in the home time zone, as the locale writes it."""
        from babel.dates import format_datetime

        assert isinstance(value, datetime)
        return format_datetime(value, "short", tzinfo=zone(conventions.time_zone), locale=conventions.locale)

    def json_schema(self) -> Mapping[str, object]:
        """Return a string schema with the date-time format (RFC 3339)."""
        return {"type": "string", "format": "date-time"}


@frozen(kw_only=True)
class DurationKind(Kind):
    """A length of time, exact to the microsecond (stored in microseconds)."""

    name: ClassVar[str] = "duration"
    widget: ClassVar[str] = "duration"
    parts: ClassVar[tuple[Part, ...]] = (Part(type="integer"),)
    is_plain: ClassVar[bool] = False

    def parse(self, value: object, conventions: Conventions) -> timedelta | None:
        """Return the duration from a timedelta, `P3DT4H30M` (ISO 8601) or `4:30` (hours and minutes)."""
        del conventions
        if value == "":
            return None
        length = value if isinstance(value, timedelta) else self._read(value)
        if abs(length // MICROSECOND) > LARGEST:
            raise InvalidValue(_("A duration of {days} days is too long.", days=length.days))
        return length

    @classmethod
    def _read(cls, value: object) -> timedelta:
        text = value.strip().upper() if isinstance(value, str) and len(value) <= LONGEST_DURATION else ""
        clock, iso = CLOCK_DURATION.match(text), ISO_DURATION.match(text)
        try:
            if clock:
                return timedelta(hours=int(clock[1]), minutes=int(clock[2]), seconds=int(clock[3] or 0))
            if iso and text.rstrip("T") not in {"P", "-P"}:
                return cls._from_iso(iso)
        except OverflowError:
            pass
        raise InvalidValue(_("{value!r} is not a duration; write it like P3DT4H30M or 4:30.", value=value))

    @staticmethod
    def _from_iso(found: re.Match[str]) -> timedelta:
        weeks, days, hours, minutes, seconds = (int(found[position] or 0) for position in range(2, 7))
        length = timedelta(
            weeks=weeks,
            days=days,
            hours=hours,
            minutes=minutes,
            seconds=seconds,
            microseconds=int((found[7] or "").ljust(6, "0")),
        )
        return -length if found[1] else length

    def dump(self, value: object) -> tuple[object, ...]:
        """Return whole microseconds."""
        assert isinstance(value, timedelta)
        return (value // MICROSECOND,)

    def load(self, *raw: object) -> timedelta:
        """Return the duration."""
        return timedelta(microseconds=int(str(raw[0])))

    def to_text(self, value: object) -> str:
        """Return the ISO 8601 form."""
        assert isinstance(value, timedelta)
        size = abs(value)
        hours, rest = divmod(size.seconds, HOUR_SECONDS)
        minutes, seconds = divmod(rest, MINUTE_SECONDS)
        fraction = f".{size.microseconds:06}".rstrip("0") if size.microseconds else ""
        clock = "".join(
            (
                f"{hours}H" if hours else "",
                f"{minutes}M" if minutes else "",
                f"{seconds}{fraction}S" if seconds or fraction else "",
            )
        )
        text = "P" + (f"{size.days}D" if size.days else "") + (f"T{clock}" if clock else "")
        return ("-" if value < timedelta(0) else "") + (text if text != "P" else "PT0S")

    def format(self, value: object, conventions: Conventions) -> str:
        """Return the duration as the locale says it, in its largest unit."""
        from babel.dates import format_timedelta

        assert isinstance(value, timedelta)
        return format_timedelta(value, locale=conventions.locale)

    def json_schema(self) -> Mapping[str, object]:
        """Return a string schema with the duration format."""
        return {"type": "string", "format": "duration"}
