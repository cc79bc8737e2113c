"""Numbers: integers, exact decimals, percents, money, yes and no."""

from __future__ import annotations

import re
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from functools import cache
from typing import TYPE_CHECKING, ClassVar

from attrs import frozen

from crmkit.core.declare.kinds.kind import Kind, Part
from crmkit.core.declare.values import Money, exact
from crmkit.errors import InvalidValue
from crmkit.translation import _

if TYPE_CHECKING:
    from collections.abc import Mapping

    from crmkit.core.declare.conventions import Conventions

LARGEST = 2**63 - 1
PLAIN_NUMBER = re.compile(r"[+-]?\d+(\.\d+)?([eE][+-]?\d{1,3})?\Z")
MONEY_TEXT = re.compile(r"([A-Z]{3})?\s*([+-]?[\d.,'\u00a0 ]+?)\s*([A-Z]{3})?(?:\s*@\s*([\d.]+))?\Z")
MONEY_SCALE = 4
LONGEST_NUMBER = 60
TENS: tuple[int, ...] = tuple(10**power for power in range(19))
LARGEST_POWER = 18
MOST_FIGURES = 28
"""Beyond these, decimal arithmetic in its usual context would round."""


def number_from(value: object) -> Decimal:
    """Return an exact number from a Python number or a plain text such as `-12.50`.

    Raises:
        InvalidValue: if it is none; grouped digits are refused with a hint, as `1,234` means two things.
    """
    if isinstance(value, (bool, type(None))):
        raise InvalidValue(_("{value!r} is not a number.", value=value))
    if not isinstance(value, str):
        return exact(value)
    text = value.strip()
    if len(text) > LONGEST_NUMBER:
        raise InvalidValue(_("A number of {count} characters is too long.", count=len(text)))
    if not PLAIN_NUMBER.match(text):
        grouped = re.fullmatch(r"[+-]?[\d.,'\u00a0\u202f ]+", text)
        hint = _(" Write it without separators of thousands and with a decimal point (1234.50).") if grouped else ""
        raise InvalidValue(_("{text!r} is not a number.{hint}", text=text, hint=hint))
    return exact(text)


def check_range(number: Decimal | int, low: Decimal | int | None, high: Decimal | int | None) -> None:
    """Raise InvalidValue if the number is below `low` or above `high`."""
    if low is not None and number < low:
        raise InvalidValue(_("{number} is too small; at least {low}.", number=number, low=low))
    if high is not None and number > high:
        raise InvalidValue(_("{number} is too large; at most {high}.", number=number, high=high))


@frozen(kw_only=True)
class IntegerKind(Kind):
    """A whole number of at most 64 bits."""

    name: ClassVar[str] = "integer"
    is_json: ClassVar[bool] = True
    widget: ClassVar[str] = "number"
    parts: ClassVar[tuple[Part, ...]] = (Part(type="integer"),)
    min: int | None = None
    max: int | None = None

    def parse(self, value: object, conventions: Conventions) -> int | None:
        """Return the integer; a number with a fraction is refused."""
        del conventions
        if type(value) is not int:
            if value == "":
                return None
            number = number_from(value)
            if number.adjusted() > LONGEST_NUMBER or number != number.to_integral_value():
                raise InvalidValue(_("{value!r} is not a whole number.", value=value))
            value = int(number)
        check_range(value, -LARGEST if self.min is None else self.min, LARGEST if self.max is None else self.max)
        return value

    def format(self, value: object, conventions: Conventions) -> str:
        """Return the number with the locale's grouping."""
        from babel.numbers import format_decimal

        return format_decimal(int(str(value)), locale=conventions.locale)

    def json_schema(self) -> Mapping[str, object]:
        """Return an integer schema with its bounds."""
        bounds = {"minimum": self.min, "maximum": self.max}
        return {"type": "integer"} | {name: bound for name, bound in bounds.items() if bound is not None}


@frozen(kw_only=True)
class DecimalKind(Kind):
    """An exact number with up to `scale` decimals, stored as a scaled integer of 64 bits."""

    name: ClassVar[str] = "decimal"
    widget: ClassVar[str] = "number"
    parts: ClassVar[tuple[Part, ...]] = (Part(type="integer"),)
    is_plain: ClassVar[bool] = False
    scale: int = 4
    min: Decimal | None = None
    max: Decimal | None = None

    def parse(self, value: object, conventions: Conventions) -> Decimal | None:
        """Return the exact number without trailing zeros."""
        del conventions
        if value == "":
            return None
        number = number_from(value)
        check_range(number, self.min, self.max)
        number = plain(fitting(number, self.scale))
        scaled(number, self.scale)
        return number

    def dump(self, value: object) -> tuple[object, ...]:
        """Return the scaled integer."""
        return (scaled(value, self.scale),)

    def load(self, *raw: object) -> Decimal:
        """Return the number without trailing zeros."""
        return unscaled(raw[0], self.scale)

    def to_text(self, value: object) -> str:
        """Return the number in plain digits."""
        return format(value, "f")

    def format(self, value: object, conventions: Conventions) -> str:
        """Return the number with the locale's grouping and decimal sign."""
        from babel.numbers import format_decimal

        return format_decimal(str(value), locale=conventions.locale, decimal_quantization=False)

    def json_schema(self) -> Mapping[str, object]:
        """Return a schema for exact numbers, which travel as texts."""
        return {"type": "string", "pattern": r"^-?\d+(\.\d+)?$"}


