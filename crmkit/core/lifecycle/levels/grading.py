"""Grading: the phase of a write in which level rules give fields their values."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crmkit.core.declare.kinds import RefKind
from crmkit.core.declare.levels import HAND, RULE
from crmkit.core.lifecycle.conditions import holds

if TYPE_CHECKING:
    from collections.abc import Sequence

    from crmkit.core.assemble.model import EntityModel
    from crmkit.core.declare.levels import LevelRule
    from crmkit.core.lifecycle.drafts import Draft
    from crmkit.core.lifecycle.session import Session


def grade(session: Session, entity: EntityModel, drafts: Sequence[Draft]) -> None:
    """Give fields the values that rules say, where nobody has given one by hand.

    Rules see all fields, whoever writes. A rule that asks about other records, or about the time, is asked again by
    `session.levels.recompute`.
    """
    for rules in session.model.level_rules.get(entity.name, {}).values():
        for draft in drafts:
            if draft.get(rules[0].by) != HAND:
                apply(session, entity, draft, rules)


def apply(session: Session, entity: EntityModel, draft: Draft, rules: Sequence[LevelRule]) -> None:
    """Give a draft the value of the first rule that holds, or none."""
    field, by = rules[0].field, rules[0].by
    found = next((rule for rule in rules if not rule.when or holds(session, entity, rule.when, draft)), None)
    value = None if found is None else value_of(session, entity, found)
    if draft.get(field) != value:
        draft.values[field] = value
    if draft.get(by) != RULE:
        draft.values[by] = RULE


def value_of(session: Session, entity: EntityModel, rule: LevelRule) -> object:
    """Return the value that a rule gives; of a category, the reference that its code stands for, if there is one."""
    kind = entity.fields[rule.field].kind
    if not isinstance(kind, RefKind):
        return kind.parse(rule.value, session.model.conventions)
    known = {"entity": entity.name, "code": rule.value}
    found = session.elevated.rows(session.model.entities["category"].record_class, ["id"], known, limit=1)
    return kind.parse(found[0][0], session.model.conventions) if found else None
