"""By hand: who gave a ruled field its value, noted when a command gives it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crmkit.core.declare.levels import HAND, RULE

if TYPE_CHECKING:
    from crmkit.core.lifecycle.drafts import Draft
    from crmkit.core.lifecycle.session import Session


def note_hand(session: Session, draft: Draft) -> None:
    """Note, of a value that a command gives to a ruled field, that it was given by hand, or is taken off again.

    A value that the record has already is none that is given.
    """
    for field, rules in session.model.level_rules.get(draft.entity.name, {}).items():
        by = rules[0].by
        if draft.sets(field) and not draft.sets(by):
            value = draft.values[field]
            if draft.record is None or dict(draft.record.items()).get(field) != value:
                draft.values[by] = RULE if value is None else HAND