@frozen(kw_only=True)
class PercentKind(DecimalKind):
    """A share in percent: 12.5 means 12.5 %. Between 0 and 100 unless said otherwise."""

    name: ClassVar[str] = "percent"
    widget: ClassVar[str] = "percent"
    min: Decimal | None = Decimal(0)
    max: Decimal | None = Decimal(100)

    def parse(self, value: object, conventions: Conventions) -> Decimal | None:
        """Return the percent; a percent sign behind the number is allowed."""
        text = value.rstrip().removesuffix("%").rstrip() if isinstance(value, str) else value
        return DecimalKind.parse(self, text, conventions)

    def format(self, value: object, conventions: Conventions) -> str:
        """Return the percent as the locale writes it."""
        from babel.numbers import format_percent

        return format_percent(exact(str(value)) / 100, locale=conventions.locale, decimal_quantization=False)


@frozen(kw_only=True)
class MoneyKind(Kind):
    """An exact amount with currency and rate, stored to four decimals (see `Money`).

    Columns: the amount, its currency, its worth in the base currency when written, and the rate if it is not 1.
    """

    name: ClassVar[str] = "money"
    widget: ClassVar[str] = "money"
    parts: ClassVar[tuple[Part, ...]] = (
        Part(type="integer"),
        Part(suffix="_currency", length=3),
        Part(suffix="_base", type="integer"),
        Part(suffix="_rate", length=40),
    )
    is_plain: ClassVar[bool] = False
    min: Decimal | None = None

    def parse(self, value: object, conventions: Conventions) -> Money | None:
        """Return the money: from `Money`, a number (base currency), `48000 EUR`, or `{"amount": …, "currency": …}`."""
        if value == "":
            return None
        money = self._read(value, conventions)
        digits = currency_digits(money.currency)
        if digits is None:
            raise InvalidValue(
                _("{currency!r} is not a currency of ISO 4217; write it like EUR.", currency=money.currency)
            )
        check_range(money.amount, self.min, None)
        amount = fitting(money.amount, digits, _(" of {currency}", currency=money.currency))
        scaled(amount, MONEY_SCALE)
        if money.currency == conventions.currency:
            return Money(amount, money.currency)
        if money.rate is not None and exact(money.rate) <= 0:
            raise InvalidValue(
                _("The rate {rate} of {currency} must be above 0.", rate=money.rate, currency=money.currency)
            )
        return Money(amount, money.currency, rate=money.rate)

    @staticmethod
    def _read(value: object, conventions: Conventions) -> Money:
        if isinstance(value, Money):
            return value
        if isinstance(value, dict):
            if unknown := value.keys() - {"amount", "currency", "rate"}:
                raise InvalidValue(
                    _("Money has no {names}; it has amount and currency.", names=", ".join(sorted(map(str, unknown))))
                )
            rate = value.get("rate")
            currency = str(value.get("currency", conventions.currency))
            return Money(number_from(value.get("amount")), currency, rate=None if rate is None else number_from(rate))
        if not isinstance(value, str):
            return Money(number_from(value), conventions.currency)
        found = MONEY_TEXT.match(value.strip()) if len(value) <= LONGEST_NUMBER else None
        if not found or (found[1] and found[3]):
            raise InvalidValue(
                _(
                    "{value!r} is not an amount of money; write it like 1234.50 {currency}.",
                    value=value,
                    currency=conventions.currency,
                )
            )
        currency = found[1] or found[3] or conventions.currency
        return Money(number_from(found[2]), currency, rate=number_from(found[4]) if found[4] else None)

    def dump(self, value: object) -> tuple[object, ...]:
        """Return amount, currency, worth in base currency and rate."""
        assert isinstance(value, Money)
        amount = scaled(value.amount, MONEY_SCALE)
        if value.rate is None:
            return amount, value.currency, amount, None
        return amount, value.currency, scaled(value.base, MONEY_SCALE), str(value.rate)

    def load(self, *raw: object) -> Money:
        """Return the money with the rate it was written with; the amount shows its currency's decimals."""
        amount, currency, _base, rate = raw
        currency = str(currency)
        return Money(
            with_decimals(unscaled(amount, MONEY_SCALE), currency_digits(currency) or 0),
            currency,
            rate=None if rate is None else Decimal(str(rate)),
        )

    def to_text(self, value: object) -> str:
        """Return `48000.00 USD @ 0.92`; the rate only if the currency is foreign."""
        assert isinstance(value, Money)
        return f"{value.amount:f} {value.currency}" + ("" if value.rate is None else f" @ {value.rate:f}")

    def to_json(self, value: object) -> object:
        """Return an object with amount (exact, as text), currency and, if foreign, rate."""
        assert isinstance(value, Money)
        plain_form = {"amount": format(value.amount, "f"), "currency": value.currency}
        return plain_form if value.rate is None else plain_form | {"rate": format(value.rate, "f")}

    def format(self, value: object, conventions: Conventions) -> str:
        """Return the amount as the locale writes money."""
        from babel.numbers import format_currency

        assert isinstance(value, Money)
        return format_currency(value.amount, value.currency, locale=conventions.locale)

    def json_schema(self) -> Mapping[str, object]:
        """Return an object schema."""
        exact_number = {"type": "string", "pattern": r"^-?\d+(\.\d+)?$"}
        return {
            "type": "object",
            "properties": {
                "amount": exact_number,
                "currency": {"type": "string", "pattern": "^[A-Z]{3}$"},
                "rate": exact_number,
            },
            "required": ["amount", "currency"],
        }


