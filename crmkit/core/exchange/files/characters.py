"""Characters that have no place in a text: NUL, control characters, lone surrogates."""

from __future__ import annotations

import re
import unicodedata

from crmkit.translation import _

# Tab, line feed and carriage return are text. Databases disagree about the rest, so it is refused at the edge.
FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff]")

_CONTROL_BYTES = bytes(set(range(0x20)) - set(b"\t\n\r"))


def may_hold_forbidden(text: str) -> bool:
    """Tell fast, for a large block of decoded text, whether to look closer."""
    encoded = text.encode("utf-8", "surrogatepass")
    # Strict decoders give no surrogates, so the control characters decide.
    return len(encoded.translate(None, _CONTROL_BYTES)) != len(encoded)


def forbidden_character(text: str) -> str | None:
    """Name the first character that has no place in a text, for a message; None if there is none."""
    found = FORBIDDEN.search(text)
    if found is None:
        return None
    character = found.group()
    sort = _("half of a surrogate pair") if unicodedata.category(character) == "Cs" else _("a control character")
    return f"U+{ord(character):04X}, {sort}" if character != "\x00" else _("U+0000, a NUL byte")
