"""How people read a cell: numbers, amounts, dates and spans of time by locale and time zone."""

from __future__ import annotations

import re
import unicodedata
from datetime import UTC, date, datetime, timedelta, tzinfo
from decimal import ROUND_HALF_EVEN, Context, Decimal, localcontext
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from attrs import frozen
from babel import Locale
from babel import UnknownLocaleError as NoSuchLocale
from babel.dates import format_date
from babel.numbers import format_decimal, get_currency_precision
from babel.units import format_unit

from crmkit.core.reading.reports.errors import UnknownLocaleError, UnknownTimeZoneError
from crmkit.translation import _
from crmkit.translation.languages import ENGLISH, Language, Languages

if TYPE_CHECKING:
    from crmkit.core.reading.reports.columns import Cell, Column

NO_ROWS = _("No rows.")
YES, NO = "✓", "✗"  # signs, because they need no translation

# More digits than any amount has; a number beyond is shown as it is, not grouped.
_PRECISION = 60
_PERCENT_PLACES = 2
_FREE_PLACES = 6
_CONTEXT = Context(prec=2 * _PRECISION, rounding=ROUND_HALF_EVEN)
_FRACTION = re.compile(r"\.[0#]+")
_SPANS = (("day", 86_400), ("hour", 3_600), ("minute", 60), ("second", 1))
# They turn text around, or (the last two) are no characters at all.
_HARMFUL = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufffe\uffff")


def one_line(text: str) -> str:
    """Return the text on one line, with everything that could steer a terminal or break a page made visible."""
    return "".join(map(_printable, text))


def _printable(character: str) -> str:
    if character.isprintable() or character == "\u3000":
        return character
    if character.isspace():
        return " "
    harmful = unicodedata.category(character) in {"Cc", "Cs"} or character in _HARMFUL
    return "�" if harmful else character


@frozen(kw_only=True)
class Display:
    """The locale, the time zone and the language that a person reads in."""

    locale: Locale
    zone: tzinfo
    language: Language = ENGLISH

    @classmethod
    def of(cls, locale: str, time_zone: str, languages: Languages | None = None) -> Display:
        """Return the display for a locale's name (`zh_Hans_CN` or `zh-Hans-CN`) and an IANA time zone.

        Raises:
            UnknownLocaleError: if the locale is unknown.
            UnknownTimeZoneError: if the time zone is unknown.
        """
        try:
            found = Locale.parse(locale.replace("-", "_"))
        except (NoSuchLocale, ValueError):
            raise UnknownLocaleError(locale=locale) from None
        try:
            zone = UTC if time_zone == "UTC" else ZoneInfo(time_zone)
        except (OSError, ValueError, KeyError):  # a missing name, a folder's name, a name with dots in it
            raise UnknownTimeZoneError(time_zone=time_zone) from None
        return cls(locale=found, zone=zone, language=(languages or Languages()).of(locale))

    @property
    def tag(self) -> str:
        """The locale as HTML names it: `zh-Hans-CN`."""
        return str(self.locale).replace("_", "-")

    def cell(self, column: Column, value: Cell) -> str:
        """Return the cell as a person reads it; nothing known is the empty text."""
        shown = ""
        match value:
            case bool():
                shown = YES if value else NO
            case int() | Decimal():
                number = self.number(Decimal(value), *_places(column, value))
                shown = f"{number} %" if column.kind == "percent" else number
            case datetime():
                shown = self.moment(value)
            case date():
                shown = str(format_date(value, locale=self.locale))
            case timedelta():
                shown = self.span(value)
            case str():
                shown = value
        return one_line(shown)

    def number(self, value: Decimal, least: int, most: int) -> str:
        """Group the digits and round half to even to between `least` and `most` decimals."""
        if value.adjusted() > _PRECISION:
            return str(value)
        pattern = _FRACTION.sub("", self.locale.decimal_formats[None].pattern)
        places = "." + "0" * least + "#" * (most - least) if most else ""
        grouped = ";".join(part + places for part in pattern.split(";"))
        with localcontext(_CONTEXT):
            # Adding nothing turns -0.00 into 0.00.
            rounded = value.quantize(Decimal(1).scaleb(-most)) + 0
            return str(format_decimal(rounded, grouped, self.locale))

    def moment(self, value: datetime) -> str:
        """Return date and time of day to the minute, in the display's time zone."""
        local = value.astimezone(self.zone)
        return f"{format_date(local.date(), locale=self.locale)} {local:%H:%M}"

    def span(self, value: timedelta) -> str:
        """Return a span of time by its two greatest units: `3 days 4 hr`."""
        seconds = round(abs(value.total_seconds()))
        parts: list[str] = []
        for unit, length in _SPANS:
            count, seconds = divmod(seconds, length)
            if count or (unit == "second" and not parts):
                parts.append(str(format_unit(count, f"duration-{unit}", "short", locale=self.locale)))
            elif parts:
                break
        sign = "-" if value < timedelta(0) else ""
        return sign + " ".join(parts[:2])


def _places(column: Column, value: int | Decimal) -> tuple[int, int]:
    """Return the least and the most decimals to show."""
    if column.places is not None:
        return column.places, column.places
    if column.kind == "money":
        places = int(get_currency_precision(column.currency or ""))
        return places, places
    if column.kind == "percent":
        return _PERCENT_PLACES, _PERCENT_PLACES
    return (0, 0) if isinstance(value, int) else (0, _FREE_PLACES)
