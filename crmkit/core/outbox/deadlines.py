"""Deadlines: what takes too long is cut off, where Python can do so: in the main thread of a program."""

from __future__ import annotations

import signal
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

from crmkit.translation import _

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import timedelta
    from types import FrameType


class OverdueError(BaseException):
    """Work took longer than its deadline. No `Exception`, so that no handler takes it for a failure of its own."""


@contextmanager
def deadline(allowed: timedelta) -> Iterator[None]:
    """Raise `OverdueError` in what is inside when it takes longer than allowed.

    In another thread than the main one, or on a system without such timers, nothing is cut off: then the lease ends,
    others may take the work, and what comes late changes nothing.
    """
    if threading.current_thread() is not threading.main_thread() or not hasattr(signal, "setitimer"):
        yield
        return

    def ring(_number: int, _frame: FrameType | None) -> None:
        raise OverdueError(_("It took longer than {seconds} seconds.", seconds=f"{allowed.total_seconds():g}"))

    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, allowed.total_seconds())
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
