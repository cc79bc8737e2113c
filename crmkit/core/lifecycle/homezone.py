"""The home time zone: which day it is there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crmkit.core.declare.kinds.times import zone

if TYPE_CHECKING:
    from datetime import date, datetime


def day_of(moment: datetime, time_zone: str) -> date:
    """Return the day of a moment in a time zone (IANA name)."""
    return moment.astimezone(zone(time_zone)).date()
