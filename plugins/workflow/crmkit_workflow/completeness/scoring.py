"""Scoring: the score is set with the values that it rests on, in the same write."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crmkit.translation import _
from crmkit_workflow.completeness.entities import COMPLETENESS, HUNDRED, JOB, CompletenessWeight, is_scored

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from crmkit import Batch, Change, Session
    from crmkit.core.lifecycle.drafts import Draft


def check(session: Session, drafts: Batch[Draft]) -> None:
    """Refuse weights of what isn't scored or no field, and those by who may not change every weight."""
    principal = session.principal
    for draft in drafts.of(CompletenessWeight):
        if principal.user is not None and "all" not in principal.rights.levels(drafts.entity, "update"):
            draft.refuse("field", _("Weights are set by those who may change all of them."))
        entity = session.model.entities.get(str(draft.get("entity")))
        if entity is None or not is_scored(entity):
            known = ", ".join(each.name for each in session.model.entities.values() if is_scored(each))
            name = draft.get("entity")
            draft.refuse("entity", _("{name!r} has no score. There are: {known}.", name=name, known=known))
        elif draft.get("field") not in entity.writable or draft.get("field") == COMPLETENESS:
            draft.refuse("field", _("{entity} has no field {name!r}.", entity=entity.name, name=draft.get("field")))


def weights_of(session: Session, entity: str) -> dict[str, int]:
    """Return the weights of an entity's fields, in one statement; those of fields that are gone count for nothing."""
    known = session.model.entities[entity].writable
    rows = session.elevated.rows(CompletenessWeight, ["field", "weight"], {"entity": entity})
    return {str(field): int(str(weight)) for field, weight in rows if field in known}


def score(weights: Mapping[str, int], value_of: Callable[[str], object]) -> int | None:
    """Return the score by the values that a record has, rounded down; None if nothing has a weight."""
    if not weights:
        return None
    known = sum(weight for field, weight in weights.items() if value_of(field) is not None)
    return HUNDRED * known // sum(weights.values())


def fill(session: Session, drafts: Batch[Draft]) -> None:
    """Give drafts the score that they will have."""
    if not is_scored(drafts.entity) or not len(drafts):
        return
    weights = weights_of(session, drafts.entity.name)
    for draft in drafts:
        if weights and (draft.record is None or draft.sets(*weights)):
            draft.set(COMPLETENESS, score(weights, draft.get))


def settle(session: Session, changes: Batch[Change]) -> None:
    """Correct the scores of records to which somebody gave further values after `fill`."""
    if not is_scored(changes.entity) or not any(each.changed for each in changes):
        return
    weights = weights_of(session, changes.entity.name)
    wrong = []
    for change in changes:
        if weights.keys().isdisjoint(change.changed):
            continue
        values = dict(change.after.items())
        found = score(weights, values.get)
        if values.get(COMPLETENESS) != found:
            wrong.append((change.after, {COMPLETENESS: found}))
    session.update_many(wrong)


def ask_again(session: Session, changes: Batch[Change]) -> None:
    """Have all records of an entity scored anew whose weights have changed."""
    named = {
        str(dict(each.items())["entity"])
        for change in changes.of(CompletenessWeight)
        for each in (change.before, change.after)
        if each is not None
    }
    for entity in sorted(named):
        session.enqueue(JOB, entity=entity)
