"""What every kind of field can do, and the key by which texts are searched and compared."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING, ClassVar

from attrs import frozen

if TYPE_CHECKING:
    from collections.abc import Mapping

    from crmkit.core.declare.conventions import Conventions


def search_key(text: str) -> str:
    """Return the text as it is searched and compared for uniqueness: NFKC, casefolded, white space folded.

    Computed here and not by the database, so that every database finds the same (Unicode TR 15, compatibility forms).
    """
    if not text.isascii():
        text = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    return " ".join(text.casefold().split())


@frozen(kw_only=True)
class Part:
    """One database column of a field: the suffix to the field's name, and the column's type.

    Types are `text`, `integer` (64 bits), `boolean`, `date` and `datetime` (UTC).
    """

    suffix: str = ""
    type: str = "text"
    length: int | None = None


@frozen(kw_only=True)
class Kind:
    """A kind of field. Subclasses are values: two equal kinds store and mean the same.

    A value is `None` or what `parse` returns. `parse` takes Python values as well as the text and JSON forms that
    `to_text` and `to_json` give, so what goes out comes in again unchanged.
    """

    name: ClassVar[str] = ""
    widget: ClassVar[str] = "text"
    parts: ClassVar[tuple[Part, ...]] = (Part(),)
    is_plain: ClassVar[bool] = True
    """Whether the value is stored as it is, so that `dump` and `load` need not be called."""
    is_json: ClassVar[bool] = False
    """Whether the value is its own JSON form, so that `to_json` need not be called."""
    is_sortable: ClassVar[bool] = True

    def parse(self, value: object, conventions: Conventions) -> object:
        """Return the value in its proper form.

        Raises:
            InvalidValue: saying why it doesn't fit and what would.
        """
        raise TypeError(self, value, conventions)

    def dump(self, value: object) -> tuple[object, ...]:
        """Return what the columns of `parts` hold for a value other than None."""
        return (value,)

    def load(self, *raw: object) -> object:
        """Return the value that `dump` stored."""
        return raw[0]

    def to_text(self, value: object) -> str:
        """Return the canonical text of a value, as exports write it."""
        return str(value)

    def to_json(self, value: object) -> object:
        """Return the value as JSON."""
        return value if self.is_json else self.to_text(value)

    def format(self, value: object, conventions: Conventions) -> str:
        """Return the value as a person of the locale reads it."""
        del conventions
        return self.to_text(value)

    def key(self, value: object) -> str | None:
        """Return the key by which the value is searched and compared for uniqueness."""
        return search_key(self.to_text(value))

    def json_schema(self) -> Mapping[str, object]:
        """Return the JSON schema (2020-12) of the value's JSON form."""
        return {"type": "string"}
