"""Links: addresses of documents that belong to an event. They are kept as texts, and nothing is ever fetched."""

from __future__ import annotations

import re

from crmkit.errors import InvalidValue
from crmkit.translation import _
from crmkit_activities.events.timing import lines

ADDRESS = re.compile(r"(?:https?|ftps?)://[^\s<>\"\\^`{|}]+", re.IGNORECASE)
MOST_LINKS, LONGEST_LINK = 50, 2_000


def read_links(text: object) -> tuple[str, ...]:
    """Return the addresses of a text, a line each.

    Raises:
        InvalidValue: if one is none, or there are too many.
    """
    found = tuple(dict.fromkeys(map(read_link, lines(text))))
    if len(found) > MOST_LINKS:
        raise InvalidValue(_("An event has at most {most} links.", most=MOST_LINKS))
    return found


def read_link(text: str) -> str:
    """Return an address of the web or of an FTP server.

    Raises:
        InvalidValue: if it is none.
    """
    if len(text) > LONGEST_LINK or not ADDRESS.fullmatch(text):
        raise InvalidValue(_("{text!r} is no address of the web; write it like https://example.org/a.", text=text[:80]))
    return text
