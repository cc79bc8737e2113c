"""Parsing: the components of an iCalendar file, each with what of it can't be read."""

from __future__ import annotations

import warnings
from threading import Lock
from typing import Any

from icalendar import Component
from icalendar.cal.component_factory import ComponentFactory
from icalendar.parser.ical.component import ComponentIcalParser
from icalendar.timezone import tzp

PARSING = Lock()
"""Held while a file is parsed, as the parser's memory of time zones is one for all."""
ZONES = frozenset({"VTIMEZONE", "STANDARD", "DAYLIGHT"})
"""Components that are read whole or not at all: half of one would be another time zone."""


class Parser(ComponentIcalParser):
    """Notes what can't be read with its component (`errors`), as the library itself does it for VEVENTs alone."""

    def handle_begin_component(self, vals: str) -> None:
        """Begin a component."""
        super().handle_begin_component(vals)
        assert self.component is not None
        self.component.ignore_exceptions = self.component.name not in ZONES  # type: ignore[misc]  # of this one alone


def parse(data: bytes) -> list[Any]:
    """Return the components of a file.

    The parser remembers the time zones that files define, for all files to come. So it is made to forget them first;
    and where a file defines its zones behind the events that are in them, it reads the file twice.
    """
    with PARSING, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of zones with a vendor's prefix, whose names are guessed rightly
        tzp.use_default()
        if 0 <= data.find(b"BEGIN:VEVENT") < data.rfind(b"BEGIN:VTIMEZONE"):
            Parser(data, ComponentFactory(), Component.types_factory).parse()
        return list(Parser(data, ComponentFactory(), Component.types_factory).parse())
