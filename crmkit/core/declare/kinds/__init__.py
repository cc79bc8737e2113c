"""The kinds of field: how each is read from outside, checked, stored, shown and described."""

from __future__ import annotations

from crmkit.core.declare.kinds.files import FileKind
from crmkit.core.declare.kinds.kind import Kind, Part, search_key
from crmkit.core.declare.kinds.numbers import BooleanKind, DecimalKind, IntegerKind, MoneyKind, PercentKind
from crmkit.core.declare.kinds.places import AddressKind, LocationKind
from crmkit.core.declare.kinds.references import AnyRefKind, RefKind
from crmkit.core.declare.kinds.structured import Choice, ChoiceKind, JsonKind, TagsKind
from crmkit.core.declare.kinds.texts import EmailKind, LongTextKind, PhoneKind, TextKind, UrlKind
from crmkit.core.declare.kinds.times import DateKind, DateTimeKind, DurationKind

__all__ = [
    "AddressKind",
    "AnyRefKind",
    "BooleanKind",
    "Choice",
    "ChoiceKind",
    "DateKind",
    "DateTimeKind",
    "DecimalKind",
    "DurationKind",
    "EmailKind",
    "FileKind",
    "IntegerKind",
    "JsonKind",
    "Kind",
    "LocationKind",
    "LongTextKind",
    "MoneyKind",
    "Part",
    "PercentKind",
    "PhoneKind",
    "RefKind",
    "TagsKind",
    "TextKind",
    "UrlKind",
    "search_key",
]
