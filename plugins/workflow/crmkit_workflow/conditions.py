"""Conditions of rules that are data: checked when they are written, and asked about many records in one statement."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from crmkit.errors import FilterError
from crmkit.translation import _

if TYPE_CHECKING:
    from collections.abc import Iterable

    from crmkit import EntityModel, Session
    from crmkit.core.lifecycle.drafts import Draft

LONGEST_CONDITION = 2_000
AT_ONCE = 1_000
Met = dict[int, frozenset[str]]
"""The conditions that each record meets, by its id."""


def check(session: Session, draft: Draft, entity: EntityModel, *fields: str) -> None:
    """Refuse conditions that can't be asked of an entity's records, or ask for what whoever writes them may not see.

    They are asked with system reach later on: what a hidden field holds could be read off what a rule does. A condition
    that isn't given anew stays, so that who sees less, or comes after a plugin has gone, can still change the rest.
    """
    for name in fields:
        text = draft.get(name)
        if text and draft.sets(name):
            try:
                session.acting.reader.selection(entity, str(text), {})
            except FilterError as error:
                draft.refuse(name, str(error))


def check_entity(session: Session, draft: Draft, field: str = "entity") -> EntityModel | None:
    """Return the entity that a draft names; refuse a name that no entity has."""
    name = draft.get(field)
    if name is None:
        return None
    found = session.model.entities.get(str(name))
    if found is None:
        draft.refuse(field, _("There is no entity {name}.", name=name))
    return found


def refuse_unless_for_all(session: Session, draft: Draft) -> None:
    """Refuse rules, and parts of them, by those who may not write all of them: rules are about what others own."""
    principal, entity = session.principal, draft.entity
    rule = entity if entity.whole is None else session.model.entities[str(entity.whole.target)]
    if principal.user is not None and "all" not in principal.rights.levels(rule, "create"):
        draft.refuse(entity.declared.title, _("Rules are for those who may write all of them."))


def ask(session: Session, entity: EntityModel, ids: Iterable[int], conditions: Iterable[str]) -> Met:
    """Return which conditions records meet, in one statement for a thousand of them, with system reach.

    A condition that can't be asked any more, as a field is gone with its plugin, is met by nobody.
    """
    asked, wanted = sorted(set(conditions)), list(ids)
    found: Met = {each: frozenset() for each in wanted}
    for start in range(0, len(wanted), AT_ONCE) if asked else ():
        some = wanted[start : start + AT_ONCE]
        try:
            found |= measured(session, entity, some, asked)
        except FilterError:
            usable = [each for each in asked if is_usable(session.elevated, entity, each)]
            found |= measured(session, entity, some, usable) if usable else {}
    return found


def measured(session: Session, entity: EntityModel, ids: list[int], conditions: list[str]) -> Met:
    """Count for each record whether it meets each condition."""
    rows = session.elevated.aggregate(
        entity.name,
        by=["id"],
        measures={f"c{number}": f"count(({each}))" for number, each in enumerate(conditions)},
        where="id in given.ids",
        given={"ids": ids},
    )
    return {
        int(cast("int", number)): frozenset(each for each, count in zip(conditions, counts, strict=True) if count)
        for number, *counts in rows
    }


def is_usable(session: Session, entity: EntityModel, condition: str) -> bool:
    """Return whether a condition can be asked with the session's reach."""
    try:
        session.reader.selection(entity, condition, {})
    except FilterError:
        return False
    return True
