"""The business hours of calendars, each read once for a batch of clocks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crmkit.core.declare.values import ref_class
from crmkit.errors import NotFoundError

if TYPE_CHECKING:
    from crmkit import BusinessHours, Session


class HoursOf:
    """The hours of a calendar by its id; of one that is gone, those of the default."""

    def __init__(self, session: Session) -> None:
        self._calendars = session.elevated.calendars
        self._gone: set[int] = set()

    def __call__(self, calendar: int | None) -> BusinessHours:
        """Return the hours of a calendar, of the default one for None."""
        if calendar is None or calendar in self._gone:
            return self._calendars.hours()
        try:
            return self._calendars.hours(ref_class("business_calendar")(calendar))
        except NotFoundError:
            self._gone.add(calendar)
            return self._calendars.hours()
