"""Terms: the active rules, read once in a transaction, by entity and by what has to happen."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crmkit.core.lifecycle.remembering import forget, remembered
from crmkit_workflow.automation.entities import SCHEDULE, AutomationRule

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from crmkit import Batch, Change, Session

KEY = "workflow automation rules"


def rules_by_entity(session: Session) -> Mapping[str, Sequence[AutomationRule]]:
    """Return the active rules for what happens, in their order; entities without any are not in it."""
    return remembered(session, KEY, lambda: read_all(session))


def read_all(session: Session) -> Mapping[str, Sequence[AutomationRule]]:
    """Read the rules."""
    found: dict[str, list[AutomationRule]] = {}
    where = f"active and when != '{SCHEDULE}'"
    for each in session.elevated.find(AutomationRule, where, order="position, id"):
        found.setdefault(each.entity, []).append(each)
    return found


def renew(session: Session, changes: Batch[Change]) -> None:
    """Read the rules anew after one was written."""
    if next(changes.of(AutomationRule), None) is not None:
        forget(session, KEY)
