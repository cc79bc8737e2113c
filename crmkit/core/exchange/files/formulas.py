"""Texts that a spreadsheet program would run as formulas are made harmless, and restored when they are read again.

The scheme: a text gets one apostrophe in front if, behind any apostrophes that it has already, it is empty, or starts
like a formula. Reading takes one apostrophe off if what follows is such a text. As a text with one more apostrophe is
such a text exactly if it was one before, `restore(neutralise(text)) == text` for every text, and no text that was left
alone is changed by reading. The empty text becomes a lone apostrophe, which tells it from an empty cell.

A formula starts with one of ``= + - @ | %``, tab or carriage return, or a wide, small, raised or lowered form of these,
possibly behind control characters, spaces and invisible characters.
"""

from __future__ import annotations

import re

_INVISIBLE = r"\x00-\x20\x7f-\xa0\xad\u1680\u180e\u2000-\u200f\u2028-\u202f\u205f-\u206f\u3000\ufeff\ufff9-\ufffb"
_ASCII_STARTERS = r"=+\-@|%\t\r"
_OTHER_STARTERS = r"\u207a-\u207c\u208a-\u208c\u2212\ufe62\ufe63\ufe66\ufe6a\ufe6b\uff05\uff0b\uff0d\uff1d\uff20\uff5c"
_NEEDS_APOSTROPHE = re.compile(rf"'*(?:\Z|[{_INVISIBLE}]*[{_ASCII_STARTERS}{_OTHER_STARTERS}])")

PLAIN_NUMBER = re.compile(r"[+-]?[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")
"""What may stand in a numeric column without being made harmless (matched in full)."""


def neutralise(text: str) -> str:
    """Put an apostrophe before a text that a spreadsheet program might run."""
    return "'" + text if _NEEDS_APOSTROPHE.match(text) else text


def restore(text: str) -> str:
    """Undo `neutralise`."""
    return text[1:] if text[:1] == "'" and _NEEDS_APOSTROPHE.match(text, 1) else text
