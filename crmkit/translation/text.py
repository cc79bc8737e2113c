"""Texts: English sentences that remember what they were made of, so that they can be said in another language."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Protocol, Self

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

PLACE = re.compile(r"\{([a-z_]+)(!r)?\}")


class Translate(Protocol):
    """What finds the translation of a template, such as a language of a catalogue."""

    def gettext(self, template: str) -> str:
        """Return the translation, or the template itself."""

    def ngettext(self, one: str, many: str, count: int) -> str:
        """Return the translation for a number of things, or the English form for it."""


class Text(str):
    """A text for people: in English as a `str`, in another language by `translated`.

    Attributes:
        template: the English sentence with places such as `{name}`, or `{name!r}` for a value in quotes.
        plural: the sentence for another number than one, if the text is about a number of things.
        values: what stands in the places; values that are texts are translated, too.
    """

    __slots__ = ("plural", "template", "values")

    template: str
    plural: str | None
    values: Mapping[str, object]

    def __new__(cls, template: str, plural: str | None = None, /, **values: object) -> Self:
        """Make a text; with a `plural`, the value `count` decides between the two."""
        chosen = template if plural is None or values["count"] == 1 else plural
        made = super().__new__(cls, filled(chosen, values))
        made.template, made.plural, made.values = template, plural, values
        return made

    def __reduce__(self) -> tuple[object, ...]:
        return _restored, (self.template, self.plural, dict(self.values))

    def translated(self, language: Translate) -> str:
        """Return the text in a language; what has no translation stays in English."""
        if self.plural is None:
            found = language.gettext(self.template)
        else:
            found = language.ngettext(self.template, self.plural, int(str(self.values["count"])))
        values = {
            name: value.translated(language) if isinstance(value, Text) else value
            for name, value in self.values.items()
        }
        return filled(found, values)


def _restored(template: str, plural: str | None, values: dict[str, object]) -> Text:
    return Text(template, plural, **values)


def filled(template: str, values: Mapping[str, object]) -> str:
    """Return a template with its places filled; nothing in it is evaluated, and an unknown place stays as it is."""
    if not values:
        return template

    def value(place: re.Match[str]) -> str:
        if place[1] not in values:
            return place[0]
        found = values[place[1]]
        return repr(str(found) if isinstance(found, Text) else found) if place[2] else str(found)

    return PLACE.sub(value, template)


def joined(texts: Iterable[str], separator: str = " ") -> Text:
    """Return texts as one, each of which is translated by itself."""
    named = {_letters(index): text for index, text in enumerate(texts)}
    return Text(separator.join(f"{{{name}}}" for name in named), **named)


def about(subject: str, text: str) -> Text:
    """Return what is said about a subject, such as a field."""
    return _("{subject}: {text}", subject=subject, text=text)


def _letters(index: int) -> str:
    """Return a name for a place: `a`, `b`, ..., `z`, `aa`, ..."""
    rest, letter = divmod(index, 26)
    return (_letters(rest - 1) if rest else "") + chr(ord("a") + letter)


def _(template: str, /, **values: object) -> Text:
    """Return a text for people from an English sentence with places such as `{name}` and `{name!r}`.

    Write the sentence as one literal, as translators get it from the source: no f-string, no sum of variables.
    """
    return Text(template, **values)


def ngettext(one: str, many: str, count: int, /, **values: object) -> Text:
    """Return a text about a number of things, from the sentence for one and the sentence for any other number."""
    return Text(one, many, count=count, **values)
