"""Templates: texts made of several columns, such as `{product}[ for {account}]`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from attrs import frozen

from crmkit.errors import InvalidValue
from crmkit.translation import _

if TYPE_CHECKING:
    from collections.abc import Mapping

PIECE = re.compile(r"\{([^{}]*)\}|(\[)|(\])|([^{}\[\]]+)|(.)", re.DOTALL)


@frozen
class Place:
    """Where the text of a column goes; of several columns, that of the first that isn't empty."""

    columns: tuple[str, ...]


@frozen
class Template:
    """A text with places for columns.

    A section in square brackets is left out if one of its places stays empty; if one outside of brackets stays empty,
    the whole text is.

    Attributes:
        sections: each with whether it may be left out, and its pieces.
    """

    text: str
    sections: tuple[tuple[bool, tuple[str | Place, ...]], ...]

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that it needs."""
        places = (each for _, pieces in self.sections for each in pieces if isinstance(each, Place))
        return tuple(dict.fromkeys(name for place in places for name in place.columns))

    def fill(self, texts: Mapping[str, str]) -> str:
        """Return the text with the columns' texts in their places."""
        made = []
        for optional, pieces in self.sections:
            filled = [each if isinstance(each, str) else first(each, texts) for each in pieces]
            if all(filled):
                made += filled
            elif not optional:
                return ""
        return "".join(made)


def first(place: Place, texts: Mapping[str, str]) -> str:
    """Return the first text that isn't empty."""
    return next((text for name in place.columns if (text := texts.get(name, ""))), "")


def template_of(text: str) -> Template:
    """Read a template.

    Raises:
        InvalidValue: if brackets or braces don't match.
    """
    sections: list[tuple[bool, tuple[str | Place, ...]]] = []
    pieces: list[str | Place] = []
    inside = False
    for place, opens, closes, plain, stray in PIECE.findall(text):
        if stray or (opens and inside) or (closes and not inside):
            raise InvalidValue(
                _("In {text!r}, a bracket or brace has no partner. Write like '{name}[ in {city}]'.", text=text)
            )
        if opens or closes:
            sections.append((inside, tuple(pieces)))
            pieces, inside = [], bool(opens)
        else:
            pieces.append(plain or Place(tuple(name.strip() for name in place.split("|"))))
    if inside:
        raise InvalidValue(_("In {text!r}, a bracket is not closed. Write like '{name}[ in {city}]'.", text=text))
    return Template(text, (*sections, (False, tuple(pieces))))
