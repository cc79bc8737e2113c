"""Reach: what whoever writes a rule may do with all records of an entity, as rules are about those of others, too."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crmkit.translation import _
from crmkit_workflow.conditions import is_usable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from crmkit import EntityModel, Record, Session
    from crmkit.core.declare.access import Action
    from crmkit.core.lifecycle.drafts import Draft

ACTIVE = "active"
QUIET = frozenset({"name", "position", "timed_at", ACTIVE})
"""Which fields of a rule change nothing about what it does, or switch it off."""


def may_read_all(session: Session, entity: EntityModel) -> bool:
    """Return whether the session's actor may read every record of an entity, but for those that are marked private."""
    return may_with_all(session, entity, "read")


def may_with_all(session: Session, entity: EntityModel, action: Action) -> bool:
    """Return whether the session's actor may do something with every record of an entity.

    With parts of records it may do what it may do with the wholes.
    """
    principal = session.principal
    if principal.reaches_all:
        return True
    if entity.name in session.model.raising and action != "read":
        return "all" in principal.levels(session.model.entities["user"], "update")
    if entity.whole is not None:
        wanted: Action = "read" if action == "read" else "update"
        return all(may_with_all(session, each, wanted) for each in wholes_of(session, entity))
    return "all" in principal.levels(entity, action) and not principal.restrictions(entity)


def wholes_of(session: Session, entity: EntityModel) -> Iterator[EntityModel]:
    """Yield the entities of whose records those of an entity are parts: one, or all that somebody can own."""
    target = entity.whole.target if entity.whole is not None else None
    if target is not None:
        yield session.model.entities[target]
        return
    for each in session.model.entities.values():
        if each.owner is not None and each.whole is None and not each.declared.private:
            yield each


def is_private(record: Record, entity: EntityModel) -> bool:
    """Return whether a record is its owner's alone, as a memo may be: no rule is for it."""
    mark = entity.private_mark
    return mark is not None and bool(getattr(record, mark.name))


def does_no_more(draft: Draft) -> bool:
    """Return whether a rule stays as it is but for its name and place, or is switched off: that can always be done.

    Its plugin may be gone, and it may speak of what whoever switches it off doesn't see.
    """
    given = draft.values.keys()
    return draft.record is not None and given <= QUIET and (ACTIVE not in given or not draft.get(ACTIVE))


def asks_for_hidden(session: Session, entity: EntityModel, *conditions: object) -> bool:
    """Return whether any of some conditions can be asked by the system, but not by the session's actor."""
    return any(
        is_usable(session.elevated, entity, str(each)) and not is_usable(session, entity, str(each))
        for each in conditions
        if each
    )


def check_author(session: Session, draft: Draft, entity: EntityModel, *fields: str) -> None:
    """Refuse a rule by somebody who may not see all records, or doesn't see what conditions that stay ask for."""
    acting = session.acting
    if not may_read_all(acting, entity):
        draft.refuse("entity", _("It is for those who may see all records of {entity}.", entity=entity.name))
    elif draft.record is not None:
        kept = (draft.get(each) for each in fields if not draft.sets(each))
        if asks_for_hidden(acting, entity, *kept):
            draft.refuse("name", _("You may not do all that the rule does."))


def check_part(session: Session, draft: Draft, entity: EntityModel, *conditions: object) -> None:
    """Refuse a part of a rule by somebody who may not see all that the rule, and what stays of the part, asks for."""
    acting = session.acting
    if not may_read_all(acting, entity) or asks_for_hidden(acting, entity, *conditions):
        draft.refuse("rule", _("The rule asks for what you may not see."))
