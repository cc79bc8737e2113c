"""Values that a field can hold beyond Python's own: money, postal addresses, places, files, references."""

from __future__ import annotations

import hashlib
from decimal import ROUND_HALF_EVEN, Decimal, InvalidOperation
from functools import lru_cache
from typing import TYPE_CHECKING, ClassVar, Generic, TypeVar

from attrs import field, frozen

from crmkit.errors import InvalidValue
from crmkit.translation import _

if TYPE_CHECKING:
    from collections.abc import Callable

T_co = TypeVar("T_co", covariant=True)


def exact(value: object) -> Decimal:
    """Return the number as an exact decimal; floats count by their shortest text (0.1 is 0.1).

    Raises:
        InvalidValue: if it is no finite number.
    """
    if not isinstance(value, (Decimal, int, float, str)):
        raise InvalidValue(_("{value!r} is not a number.", value=value))
    try:
        number = Decimal(repr(value)) if isinstance(value, float) else Decimal(value)
    except (InvalidOperation, ValueError):
        raise InvalidValue(_("{value!r} is not a number.", value=value)) from None
    if not number.is_finite():
        raise InvalidValue(_("{value!r} is not a finite number.", value=value))
    return number


@frozen
class Money:
    """An exact amount in one currency (ISO 4217).

    `rate` is the worth of one unit of the currency in the CRM's base currency when the amount was written; it is kept
    with the amount and never rewritten. It doesn't take part in comparisons.
    """

    amount: Decimal = field(converter=exact)
    currency: str
    rate: Decimal | None = field(default=None, eq=False, kw_only=True)

    @property
    def base(self) -> Decimal:
        """The amount in the base currency, to four decimals, by the rate it was written with."""
        worth = self.amount if self.rate is None else self.amount * self.rate
        try:
            return worth.quantize(Decimal("0.0001"), ROUND_HALF_EVEN)
        except ArithmeticError:
            raise InvalidValue(_("{value} is worth too much at the rate {rate}.", value=self, rate=self.rate)) from None

    def __str__(self) -> str:
        return f"{self.amount} {self.currency}"

    def __add__(self, other: Money) -> Money:
        return Money(self.amount + self._same(other), self.currency, rate=self.rate)

    def __sub__(self, other: Money) -> Money:
        return Money(self.amount - self._same(other), self.currency, rate=self.rate)

    def __mul__(self, factor: int | Decimal) -> Money:
        return Money(self.amount * factor, self.currency, rate=self.rate)

    __rmul__ = __mul__

    def __lt__(self, other: Money) -> bool:
        return self.amount < self._same(other)

    def __le__(self, other: Money) -> bool:
        return self.amount <= self._same(other)

    def __gt__(self, other: Money) -> bool:
        return self.amount > self._same(other)

    def __ge__(self, other: Money) -> bool:
        return self.amount >= self._same(other)

    def _same(self, other: Money) -> Decimal:
        if other.currency != self.currency:
            raise InvalidValue(
                _("{value} and {other} are not amounts in one currency; convert one first.", value=self, other=other)
            )
        return other.amount


@frozen(kw_only=True)
class Address:
    """A postal address; every part may be missing. `country` is an ISO 3166 code or a name, as the firm writes it."""

    street: str | None = None
    postcode: str | None = None
    city: str | None = None
    region: str | None = None
    country: str | None = None

    def __str__(self) -> str:
        parts = (self.street, " ".join(p for p in (self.postcode, self.city) if p), self.region, self.country)
        return ", ".join(part for part in parts if part)


@frozen
class Location:
    """A place on the earth in degrees (WGS 84), exact to seven decimals (about one centimetre)."""

    latitude: Decimal = field(converter=exact)
    longitude: Decimal = field(converter=exact)

    def __str__(self) -> str:
        return f"{self.latitude},{self.longitude}"


@frozen
class File:
    """A file: its name, and its contents as long as they are not stored.

    A file that is given to a record has `content`; size and SHA-256 follow from it. One that is read from a record has
    none: `session.content` gives it.

    Attributes:
        name: without any path.
        type: the media type (IANA), which follows from the name's extension.
        size: in bytes.
        sha256: of the contents, in hexadecimal digits.
    """

    name: str
    type: str = field(default="", kw_only=True)
    size: int = field(default=0, kw_only=True)
    sha256: str = field(default="", kw_only=True)
    content: bytes | None = field(default=None, eq=False, repr=False, kw_only=True)

    def __attrs_post_init__(self) -> None:
        if self.content is not None:
            object.__setattr__(self, "size", len(self.content))
            object.__setattr__(self, "sha256", hashlib.sha256(self.content).hexdigest())

    def __str__(self) -> str:
        return f"{self.name} ({self.sha256})"


class Ref(int, Generic[T_co]):
    """The id of a record, knowing of which entity: `Ref[Customer]` is read from a field declared by `ref()`.

    It is an integer; two references are equal if they point to the same record of the same entity.
    """

    __slots__ = ()
    entity: ClassVar[str] = ""

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Ref) and other.entity != self.entity:
            return False
        return int.__eq__(self, other) if isinstance(other, int) else NotImplemented

    def __ne__(self, other: object) -> bool:
        return not self == other

    __hash__ = int.__hash__

    def __repr__(self) -> str:
        return f"<{self.entity} {int(self)}>"

    def __str__(self) -> str:
        return f"{self.entity}:{int(self)}"

    def __reduce__(self) -> tuple[Callable[[str, int], Ref[object]], tuple[str, int]]:
        return _rebuild_ref, (self.entity, int(self))


def _rebuild_ref(entity: str, number: int) -> Ref[object]:
    return ref_class(entity)(number)


@lru_cache(maxsize=1024)
def ref_class(entity: str) -> type[Ref[object]]:
    """Return the reference class of an entity: `ref_class("customer")(5)` refers to customer 5."""
    return type(f"{entity}_ref", (Ref,), {"__slots__": (), "entity": entity, "__module__": __name__})
