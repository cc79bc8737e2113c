"""What a vCard says, as the texts of `VCARD_COLUMNS`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from crmkit.core.exchange.files.vcard_columns import ADDRESS_PARTS, NAME_PARTS, VCARD_COLUMNS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from vobject.base import Component, ContentLine

_WHOLE_DATE = re.compile(r"([0-9]{4})-?([0-9]{2})-?([0-9]{2})(?:T.*)?")
# How vobject calls the parts of N and ADR.
_NAME_ATTRIBUTES = ("family", "given", "additional", "prefix", "suffix")
_ADDRESS_ATTRIBUTES = ("street", "city", "region", "code", "country")
_SINGLE = {"fn": "name", "nickname": "nickname", "title": "title", "url": "website", "note": "note", "uid": "uid"}


def card_values(card: Component) -> dict[str, str | None]:
    """Read a card that vobject has parsed; what it does not say is None."""
    found: dict[str, str] = {column: _text(_first(card, line)) for line, column in _SINGLE.items()}
    found |= _parts(card, "n", _NAME_ATTRIBUTES, NAME_PARTS)
    found |= _parts(card, "adr", _ADDRESS_ATTRIBUTES, ADDRESS_PARTS)
    found |= _organisation(card) | _addresses(card)
    found["birthday"] = _date(_text(_first(card, "bday")))
    found["categories"] = _lines(value for line in _all(card, "categories") for value in _list(line.value))
    return {column: found.get(column) or None for column in VCARD_COLUMNS}


def _addresses(card: Component) -> dict[str, str]:
    emails = [_text(line) for line in _all(card, "email")]
    phones = [(_types(line), _text(line).removeprefix("tel:")) for line in _all(card, "tel")]
    mobile = next((number for types, number in phones if "CELL" in types), "")
    fax = next((number for types, number in phones if _is_fax(types)), "")
    phone = next((number for types, number in phones if "CELL" not in types and not _is_fax(types)), "")
    return {
        "email": next(iter(emails), ""),
        "emails": _lines(emails),
        "phone": phone,
        "mobile": mobile,
        "fax": fax,
        "phones": _lines(number for _, number in phones),
    }


def _organisation(card: Component) -> dict[str, str]:
    names = _list(getattr(_first(card, "org"), "value", []))
    department = names[1] if len(names) > 1 else _text(_first(card, "x-department"))
    return {"organisation": names[0] if names else "", "department": department}


def _parts(card: Component, line: str, attributes: Iterable[str], columns: Iterable[str]) -> dict[str, str]:
    value = getattr(_first(card, line), "value", None)
    return {
        column: ", ".join(_list(getattr(value, attribute, "")))
        for attribute, column in zip(attributes, columns, strict=True)
    }


def _all(card: Component, name: str) -> list[ContentLine]:
    lines: list[ContentLine] = card.contents.get(name, [])
    return lines


def _first(card: Component, name: str) -> ContentLine | None:
    return next(iter(_all(card, name)), None)


def _text(line: ContentLine | None) -> str:
    return "" if line is None else ", ".join(_list(line.value))


def _list(value: object) -> list[str]:
    return [str(each) for each in value] if isinstance(value, list) else [str(value)]


def _types(line: ContentLine) -> set[str]:
    written = [*line.params.get("TYPE", []), *getattr(line, "singletonparams", [])]
    return {kind.upper() for each in written for kind in each.split(",")}


def _is_fax(types: set[str]) -> bool:
    return any(kind.endswith("FAX") for kind in types)


def _lines(values: Iterable[str] | Iterator[str]) -> str:
    return "\n".join(value for value in values if value)


def _date(text: str) -> str:
    whole = _WHOLE_DATE.fullmatch(text)
    return "-".join(whole.groups()) if whole else text
