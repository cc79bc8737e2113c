"""Writing vCards (3.0, which every contact program reads) from the columns of `VCARD_COLUMNS`."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

import vobject
from vobject.vcard import Address, Name

from crmkit.core.exchange.files.errors import UnwritableColumnError
from crmkit.core.exchange.files.outgoing import outgoing_rows
from crmkit.core.exchange.files.targets import Target, open_text, target_name
from crmkit.core.exchange.files.vcard_columns import ADDRESS_PARTS, VCARD_COLUMNS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from vobject.base import Component

    from crmkit.core.exchange.files.cell_text import Cell
    from crmkit.core.exchange.files.columns import Column

_SINGLE = {"nickname": "nickname", "title": "title", "website": "url", "note": "note", "uid": "uid", "birthday": "bday"}


def write_vcards(target: Target, columns: Sequence[Column], rows: Iterable[Sequence[Cell]]) -> int:
    """Write a card per row and return their number; line ends in a text become LF, as the format has no other.

    Raises:
        UnwritableColumnError: A column is none of `VCARD_COLUMNS`.
    """
    path, names = target_name(target), [column.name for column in columns]
    unknown = tuple(name for name in names if name not in VCARD_COLUMNS)
    if unknown:
        raise UnwritableColumnError(path=path, columns=unknown, known=VCARD_COLUMNS)
    count = 0
    with open_text(target, encoding="utf-8") as file:
        for count, cells in outgoing_rows(columns, rows, path=path):  # noqa: B007  (returned)
            texts = (_with_line_feeds(text or "") for text, _ in cells)
            file.write(_card(dict(zip(names, texts, strict=True))).serialize())
    return count


def _with_line_feeds(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _card(values: Mapping[str, str]) -> Component:
    card = vobject.vCard()
    found = defaultdict(str, values)
    # Both are required; a card without a name shows its address.
    card.add("fn").value = found["name"] or f"{found['first_name']} {found['last_name']}".strip() or found["email"]
    card.add("n").value = Name(
        family=found["last_name"],
        given=found["first_name"],
        additional=found["middle_name"],
        prefix=found["prefix"],
        suffix=found["suffix"],
    )
    for column, line in _SINGLE.items():
        if found[column]:
            card.add(line).value = found[column]
    if found["organisation"] or found["department"]:
        card.add("org").value = [found["organisation"], *filter(None, [found["department"]])]
    if found["categories"]:
        card.add("categories").value = found["categories"].split("\n")
    _add_addresses(card, found)
    return card


def _add_addresses(card: Component, found: Mapping[str, str]) -> None:
    if any(found[part] for part in ADDRESS_PARTS):
        card.add("adr").value = Address(
            street=found["street"],
            city=found["city"],
            region=found["region"],
            code=found["postal_code"],
            country=found["country"],
        )
    for address in _each(found["email"], *found["emails"].split("\n")):
        card.add("email").value = address
    kinds = {found["fax"]: "FAX", found["mobile"]: "CELL"}
    for number in _each(found["phone"], found["mobile"], found["fax"], *found["phones"].split("\n")):
        line = card.add("tel")
        line.value = number
        line.type_param = kinds.get(number, "VOICE")


def _each(*values: str) -> list[str]:
    """Keep every value once, in order."""
    return [value for value in dict.fromkeys(values) if value]
