"""Coercion: the constants of a filter, read as the field they are compared with reads its own values."""

from __future__ import annotations

import re
import unicodedata
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from attrs import evolve

from crmkit.core.declare.kinds import (
    EmailKind,
    IntegerKind,
    MoneyKind,
    PercentKind,
    PhoneKind,
    RefKind,
    TagsKind,
    search_key,
)
from crmkit.core.declare.kinds.numbers import LARGEST, LONGEST_NUMBER, number_from
from crmkit.core.declare.kinds.times import zone
from crmkit.core.declare.names import nearest
from crmkit.core.declare.stages import STAGE_KINDS
from crmkit.core.declare.values import Money, ref_class
from crmkit.core.reading.filters.families import family
from crmkit.errors import InvalidValue, listed
from crmkit.translation import _

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from crmkit.core.declare.conventions import Conventions
    from crmkit.core.declare.kinds import Kind
    from crmkit.core.reading.paths import Path

FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
LONGEST_MATCH = 500


def coerced(path: Path, value: object, conventions: Conventions) -> object:
    """Return a constant in the form in which it is compared with the values of a path; None stays None.

    An amount without currency becomes a `Decimal` in the base currency, one with a currency a `Money`.

    Raises:
        InvalidValue: if the constant doesn't fit.
    """
    if value is None:
        return None
    convert = CONVERSIONS.get(family(path.kind))
    found = convert(path.kind, value, conventions) if convert else path.kind.parse(value, conventions)
    if found is None:
        raise InvalidValue(_("An empty text is no value here; ask with `is None`."))
    if path.field.name == "stage_kind" and found not in STAGE_KINDS:
        raise InvalidValue(
            _("{found!r} is not a kind of stage; there are {names}.", found=found, names=", ".join(STAGE_KINDS))
        )
    return found


def coerced_list(path: Path, values: Iterable[object], conventions: Conventions) -> tuple[object, ...]:
    """Return the constants of a list, each as `coerced` does; ids, of which there may be thousands, without a detour.

    Raises:
        InvalidValue: if one of them doesn't fit.
    """
    plain: Callable[[int], object] | None = None
    if isinstance(path.kind, RefKind):
        plain = ref_class(path.kind.target)
    elif isinstance(path.kind, IntegerKind):
        plain = int
    if plain is None:
        return tuple(coerced(path, each, conventions) for each in values)
    return tuple(
        plain(each) if type(each) is int and 0 < each <= LARGEST else coerced(path, each, conventions)
        for each in values
    )


def tag_key(path: Path, value: object) -> str:
    """Return how a tag is looked for: by its key where the tags have keys, else as it is written."""
    tag = text_of(value).strip()
    if not tag or "\n" in tag or "," in tag or len(tag) > LONGEST_MATCH:
        raise InvalidValue(_("{value!r} is not a tag.", value=value))
    return search_key(tag) if path.field.key_column else tag


def match_key(path: Path, value: object) -> str:
    """Return the key of a text that is to be contained in a field's key, or at its beginning."""
    text = text_of(value)
    key = path.kind.key(text) if not isinstance(path.kind, TagsKind) else None
    if not key or len(key) > LONGEST_MATCH:
        sort = "digits" if isinstance(path.kind, PhoneKind) else "characters"
        raise InvalidValue(_("Give one to {longest_match} {sort} to look for.", longest_match=LONGEST_MATCH, sort=sort))
    return key


def check_stage(path: Path, value: object, stages: tuple[str, ...]) -> None:
    """Refuse a misspelt stage where its name is written out; stages of plugins that are gone can be given."""
    if path.field.is_system and path.field.name == "stage" and value not in stages:
        close = nearest(str(value), stages)
        raise InvalidValue(
            _("There is no stage {value!r}.", value=value)
            + (_(" Did you mean {close!r}?", close=close) if close else _(" There are: {names}.", names=listed(stages)))
        )


def text_of(value: object) -> str:
    """Return a text in normal form (NFC), as texts are stored."""
    if not isinstance(value, str):
        raise InvalidValue(_("{value!r} is not a text; put it between quotes.", value=value))
    found = FORBIDDEN.search(value)
    if found:
        raise InvalidValue(_("The character U+{ord} is not allowed in a text.", ord=f"{ord(found.group()):04X}"))
    return value if value.isascii() else unicodedata.normalize("NFC", value)


def _text(kind: Kind, value: object, conventions: Conventions) -> object:
    text = text_of(value)
    if isinstance(kind, (EmailKind, PhoneKind)):
        try:
            return kind.parse(text, conventions) or text
        except InvalidValue:
            return text
    return text


def _choice_or_text(kind: Kind, value: object, conventions: Conventions) -> object:
    return kind.parse(value, conventions) if kind.name == "choice" else _text(kind, value, conventions)


def _number(kind: Kind, value: object, _conventions: Conventions) -> Decimal:
    if isinstance(value, str) and isinstance(kind, PercentKind):
        value = value.rstrip().removesuffix("%").rstrip()
    number = number_from(value)
    if number.adjusted() > LONGEST_NUMBER or (number and number.adjusted() < -LONGEST_NUMBER):
        raise InvalidValue(_("{value!r} is out of range.", value=value))
    return number


def _money(kind: Kind, value: object, conventions: Conventions) -> object:
    assert isinstance(kind, MoneyKind)
    has_currency = isinstance(value, (Money, dict)) or (isinstance(value, str) and any(c.isalpha() for c in value))
    if not has_currency:
        return _number(kind, value, conventions)
    return evolve(kind, min=None).parse(value, conventions)


def _date(kind: Kind, value: object, conventions: Conventions) -> object:
    if isinstance(value, datetime):
        raise InvalidValue(_("A moment is given where a day belongs; write today() or date('2026-03-31')."))
    return kind.parse(value, conventions)


def _datetime(kind: Kind, value: object, conventions: Conventions) -> object:
    if isinstance(value, date) and not isinstance(value, datetime):
        value = datetime.combine(value, time(), zone(conventions.time_zone))
    return kind.parse(value, conventions)


def _duration(kind: Kind, value: object, conventions: Conventions) -> object:
    if not isinstance(value, (timedelta, str)):
        raise InvalidValue(_("{value!r} is not a duration; write days(3) or hours(4).", value=value))
    return value if isinstance(value, timedelta) else kind.parse(value, conventions)


def _reference(kind: Kind, value: object, conventions: Conventions) -> object:
    if isinstance(value, Decimal) and value == value.to_integral_value():
        value = int(value)
    return kind.parse(value, conventions)


def _boolean(kind: Kind, value: object, conventions: Conventions) -> object:
    if not isinstance(value, (bool, str)):
        raise InvalidValue(_("{value!r} is neither True nor False.", value=value))
    return kind.parse(value, conventions)


CONVERSIONS: dict[str, Callable[[Kind, object, Conventions], object]] = {
    "text": _choice_or_text,
    "number": _number,
    "money": _money,
    "date": _date,
    "datetime": _datetime,
    "duration": _duration,
    "boolean": _boolean,
    "ref": _reference,
    "any_ref": _reference,
}
