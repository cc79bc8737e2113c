"""The reports that the core ships; each is a function in `reading.reports`, imported when it is run."""

from __future__ import annotations

REPORTS: tuple[object, ...] = ()