@frozen(kw_only=True)
class BooleanKind(Kind):
    """Yes or no."""

    name: ClassVar[str] = "boolean"
    is_json: ClassVar[bool] = True
    widget: ClassVar[str] = "checkbox"
    parts: ClassVar[tuple[Part, ...]] = (Part(type="boolean"),)
    WORDS: ClassVar[Mapping[str, bool]] = {
        **dict.fromkeys(("true", "yes", "y", "1", "on", "是"), True),
        **dict.fromkeys(("false", "no", "n", "0", "off", "否"), False),
    }

    def parse(self, value: object, conventions: Conventions) -> bool | None:
        """Return True or False from a boolean or a word such as yes, no, true, false, 1, 0."""
        del conventions
        if isinstance(value, bool):
            return value
        if value == "":
            return None
        found = self.WORDS.get(str(value).strip().lower())
        if found is None:
            raise InvalidValue(_("{value!r} is neither yes nor no; write true or false.", value=value))
        return found

    def to_text(self, value: object) -> str:
        """Return true or false."""
        return "true" if value else "false"

    def json_schema(self) -> Mapping[str, object]:
        """Return a boolean schema."""
        return {"type": "boolean"}


def fitting(number: Decimal, digits: int, what: str = "") -> Decimal:
    """Return the number if it has at most so many decimals (trailing zeros don't count)."""
    if number.adjusted() > LARGEST_POWER or len(number.as_tuple().digits) > MOST_FIGURES:
        raise InvalidValue(_("{number} is too large or too long.", number=number))
    if number and -int(plain(number).as_tuple().exponent) > digits:
        raise InvalidValue(
            _(
                "{number} has more than the {digits} decimals{what} that are kept; round it.",
                number=number,
                digits=digits,
                what=what,
            )
        )
    return with_decimals(number, digits) if what else number


def with_decimals(number: Decimal, digits: int) -> Decimal:
    """Return the number written with at least so many decimals, and no more zeros than that."""
    try:
        return number.quantize(Decimal(1).scaleb(-digits)) if digits >= 0 else number
    except ArithmeticError:
        raise InvalidValue(_("{number} is too large.", number=number)) from None


def plain(number: Decimal) -> Decimal:
    """Return the number without trailing zeros and without an exponent above 0."""
    short = number.normalize()
    return short.quantize(Decimal(1)) if 0 < int(short.as_tuple().exponent) <= LONGEST_NUMBER // 3 else short


def scaled(number: object, scale: int) -> int:
    """Return the number as an integer of 64 bits, times ten to the scale."""
    value = int(exact(number).scaleb(scale))
    if abs(value) > LARGEST:
        raise InvalidValue(_("{number} is too large.", number=number))
    return value


def unscaled(value: object, scale: int) -> Decimal:
    """Return the number that `scaled` stored."""
    assert isinstance(value, int)
    whole, rest = divmod(value, TENS[scale])
    return Decimal(value).scaleb(-scale).normalize() if rest else Decimal(whole)


def scaled_bound(number: Decimal, scale: int, *, up: bool) -> int:
    """Return the nearest scaled integer from below or above, for comparing with more decimals than are kept."""
    whole = int(number)
    if whole == number:
        return whole * TENS[scale]
    return int(number.scaleb(scale).to_integral_value(ROUND_CEILING if up else ROUND_FLOOR))


@cache
def currency_digits(currency: str) -> int | None:
    """Return how many decimals a currency of ISO 4217 has, by Unicode's CLDR; None if there is no such currency."""
    from babel.core import get_global

    if currency not in get_global("all_currencies"):
        return None
    fractions = get_global("currency_fractions")
    return int(fractions.get(currency, fractions["DEFAULT"])[0])
