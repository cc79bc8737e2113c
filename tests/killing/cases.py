"""What workers do once, also if they are killed while they do it. A further case is one more module, listed here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crmkit.testing.plugins import make_plugin
from tests.killing import handovers, reminders, rules, tickets

if TYPE_CHECKING:
    from collections.abc import Callable

    from crmkit import Batch, Change, Session
    from tests.killing.case import Case

CASES: tuple[Case, ...] = (reminders.CASE, tickets.CASE, handovers.CASE, rules.CASE)
EVERYBODY = ("ann", "bo", "li")
"""Users who are there in every case: Li is the manager of Bo."""


def plugins(done: Callable[[], None]) -> list[object]:
    """Return what all cases need, and a plugin that calls a function in the middle of what workers do."""
    marks = frozenset().union(*(each.marks for each in CASES))

    def after_create(session: Session, changes: Batch[Change]) -> None:
        if changes.entity.name in marks and session.acting.actor_ref is None:
            done()

    needed = [plugin for case in CASES for plugin in case.plugins()]
    names = dict.fromkeys(each for each in needed if isinstance(each, str))
    return [
        *names,
        *(each for each in needed if not isinstance(each, str)),
        make_plugin("halfway", after_create=after_create),
    ]
