"""The columns of a report's table: what kind of value each holds, and which cells fit it."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta
from decimal import Decimal
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

from attrs import Attribute, evolve, field, frozen
from attrs.converters import optional

from crmkit.core.declare.names import as_text
from crmkit.core.reading.reports.errors import ColumnError
from crmkit.errors import listed
from crmkit.translation import _

if TYPE_CHECKING:
    from collections.abc import Mapping

    from crmkit.translation.languages import Language

Kind: TypeAlias = Literal["text", "integer", "decimal", "percent", "money", "date", "datetime", "duration", "boolean"]
Cell: TypeAlias = str | int | Decimal | date | datetime | timedelta | bool | None

EXPECTED: Final[Mapping[str, str]] = MappingProxyType(
    {
        "text": "a str",
        "integer": _("an int"),
        "decimal": _("a finite decimal.Decimal or an int"),
        "percent": _("a finite decimal.Decimal or an int (63.15 is 63.15 %)"),
        "money": _("a finite decimal.Decimal or an int, in the column's currency"),
        "date": _("a datetime.date without a time"),
        "datetime": _("a datetime.datetime with a time zone"),
        "duration": "a datetime.timedelta",
        "boolean": "a bool",
    }
)
NUMBERS: Final = frozenset({"integer", "decimal", "percent", "money", "duration"})

# In this order, because a bool is an int and a datetime is a date.
_HELD: Final[tuple[tuple[type, frozenset[str]], ...]] = (
    (bool, frozenset({"boolean"})),
    (int, frozenset({"integer", "decimal", "percent", "money"})),
    (Decimal, frozenset({"decimal", "percent", "money"})),
    (datetime, frozenset({"datetime"})),
    (date, frozenset({"date"})),
    (timedelta, frozenset({"duration"})),
    (str, frozenset({"text"})),
)
_NAME = re.compile(r"[a-z][a-z0-9_]{0,40}(\.[a-z][a-z0-9_]{0,40})*")
_CURRENCY = re.compile(r"[A-Z]{3}")
_MOST_PLACES = 12


@frozen
class Column:
    """One column of a report's table.

    `name` is for programs (a field's name or a dotted path), `label` for people. A `percent` counts per cents: 63.15
    is 63.15 %. A `money` column has one `currency` (ISO 4217). `unit` is shown behind the label, such as `days`;
    `places` fixes the decimals that people see and never changes what programs get.

    Raises:
        ColumnError: if the name, kind, currency or places can't be.
    """

    name: str = field()
    label: str = field(converter=as_text)
    kind: Kind = field(default="text")
    currency: str | None = field(default=None, kw_only=True)
    unit: str | None = field(default=None, converter=optional(as_text), kw_only=True)
    places: int | None = field(default=None, kw_only=True)

    @name.validator
    def _check_name(self, _attribute: Attribute[str], name: str) -> None:
        if not _NAME.fullmatch(name):
            raise ColumnError(column=name, problem=_("a name is lower-case words like stage or customer.name."))

    @kind.validator
    def _check_kind(self, _attribute: Attribute[str], kind: str) -> None:
        if kind not in EXPECTED:
            raise ColumnError(
                column=self.name,
                problem=_("there is no kind {kind!r}. Kinds: {names}.", kind=kind, names=listed(EXPECTED)),
            )

    @currency.validator
    def _check_currency(self, _attribute: Attribute[str | None], currency: str | None) -> None:
        if self.kind != "money" and currency is not None:
            raise ColumnError(column=self.name, problem=_("only a column of kind money has a currency."))
        if self.kind == "money" and (currency is None or not _CURRENCY.fullmatch(currency)):
            raise ColumnError(column=self.name, problem=_("money needs a currency of three letters, like EUR."))

    @places.validator
    def _check_places(self, _attribute: Attribute[int | None], places: int | None) -> None:
        if places is not None and not 0 <= places <= _MOST_PLACES:
            raise ColumnError(
                column=self.name, problem=_("places is a number from 0 to {most_places}.", most_places=_MOST_PLACES)
            )

    @property
    def is_number(self) -> bool:
        """Whether the cells are amounts: right aligned, and drawn on a scale."""
        return self.kind in NUMBERS

    @property
    def heading(self) -> str:
        """The label with its currency or unit, as people see it: `Value (USD)`."""
        measure = self.currency or self.unit
        return f"{self.label} ({measure})" if measure else self.label

    def translated(self, language: Language) -> Column:
        """Return the column with its label and its unit in a language."""
        return evolve(self, label=language.say(self.label), unit=self.unit and language.say(self.unit))

    def holds(self, value: Cell) -> bool:
        """Tell whether the value is one this column can hold; `None` (nothing known) always is."""
        if value is None:
            return True
        for held, kinds in _HELD:
            if isinstance(value, held):
                return self.kind in kinds and _is_definite(value)
        return False


def _is_definite(value: Cell) -> bool:
    """Tell whether the value says all it has to: a number that is one, a time that is the same everywhere."""
    if isinstance(value, Decimal):
        return value.is_finite()
    return not isinstance(value, datetime) or value.utcoffset() is not None
