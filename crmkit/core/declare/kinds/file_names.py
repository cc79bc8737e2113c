"""Names of files: what is left of a name from outside. Names are shown and stored, and never lead anywhere."""

from __future__ import annotations

import re
import unicodedata

LONGEST_NAME = 120
"""In code points. Names of this length fit into 255 bytes of UTF-8 less often than not, so bytes are counted, too."""
MOST_BYTES = 255
SEPARATORS = re.compile("[/\\\\\u2044\u2215\u2216\u29f5\u29f8\u29f9\ufe68\uff0f\uff3c]")
"""Slashes and backslashes, and what looks like one."""
FORBIDDEN = re.compile(r'[<>:"|?*]')
"""What Windows allows in no name."""
UNSEEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
"""Control characters, marks of direction and width, halves of characters, and what is none: nobody sees them."""
RESERVED = re.compile(r"(con|prn|aux|nul|conin\$|conout\$|clock\$|(com|lpt)[0-9\u00b9\u00b2\u00b3])\Z", re.IGNORECASE)
"""Names that are devices on Windows, with whatever extension."""
LONGEST_EXTENSION = 16


def clean_name(given: str) -> str:
    """Return the last part of a name, without what can't be seen or isn't allowed somewhere; empty if nothing is left.

    Cleaning a clean name changes nothing. What is checked is the name that is stored.
    """
    text = "".join(" " if each in "\t\n\r" else each for each in given)
    text = "".join(each for each in unicodedata.normalize("NFC", text) if unicodedata.category(each) not in UNSEEN)
    text = FORBIDDEN.sub("_", SEPARATORS.split(text.rstrip(". "))[-1])
    text = " ".join(unicodedata.normalize("NFC", text).split()).strip(". ")
    stem, dot, extension = text.rpartition(".")
    if not dot:
        stem, extension = text, ""
    stem = shortened(stem.rstrip(". "), len(dot + extension), len((dot + extension).encode()))
    if RESERVED.match(stem.partition(".")[0].strip()):
        stem = f"_{stem}"
    return f"{stem}{dot}{extension}" if stem else ""


def shortened(stem: str, length: int, size: int) -> str:
    """Return as much of a stem as fits beside an extension of some length in code points and size in bytes."""
    stem = stem[: max(LONGEST_NAME - length, 0)]
    while len(stem.encode()) > MOST_BYTES - size - 1:
        stem = stem[:-1]
    return stem.rstrip(". ")


def extension_of(name: str) -> str:
    """Return what a clean name ends in behind its last dot, in small letters; empty if it has none."""
    found = name.rpartition(".")[2].lower() if "." in name else ""
    return found if len(found) <= LONGEST_EXTENSION and found.isascii() and found.isalnum() else ""
