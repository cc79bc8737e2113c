"""Readings: how the text of a cell becomes what a field's kind takes: values mapped, dates and numbers deciphered."""

from __future__ import annotations

import re
from datetime import date, datetime
from functools import lru_cache
from typing import TYPE_CHECKING

from attrs import field, frozen

from crmkit.core.declare import kinds
from crmkit.core.declare.values import exact
from crmkit.errors import InvalidValue
from crmkit.translation import _

if TYPE_CHECKING:
    from collections.abc import Mapping
    from decimal import Decimal

    from crmkit.core.declare.kinds import Kind

DATE_WORDS = {
    "yyyy": "%Y",
    "yy": "%y",
    "mm": "%m",
    "m": "%m",
    "dd": "%d",
    "d": "%d",
    "HH": "%H",
    "MM": "%M",
    "SS": "%S",
}
DATE_WORD = re.compile("yyyy|yy|mm|m|dd|d|HH|MM|SS|[A-Za-z]+")
AMOUNT = re.compile(r"(?:([A-Z]{3})\s*)?([^A-Z@]+?)(?:\s*([A-Z]{3}))?(?:\s*@\s*([\d.]+))?\Z")
NUMBERS = (kinds.IntegerKind, kinds.DecimalKind)
LONGEST = 60


@frozen(kw_only=True)
class Reading:
    """How a column's texts are read; see `shape.ColumnTable`. `dates` are in the style of `strptime`."""

    values: Mapping[str, str] = field(factory=dict)
    default: str = ""
    split: str = ""
    dates: tuple[str, ...] = ()
    thousands: str = ""
    decimal: str = ""
    currency: str = ""
    factor: Decimal | None = None

    @property
    def is_plain(self) -> bool:
        """Whether texts go to their field as they are."""
        return self == Reading()

    def text(self, cell: str | None) -> str:
        """Return the text that a cell stands for, empty for none."""
        found = cell or ""
        if self.values:
            found = self.values.get(found.strip(), found)
        return found or self.default

    def value(self, text: str, kind: Kind, part: str | None = None) -> object:
        """Return a text that isn't empty in a form that the kind reads.

        Raises:
            InvalidValue: if it is not written as the mapping says.
        """
        if isinstance(kind, kinds.DateKind | kinds.DateTimeKind):
            return self.day(text, kind) if self.dates else text
        if isinstance(kind, kinds.MoneyKind) and part in {None, "amount"}:
            return self.amount(text) if part is None else self.number(text)
        if isinstance(kind, NUMBERS):
            return self.number(text.removesuffix("%"))
        if self.split and isinstance(kind, kinds.TagsKind):
            return [each.strip() for each in text.split(self.split)]
        return text

    def day(self, text: str, kind: Kind) -> object:
        """Return the date or the moment that a text means; moments without offset are in the home time zone."""
        for each in self.dates:
            try:
                found = datetime.strptime(text.strip(), each)  # noqa: DTZ007  (the kind knows the zone)
            except ValueError:
                continue
            return found.date() if isinstance(kind, kinds.DateKind) else found
        iso = iso_day(text)
        if iso is not None and not any(each.startswith("%Y") for each in self.dates):
            return iso if isinstance(kind, kinds.DateKind) else datetime.combine(iso, datetime.min.time())
        example = date(2026, 3, 31)
        written = " or ".join(example.strftime(each) for each in self.dates)
        raise InvalidValue(
            _(
                "{text!r} is not a date as the mapping describes it; write it like {written}.",
                text=text,
                written=written,
            )
        )

    def number(self, text: str) -> str:
        """Return a number in plain digits."""
        plain = text if not (self.thousands or self.decimal) else self.ungrouped(text)
        if self.factor is None:
            return plain
        if len(plain.strip()) > LONGEST:
            raise InvalidValue(_("A number of {count} characters is too long.", count=len(plain)))
        return format(exact(plain.strip()) * self.factor, "f")

    def ungrouped(self, text: str) -> str:
        """Return a number without signs between groups, and with a decimal point."""
        found = grouped_number(self.thousands, self.decimal or ".").match(text.strip()) if len(text) < LONGEST else None
        if found is None:
            raise InvalidValue(
                _(
                    "{text!r} is not a number as the mapping describes it; write it like {example}.",
                    text=text,
                    example=self.example(),
                )
            )
        whole = found[1].replace(self.thousands, "") if self.thousands else found[1]
        return f"{whole}.{found[2]}" if found[2] else whole

    def example(self) -> str:
        """Return a number as the mapping describes it."""
        return f"1{self.thousands}234{self.decimal or '.'}50"

    def amount(self, text: str) -> object:
        """Return an amount with its currency, as money in JSON."""
        if not (self.thousands or self.decimal or self.currency or self.factor):
            return text
        found = AMOUNT.match(text.strip()) if len(text) < LONGEST else None
        if found is None or (found[1] and found[3]):
            raise InvalidValue(
                _("{text!r} is not an amount of money; write it like {example}.", text=text, example=self.example())
            )
        given = {"amount": self.number(found[2]), "currency": found[1] or found[3] or self.currency, "rate": found[4]}
        return {name: each for name, each in given.items() if each}


def iso_day(text: str) -> date | None:
    """Return the day of an ISO date, as spreadsheets give it; None if it is something else."""
    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        return None


@lru_cache(maxsize=64)
def grouped_number(thousands: str, decimal: str) -> re.Pattern[str]:
    """Return the pattern of numbers with these signs: whole part and decimals."""
    group, point = re.escape(thousands), re.escape(decimal)
    groups = rf"\d{{1,3}}(?:{group}\d{{2,3}})*{group}\d{{3}}|" if thousands else ""
    return re.compile(rf"([+-]?(?:{groups}\d+))(?:{point}(\d+))?\Z")


def date_format(text: str) -> str:
    """Return the format of `strptime` for a name such as `dd.mm.yyyy`; one with percent signs is such already.

    Raises:
        InvalidValue: if it doesn't say day, month and year.
    """
    made = text
    if "%" not in text:
        made = DATE_WORD.sub(lambda found: DATE_WORDS.get(found[0], "%?"), text)
    try:
        day = date(2026, 11, 28)
        if datetime.strptime(day.strftime(made), made).date() == day:  # noqa: DTZ007  (only tried)
            return made
    except ValueError:
        pass
    raise InvalidValue(f"{text!r} is not a way to write dates. Write like dd.mm.yyyy, m/d/yy or %d %b %Y.")
