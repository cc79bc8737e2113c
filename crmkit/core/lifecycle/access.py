"""Access: the one check before every write, made with the same predicate that every read carries."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

from crmkit.core.declare.values import Ref
from crmkit.core.reading.reader import IDS_AT_ONCE
from crmkit.errors import AccessDeniedError
from crmkit.translation import _

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from crmkit.core.assemble.model import EntityModel
    from crmkit.core.declare.access import Action
    from crmkit.core.declare.records import Record
    from crmkit.core.lifecycle.drafts import Draft
    from crmkit.core.lifecycle.session import Session

RAISING = ("roles", "team", "manager", "external_id", "active")
"""The fields of a user on which rights depend: only who may change every user may change them."""


def check_create(session: Session, entity: EntityModel, drafts: Sequence[Draft]) -> None:
    """Refuse to create records outside the actor's reach.

    Raises:
        AccessDeniedError: for the whole batch, if one record is out of reach.
    """
    principal = session.reacher
    if principal.reaches_all:
        return
    check_raising(session, entity, "create")
    if entity.whole is not None:
        check_wholes(session, entity, drafts)
        return
    raising = entity.name == "user" and any(draft.get("roles") for draft in drafts)
    if (raising and "all" not in principal.levels(entity, "create")) or not owners_in_reach(session, entity, drafts):
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


def owners_in_reach(session: Session, entity: EntityModel, drafts: Iterable[Draft]) -> bool:
    """Return whether the actor may create records for the owners that they will have."""
    principal = session.reacher
    levels = principal.levels(entity, "create")
    if entity.owner is None or "all" in levels or not levels:
        return bool(levels)
    owners = {value for draft in drafts if isinstance(value := draft.get(entity.owner), int)}
    others = {int(owner) for owner in owners} - {principal.user}
    if not others:
        return True
    users = session.tables["user"]
    reached = principal.belonging.owners(users, levels)
    query = sa.select(sa.func.count()).select_from(users).where(users.c.id.in_(others), reached)
    return session.unit.connection.execute(query).scalar_one() == len(others)


def actions_of(entity: EntityModel, draft: Draft, action: str) -> tuple[Action, ...]:
    """Return what the actor must be allowed to do with a record to write a draft: all of it at once."""
    if action == "delete":
        return ("delete",)
    changed: Action = "move" if action == "move" else "update"
    if entity.owner is None or not draft.sets(entity.owner):
        return (changed,)
    return ("transfer",) if set(draft.values) == {entity.owner} else (changed, "transfer")


def check_handover(session: Session, entity: EntityModel, drafts: Sequence[Draft]) -> None:
    """Refuse to make a record part of one that the actor may not change, and to raise one's own rights.

    Raises:
        AccessDeniedError: for the whole batch.
    """
    principal = session.reacher
    if principal.reaches_all:
        return
    check_raising(session, entity, "update")
    if entity.whole is not None:
        whole = entity.whole.name
        check_wholes(session, entity, [draft for draft in drafts if draft.sets(whole)])
    if entity.name == "user" and "all" not in principal.levels(entity, "update"):
        for draft in drafts:
            if draft.sets(*RAISING):
                raise AccessDeniedError(action=_("change the rights of"), entity=entity.name, actor=principal.name)


def check_raising(session: Session, entity: EntityModel, action: Action) -> None:
    """Refuse to write records that give users roles, or name them, to who may not change every user.

    Raises:
        AccessDeniedError: whatever the records are.
    """
    principal = session.reacher
    if entity.name not in session.model.raising or principal.reaches_all:
        return
    if "all" not in principal.levels(session.model.entities["user"], "update"):
        raise AccessDeniedError(action=action, entity=entity.name, actor=principal.name)


def within(session: Session, entity: str, ids: Iterable[int], action: Action) -> bool:
    """Return whether all these records are there and within the actor's reach."""
    wanted = set(ids)
    return those_within(session, entity, wanted, action) == wanted


def those_within(session: Session, entity: str, ids: Iterable[int], action: Action) -> set[int]:
    """Return those of the ids whose records are there and within the actor's reach, in one statement for many."""
    table = session.tables[entity]
    reach = session.reacher.reach(session.model.entities[entity], table, action)
    living = table.c.deleted_at.is_(None) if reach is None else sa.and_(table.c.deleted_at.is_(None), reach)
    wanted, found = list(ids), set[int]()
    for start in range(0, len(wanted), IDS_AT_ONCE):
        query = sa.select(table.c.id).where(table.c.id.in_(wanted[start : start + IDS_AT_ONCE]), living)
        found.update(session.unit.connection.execute(query).scalars())
    return found


def note_readable(session: Session, entity: EntityModel, records: Iterable[Record]) -> None:
    """Remember records just made, if the actor surely sees them, so that references to them need no look-up."""
    principal = session.principal
    if principal.reaches_all or (entity.whole is None and principal.reads_all(entity)):
        session.unit.known.update((principal.reaches_all, entity.name, record.id) for record in records)
