"""Provenance: links between records, and the way back along them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa
from attrs import frozen

from crmkit.core.declare.names import check_name
from crmkit.core.declare.values import Ref, ref_class
from crmkit.core.lifecycle.access import within
from crmkit.core.lifecycle.ledger import LINK
from crmkit.errors import AccessDeniedError, NotFoundError

if TYPE_CHECKING:
    from datetime import datetime

    from crmkit.core.declare.records import Record
    from crmkit.core.lifecycle.session import Session

FARTHEST = 1000


@frozen(kw_only=True)
class Link:
    """One link: `source` became, was converted to, or led to `target`, at a moment in UTC."""

    source: Ref[object]
    kind: str
    target: Ref[object]
    at: datetime


def link(session: Session, source: Record, kind: str, target: Record) -> Link:
    """Write a link unless it is there already.

    Raises:
        NotFoundError: if the actor sees one of the two records not.
        AccessDeniedError: if the actor may change neither of them.
        DeclarationError: if the kind is no name.
    """
    check_name(kind, "link")
    session.unit.check_writable()
    for each in (source, target):
        if each.id not in session.readable_ids(each.__crmkit_entity__.name, [each.id]):
            raise NotFoundError(entity=each.__crmkit_entity__.name, id=each.id)
    if not any(within(session, each.__crmkit_entity__.name, [each.id], "update") for each in (source, target)):
        entity = target.__crmkit_entity__.name
        raise AccessDeniedError(action="link", entity=entity, actor=session.principal.name)
    table, made = session.tables.system.link, Link(source=source.ref, kind=kind, target=target.ref, at=session.unit.now)
    exists = sa.select(table.c.at).where(
        table.c.source_entity == made.source.entity,
        table.c.source_id == int(made.source),
        table.c.kind == kind,
        table.c.target_entity == made.target.entity,
        table.c.target_id == int(made.target),
    )
    found = session.unit.connection.execute(exists).scalar_one_or_none()
    if found is not None:
        return Link(source=made.source, kind=kind, target=made.target, at=found)
    links, statement = session.statements.link
    with session.unit.writing():
        ends = (made.source.entity, int(made.source), kind, made.target.entity, int(made.target))
        row = links.convert_row(LINK, (*ends, made.at, session.principal.user))
        session.unit.execute(statement, row)
    return made


def trace(session: Session, record: Record) -> list[Link]:
    """Return the links to a record, nearest first, each predecessor once; those the actor doesn't see are left out.

    What lies behind an unseen predecessor is left out with it.

    Raises:
        NotFoundError: if the actor doesn't see the record.
    """
    entity = session.model.entity(record)
    if not session.by_id(entity, [record.id]):
        raise NotFoundError(entity=entity.name, id=record.id)
    reached = {record.ref}
    frontier = [record.ref]
    found: list[Link] = []
    while frontier and len(found) < FARTHEST:
        links = [each for each in links_to(session, frontier) if each.source not in reached]
        seen = readable(session, {each.source for each in links})
        frontier = []
        for each in links:
            if each.source in seen:
                found.append(each)
            if each.source in seen and each.source not in reached:
                reached.add(each.source)
                frontier.append(each.source)
    return found


def links_to(session: Session, targets: list[Ref[object]]) -> list[Link]:
    """Return the links whose target is one of these records, in one statement."""
    table = session.tables.system.link
    wanted: dict[str, list[int]] = {}
    for target in targets:
        wanted.setdefault(target.entity, []).append(int(target))
    conditions = [(table.c.target_entity == name) & table.c.target_id.in_(ids) for name, ids in wanted.items()]
    query = sa.select(table).where(sa.or_(*conditions)).order_by(table.c.id)
    return [
        Link(
            source=ref_class(row.source_entity)(row.source_id),
            kind=row.kind,
            target=ref_class(row.target_entity)(row.target_id),
            at=row.at,
        )
        for row in session.unit.connection.execute(query)
    ]


def readable(session: Session, refs: set[Ref[object]]) -> set[Ref[object]]:
    """Return those of the references whose records the actor sees."""
    wanted: dict[str, list[int]] = {}
    for ref in refs:
        wanted.setdefault(ref.entity, []).append(int(ref))
    return {ref_class(name)(each) for name, ids in wanted.items() for each in session.readable_ids(name, ids)}
