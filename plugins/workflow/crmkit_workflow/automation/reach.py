"""Reach: what whoever writes a rule may do with all records of an entity, as rules are about those of others, too."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from crmkit import EntityModel, Record, Session
    from crmkit.core.declare.access import Action


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
