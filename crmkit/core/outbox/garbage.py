"""Garbage: a worker makes many records at once and drops them again, and Python needn't look through all so often.

Counting references frees almost everything at once. What is left, cycles, is collected by going through every object
that there is: at Python's usual pace, that is up to a quarter of the time of a large batch.
"""

from __future__ import annotations

import gc
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

AT_ONCE = 10_000
"""So many more objects, instead of 700, before the youngest are looked through."""


@contextmanager
def rare_collections() -> Iterator[None]:
    """Collect garbage less often, and leave out what is there already, for a process of crmkit's own."""
    before = gc.get_threshold()
    gc.collect()
    gc.freeze()
    gc.set_threshold(AT_ONCE, *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()
