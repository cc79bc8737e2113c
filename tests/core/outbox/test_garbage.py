"""Garbage: a worker of crmkit's own collects it less often, and leaves the process as it was."""

from __future__ import annotations

import gc

from crmkit.core.outbox.garbage import AT_ONCE, rare_collections


def test_garbage_is_collected_less_often_for_a_while() -> None:
    """Inside, more objects may gather and those that were there are left out; afterwards all is as before."""
    before = gc.get_threshold()
    with rare_collections():
        assert gc.get_threshold() == (AT_ONCE, *before[1:])
        assert gc.get_freeze_count() > 0
    assert gc.get_threshold() == before
    assert gc.get_freeze_count() == 0
