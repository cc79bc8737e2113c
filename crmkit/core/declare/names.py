"""Names: what a name from outside may look like, and which known name is nearest to a misspelt one."""

from __future__ import annotations

import difflib
import re
from typing import TYPE_CHECKING

from crmkit.errors import DeclarationError
from crmkit.translation import Text, _

if TYPE_CHECKING:
    from collections.abc import Iterable

NAME = re.compile(r"[a-z][a-z0-9_]{0,40}\Z")


def check_name(name: str, subject: str) -> str:
    """Return the name if it may name a field, stage, plugin and so on.

    Raises:
        DeclarationError: if it doesn't match `^[a-z][a-z0-9_]{0,40}$`.
    """
    if not NAME.match(name):
        raise DeclarationError(
            subject=f"{subject} {name!r}",
            problem=_("a name begins with a small letter and holds up to 41 small letters, digits and underscores."),
        )
    return name


def nearest(name: str, known: Iterable[str]) -> str | None:
    """Return the known name that looks most like this one, if any comes close."""
    found = difflib.get_close_matches(str(name), list(known), n=1, cutoff=0.6)
    return found[0] if found else None


def snake_case(name: str) -> str:
    """Turn a class name into an entity name: `OrderLine` becomes `order_line`."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()


def as_label(name: str) -> Text:
    """Turn a name into a default label: `expected_close` becomes `Expected close`."""
    return Text(name.replace("_", " ").capitalize())


def as_text(declared: str) -> str:
    """Return what a declaration says to people as a text, so that it can be translated."""
    return declared if isinstance(declared, Text) else Text(declared)
