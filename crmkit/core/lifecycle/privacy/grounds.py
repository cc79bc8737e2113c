"""Grounds: a sensitive field is given a value only while one of its purposes holds."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

from crmkit.core.declare.values import Ref
from crmkit.translation import _

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from datetime import datetime

    from crmkit.core.assemble.model import EntityModel
    from crmkit.core.declare.purposes import Purpose
    from crmkit.core.lifecycle.drafts import Draft
    from crmkit.core.lifecycle.session import Session

MOST_STEPS = 5
"""How many records are passed on the way to a person."""


def check_grounds(session: Session, entity: EntityModel, drafts: Sequence[Draft]) -> None:
    """Refuse values of sensitive fields whose purposes rest on a consent that the person hasn't given, or withdrew."""
    grounds = session.model.grounds.get(entity.name)
    if not grounds:
        return
    for draft in drafts:
        wanted = [name for name in grounds if draft.values.get(name) is not None and rests(grounds[name])]
        if not wanted:
            continue
        own = None if draft.record is None else draft.record.ref
        persons = list(persons_of(session, entity, own, draft.get))
        for name in wanted:
            check_ground(session, draft, name, grounds[name], persons)


def rests(purposes: Iterable[Purpose]) -> bool:
    """Return whether all of these purposes rest on consent."""
    return all(each.basis == "consent" for each in purposes)


def check_ground(
    session: Session, draft: Draft, name: str, purposes: Sequence[Purpose], persons: Sequence[Ref[object]]
) -> None:
    """Refuse one value unless every person that it is about has consented to one of the purposes."""
    names = ", ".join(each.name for each in purposes)
    if not persons:
        text = _(
            "It is kept for {names}, which rests on consent. Write the record without it, record the consent, "
            "and fill it in then.",
            names=names,
        )
        draft.refuse(name, text)
    for person in persons:
        if not any(holds(session, person, each.name, session.unit.now) for each in purposes):
            text = _(
                "It is kept for {names}, which rests on consent, and {person} has given none that holds. "
                "Record it first, or leave this empty.",
                names=names,
                person=person,
            )
            draft.refuse(name, text)


def persons_of(
    session: Session, entity: EntityModel, own: Ref[object] | None, get: Callable[[str], object], steps: int = 0
) -> Iterator[Ref[object]]:
    """Yield the persons that a record is, or is a part of, or is about."""
    if entity.declared.person:
        if own is not None:
            yield own
        return
    for link in session.model.person_links:
        if link.entity.name != entity.name or link.meaning == "mentions" or steps == MOST_STEPS:
            continue
        above = get(link.field.name)
        if isinstance(above, Ref):
            target = session.model.entity(above)
            if target.declared.person:
                yield above
                continue
            record = session.elevated.by_id(target, [int(above)]).get(int(above))
            if record is not None:
                yield from persons_of(session, target, above, dict(record.items()).get, steps + 1)


def holds(session: Session, person: Ref[object], purpose: str, at: datetime) -> bool:
    """Return whether a person's consent to a purpose holds at a moment."""
    table = session.tables["consent"]
    query = sa.select(table.c.id).where(
        table.c.person_entity == person.entity,
        table.c.person_id == int(person),
        table.c.purpose == purpose,
        living(table, at),
    )
    return session.unit.connection.execute(query.limit(1)).first() is not None


def living(table: sa.Table, at: datetime) -> sa.ColumnElement[bool]:
    """Return the condition that a consent holds at a moment."""
    return sa.and_(
        table.c.deleted_at.is_(None),
        table.c.given_at <= at,
        sa.or_(table.c.withdrawn_at.is_(None), table.c.withdrawn_at > at),
        sa.or_(table.c.expires_at.is_(None), table.c.expires_at > at),
    )
