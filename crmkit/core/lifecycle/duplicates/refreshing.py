"""Refreshing: keys made anew for all records of an entity whose rules are not those that they were made by."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import sqlalchemy as sa

from crmkit.core.lifecycle.duplicates.keys import follow
from crmkit.translation import ngettext

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from crmkit.core.assemble.model import Model
    from crmkit.core.lifecycle.session import Session

FORMS_VERSION = 1
"""Raised when values are brought into another form than before, so that keys are made anew."""
AT_ONCE = 1000


def digests(model: Model) -> Mapping[str, str]:
    """Return a digest of the keys of every entity that has duplicate rules."""
    return {
        entity: hashlib.sha256(repr((FORMS_VERSION, [rule.keys for rule in rules])).encode()).hexdigest()
        for entity, rules in model.duplicate_rules.items()
    }


def refresh(open_session: Callable[[], Session]) -> Iterator[str]:
    """Make keys anew where rules have changed since, and yield what was done, a line each."""
    with open_session() as session:
        if stale(session):
            session.serialise("duplicate_rule")
            for entity, digest in stale(session).items():
                count = make_anew(session, entity, digest)
                if count:
                    yield ngettext(
                        "make the keys of {count} record of {entity} anew",
                        "make the keys of {count} records of {entity} anew",
                        count,
                        entity=entity,
                    )


def stale(session: Session) -> dict[str, str]:
    """Return the digests of the entities whose keys were made by other rules, or not yet."""
    table = session.tables.system.duplicate_rule
    known = {row.entity: row.digest for row in session.unit.connection.execute(sa.select(table))}
    wanted = digests(session.model)
    return {entity: digest for entity, digest in wanted.items() if known.get(entity) != digest}


def make_anew(session: Session, name: str, digest: str) -> int:
    """Make the keys of all records of an entity, and return how many records those are."""
    entity, connection = session.model.entities[name], session.unit.connection
    system = session.tables.system
    session.unit.check_writable()
    connection.execute(system.duplicate_key.delete().where(system.duplicate_key.c.entity == name))
    table, last, count = session.tables[name], 0, 0
    while True:
        ids = sa.select(table.c.id).where(table.c.id > last, table.c.deleted_at.is_(None)).order_by(table.c.id)
        found = connection.execute(ids.limit(AT_ONCE)).scalars().all()
        if not found:
            break
        follow(session, entity, session.by_id(entity, found).values(), new=True)
        last, count = found[-1], count + len(found)
    connection.execute(system.duplicate_rule.delete().where(system.duplicate_rule.c.entity == name))
    connection.execute(system.duplicate_rule.insert().values(entity=name, digest=digest))
    return count
