"""Search: every word must be found in some searchable field, whatever its case and width, on every database alike."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

import sqlalchemy as sa
from attrs import frozen

from crmkit.core.declare.kinds import PhoneKind, search_key
from crmkit.core.reading.filters.sql import ESCAPE, pattern
from crmkit.core.storage.extra import stored
from crmkit.errors import InvalidValue
from crmkit.translation import _

if TYPE_CHECKING:
    from collections.abc import Sequence

    from crmkit.core.assemble.model import EntityModel, FieldModel
    from crmkit.core.reading.context import ReadContext

LONGEST = 1_000
MOST_WORDS = 20
FEWEST_DIGITS = 3
WHOLE_NUMBER = 6
"""From so many digits on, zeros before them are taken for what is dialled first, and stored numbers don't have."""
FORBIDDEN = re.compile("[\x00-\x08\x0e-\x1b\x7f\ud800-\udfff]")
PHONE_LIKE = re.compile(r"\+?[\d\s().\-/]+\Z")
TRUNK_ZERO = "(0)"


@frozen(kw_only=True)
class Search:
    """What is looked for.

    Attributes:
        words: the search keys of the words; all of them must be found.
        digits: for each word the digits to find in telephone numbers, or None if it is no part of one.
        number: the digits of the whole text, if it is a telephone number in several words.
    """

    words: tuple[str, ...]
    digits: tuple[str | None, ...]
    number: str | None

    @property
    def signature(self) -> object:
        """Equal for two searches if the same SQL serves both."""
        return tuple(each is not None for each in self.digits), self.number is not None

    @property
    def parameters(self) -> dict[str, object]:
        """The patterns, by the names that the condition gives them."""
        found: dict[str, object] = {f"word_{index}": pattern(word) for index, word in enumerate(self.words)}
        numbers = {f"digits_{index}": f"%{each}%" for index, each in enumerate(self.digits) if each}
        return found | numbers | ({"number": f"%{self.number}%"} if self.number else {})

    def clause(self, entity: EntityModel, table: sa.FromClause, context: ReadContext) -> sa.ColumnElement[bool]:
        """Return the condition on a table's rows; fields that the actor may not see are not looked into."""
        fields = [field for field in entity.searched if field.key_column and context.sees(entity, field)]
        found = sa.and_(*(self._word(index, fields, table) for index in range(len(self.words))))
        if self.number is None:
            return found
        return sa.or_(found, _any_like([each for each in fields if _is_phone(each)], table, "number"))

    def _word(self, index: int, fields: Sequence[FieldModel], table: sa.FromClause) -> sa.ColumnElement[bool]:
        texts = [field for field in fields if not _is_phone(field)]
        found = _any_like(texts, table, f"word_{index}")
        if self.digits[index] is None:
            return found
        return sa.or_(found, _any_like([field for field in fields if _is_phone(field)], table, f"digits_{index}"))


def read_search(text: str | None) -> Search | None:
    """Return what a text looks for; None if it is empty.

    Raises:
        InvalidValue: if it is longer than 1,000 characters, has more than 20 words, or holds control characters.
    """
    if text is None:
        return None
    if len(text) > LONGEST:
        raise InvalidValue(_("A search has at most {longest} characters.", longest=LONGEST))
    if found := FORBIDDEN.search(text):
        raise InvalidValue(_("The character U+{ord} can't be searched for.", ord=f"{ord(found.group()):04X}"))
    words = tuple(search_key(text).split())
    if len(words) > MOST_WORDS:
        raise InvalidValue(_("A search has at most {most_words} words.", most_words=MOST_WORDS))
    number = _digits(text) if len(words) > 1 else None
    return Search(words=words, digits=tuple(map(_digits, words)), number=number) if words else None


def _digits(text: str) -> str | None:
    """Return the digits of what may be a part of a telephone number, without the zeros dialled before it."""
    text = unicodedata.normalize("NFKC", text).strip()
    if not PHONE_LIKE.match(text):
        return None
    digits = "".join(sign for sign in text.replace(TRUNK_ZERO, "") if sign.isdigit())
    dialled = digits.lstrip("0")
    if len(dialled) >= WHOLE_NUMBER:
        return dialled
    return digits if len(digits) >= FEWEST_DIGITS else None


def _is_phone(field: FieldModel) -> bool:
    return isinstance(field.kind, PhoneKind)


def _any_like(fields: Sequence[FieldModel], table: sa.FromClause, name: str) -> sa.ColumnElement[bool]:
    columns = [stored(table, field, str(field.key_column)) for field in fields]
    return sa.or_(sa.false(), *(each.like(sa.bindparam(name, type_=sa.Text()), escape=ESCAPE) for each in columns))
