"""Retrying: after which pause what failed is tried again, and when it is given up."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from random import Random

PAUSES = tuple(timedelta(seconds=each) for each in (5, 30, 120, 600, 1800))
LATER = timedelta(hours=1)
JITTER = 0.2
MOST_TRIES = 77
"""Five pauses that grow and 71 hours: the last try is about 72 hours after the first."""
MOST_CRASHES = 5
"""How often a worker may end in the middle of a piece of work before that is given up."""


def pause_after(tries: int, random: Random) -> timedelta:
    """Return the pause after so many tries, a fifth more or less, so that not all come back at once."""
    pause = PAUSES[tries - 1] if tries <= len(PAUSES) else LATER
    return pause * random.uniform(1 - JITTER, 1 + JITTER)
