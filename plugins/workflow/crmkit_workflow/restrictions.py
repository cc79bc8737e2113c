"""Restrictions: what is kept from people whatever part they take in a pool or a queue, as until it is reviewed."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from collections.abc import Sequence

    from crmkit import EntityModel, Session


def open_to(session: Session, entity: EntityModel, where: str) -> str:
    """Return a filter, narrowed to the records that no restriction keeps from the actor."""
    return " and ".join([where, *(f"({each.where})" for each in session.principal.restrictions(entity))])


def open_among(session: Session, entity: EntityModel, ids: Sequence[int]) -> list[int]:
    """Return those of the ids whose records no restriction keeps from the actor; all of them if there is none."""
    if not session.principal.restrictions(entity):
        return list(ids)
    where, given = open_to(session, entity, "id in given.ids"), {"ids": list(ids)}
    rows = session.elevated.rows(entity.declared.declared, ["id"], where, given=given)
    return [cast("int", number) for (number,) in rows]
