"""Redirects: where the ids of merged records lead."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

from crmkit.errors import MergedError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from crmkit.core.assemble.model import EntityModel
    from crmkit.core.declare.records import Record
    from crmkit.core.lifecycle.questions import Questions
    from crmkit.core.lifecycle.session import Session


LARGEST = 2**63 - 1
"""The largest id that there can be."""


def survivor_of(session: Questions, entity: str, number: int) -> int | None:
    """Return the id of the record that a merged one lives on in; None if it wasn't merged. Chains are one step long."""
    if not 0 < number <= LARGEST:
        return None
    redirect = session.tables.system.redirect
    query = sa.select(redirect.c.survivor_id).where(redirect.c.entity == entity, redirect.c.record_id == number)
    found = session.unit.connection.execute(query).scalar()
    return None if found is None else int(found)


def merged_error(session: Session, entity: EntityModel, record: Record) -> MergedError | None:
    """Return the error that says where a merged record lives on, as far as the actor sees that; None if it isn't."""
    into = survivor_of(session, entity.name, record.id)
    if into is None:
        return None
    target = into if session.readable_ids(entity.name, [into]) else None
    return MergedError(entity=entity.name, id=record.id, changed=(), version=record.version, into=target)


def lead(session: Session, entity: str, merged: Iterable[int], survivor: int, merge: int) -> None:
    """Let the ids of merged records, and those that led to them, lead to the survivor."""
    redirect, connection = session.tables.system.redirect, session.unit.connection
    ids = list(merged)
    passing = redirect.update().where(redirect.c.entity == entity, redirect.c.survivor_id.in_(ids))
    connection.execute(passing.values(survivor_id=survivor))
    rows = [{"entity": entity, "record_id": each, "survivor_id": survivor, "merge_id": merge} for each in ids]
    connection.execute(redirect.insert(), rows)


def forget(session: Session, entity: str, merge: int, own: dict[int, list[int]]) -> None:
    """Take back the redirects of a merge; ids that led to its records before (`own`) lead to them again."""
    redirect, connection = session.tables.system.redirect, session.unit.connection
    connection.execute(redirect.delete().where(redirect.c.entity == entity, redirect.c.merge_id == merge))
    for record, earlier in own.items():
        back = redirect.update().where(redirect.c.entity == entity, redirect.c.record_id.in_(earlier))
        connection.execute(back.values(survivor_id=record))


def leading_to(session: Session, entity: str, records: Iterable[int]) -> dict[int, list[int]]:
    """Return the ids that lead to each of some records."""
    redirect = session.tables.system.redirect
    query = sa.select(redirect.c.survivor_id, redirect.c.record_id)
    query = query.where(redirect.c.entity == entity, redirect.c.survivor_id.in_(list(records)))
    found: dict[int, list[int]] = {}
    for survivor, record in session.unit.connection.execute(query):
        found.setdefault(survivor, []).append(record)
    return found
