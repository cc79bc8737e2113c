"""Access: the one check before every write, made with the same predicate that every read carries."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

from crmkit.core.declare.values import Ref
from crmkit.errors import AccessDeniedError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from crmkit.core.assemble.model import EntityModel
    from crmkit.core.declare.declarations import Action
    from crmkit.core.declare.records import Record
    from crmkit.core.lifecycle.drafts import Draft
    from crmkit.core.lifecycle.session import Session


def check_create(session: Session, entity: EntityModel, drafts: Sequence[Draft]) -> None:
    """Refuse to create records outside the actor's reach.

    Raises:
        AccessDeniedError: for the whole batch, if one record is out of reach.
    """
    principal = session.reacher
    if principal.reaches_all:
        return
    if entity.whole is not None:
        check_wholes(session, entity, drafts)
        return
    if not owners_in_reach(session, entity, "create", drafts):
        raise AccessDeniedError(action="create", entity=entity.name, actor=principal.name)


def check_wholes(session: Session, entity: EntityModel, drafts: Sequence[Draft]) -> None:
    """Refuse parts of records that the actor may not change."""
    name = entity.whole.name if entity.whole else ""
    wanted: dict[str, set[int]] = {}
    for draft in drafts:
        value = draft.get(name)
        if isinstance(value, Ref):
            wanted.setdefault(value.entity, set()).add(int(value))
    for target, ids in wanted.items():
        if not within(session, target, ids, "update"):
            raise AccessDeniedError(action="update", entity=target, actor=session.reacher.name)


def owners_in_reach(session: Session, entity: EntityModel, action: Action, drafts: Iterable[Draft]) -> bool:
    """Return whether the owners that the records will have are within the actor's reach."""
    principal = session.reacher
    level = principal.level(entity, action)
    if level in {"all", "none"}:
        return level == "all"
    if entity.owner is None:
        return True
    owners = {value for draft in drafts if isinstance(value := draft.get(entity.owner), int)}
    others = {int(owner) for owner in owners} - {principal.user}
    if not others or level == "own" or principal.team is None:
        return not others
    users = session.tables["user"]
    query = sa.select(sa.func.count()).where(users.c.id.in_(others), users.c.team_id == principal.team)
    return session.unit.connection.execute(query).scalar_one() == len(others)


def within(session: Session, entity: str, ids: Iterable[int], action: Action) -> bool:
    """Return whether all these records are there and within the actor's reach."""
    wanted = set(ids)
    table = session.tables[entity]
    condition = sa.and_(table.c.id.in_(wanted), table.c.deleted_at.is_(None))
    reach = session.reacher.reach(session.model.entities[entity], table, action)
    if reach is not None:
        condition &= reach
    query = sa.select(sa.func.count()).select_from(table).where(condition)
    return session.unit.connection.execute(query).scalar_one() == len(wanted)


def note_readable(session: Session, entity: EntityModel, records: Iterable[Record]) -> None:
    """Remember records just made, if the actor surely sees them, so that references to them need no look-up."""
    principal = session.principal
    if principal.reaches_all or (entity.whole is None and principal.level(entity, "read") == "all"):
        session.unit.known.update((principal.reaches_all, entity.name, record.id) for record in records)
