"""Explaining: which role, level or share allows a user what on a record, and which fields are hidden and why."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa
from attrs import frozen

from crmkit.core.assemble.rights import action_on_whole
from crmkit.core.declare.access import ACTIONS, LEVELS
from crmkit.core.declare.values import Ref
from crmkit.core.reading.held_roles import held_roles, role_names, this_day
from crmkit.core.reading.permission import Principal
from crmkit.core.reading.restricting import restricted
from crmkit.core.reading.sharing import WIDENED, moment, shared_entities, shared_with
from crmkit.errors import AccessDeniedError, NotFoundError
from crmkit.translation import _

if TYPE_CHECKING:
    from collections.abc import Iterator

    from crmkit.core.assemble.model import EntityModel
    from crmkit.core.declare.access import Action, Level
    from crmkit.core.declare.records import Record
    from crmkit.core.lifecycle.session import Session

ASKED: tuple[Action, ...] = tuple(each for each in ACTIONS if each not in {"create", "import"})
"""The actions on a record that is there."""


@frozen(kw_only=True)
class ActionExplained:
    """Whether a user may do something with a record, and what allows it, or why nothing does."""

    action: Action
    is_allowed: bool
    reasons: tuple[str, ...]


@frozen(kw_only=True)
class FieldExplained:
    """A field that a user may not see, or may only read, and why."""

    field: str
    is_hidden: bool
    reason: str


@frozen(kw_only=True)
class Explanation:
    """What a user may do with a record.

    Attributes:
        whole: the record that it is a part of, whose permission counts; None if it is no part.
    """

    record: Ref[object]
    user: Ref[object]
    roles: tuple[str, ...]
    whole: Ref[object] | None
    actions: tuple[ActionExplained, ...]
    fields: tuple[FieldExplained, ...]


def explain(session: Session, record: Record, user: Record | Ref[object]) -> Explanation:
    """Explain what a user may do with a record that the actor sees.

    Fields are explained as far as the actor sees them itself.

    Raises:
        NotFoundError: if the actor doesn't see the record or the user.
        AccessDeniedError: if it is about somebody else and the actor may not change every user.
    """
    entity = session.model.entity(record)
    asked = user if isinstance(user, Ref) else user.ref
    if record.id not in session.readable_ids(entity.name, [record.id]):
        raise NotFoundError(entity=entity.name, id=record.id)
    if int(asked) not in session.readable_ids("user", [int(asked)]):
        raise NotFoundError(entity="user", id=int(asked))
    users = session.principal.levels(session.model.entities["user"], "update")
    if "all" not in users and session.principal.user != int(asked):
        raise AccessDeniedError(action=_("explain the rights of"), entity="user", actor=session.principal.name)
    principal = principal_of(session, int(asked))
    whole = whole_of(session, record)
    actions = tuple(explained(session, principal, record, whole or record.ref, action) for action in ASKED)
    fields = tuple(fields_explained(session, principal, entity))
    return Explanation(
        record=record.ref, user=asked, roles=principal.roles, whole=whole, actions=actions, fields=fields
    )


def principal_of(session: Session, number: int) -> Principal:
    """Return a user as if it acted."""
    found = session.elevated.get(session.model.entities["user"].record_class, number)
    values = dict(found.items())
    users, clock = session.tables["user"], session.unit.clock
    opened = shared_entities(session.tables, users, moment(clock))
    held = held_roles(session.model, session.tables, users, this_day(lambda: session.today))
    query = sa.select(opened, held).select_from(users).where(users.c.id == number)
    shared, roles = session.unit.connection.execute(query).one()
    team = values.get("team")
    return Principal(
        model=session.model,
        tables=session.tables,
        user=number,
        name=str(values.get("name")),
        team=int(team) if isinstance(team, int) else None,
        roles=role_names(roles),
        shared=frozenset(shared.split(",") if shared else ()),
        clock=clock,
    )


def whole_of(session: Session, record: Record) -> Ref[object] | None:
    """Return the outermost record that a record is a part of, whose permission counts; None if it is no part."""
    entity, number = session.model.entity(record), record.id
    whole: Ref[object] | None = None
    while entity.whole is not None:
        found = getattr(session.elevated.by_id(entity, [number])[number], entity.whole.name)
        assert isinstance(found, Ref)
        whole, entity, number = found, session.model.entities[found.entity], int(found)
    return whole


def explained(
    session: Session, principal: Principal, record: Record, subject: Ref[object], action: Action
) -> ActionExplained:
    """Explain one action; whether it is allowed is asked of the very predicate of reads and writes."""
    entity, table = session.model.entity(record), session.tables[record.__crmkit_entity__.name]
    reach = principal.reach(entity, table, action)
    query = sa.select(table.c.id).where(table.c.id == record.id, sa.true() if reach is None else reach)
    is_allowed = session.unit.connection.execute(query).first() is not None
    counted = action if entity.whole is None else action_on_whole(action)
    reasons = tuple(reasons_of(session, principal, session.model.entity(subject), int(subject), counted))
    kept = () if is_allowed else tuple(keeping_away(session, principal, record))
    if not is_allowed and is_marked_private(session, record):
        reasons = (_("It is private."),)
    elif kept:
        reasons = kept
    elif not is_allowed:
        reasons = (*reasons, _("It is not seen.")) if reasons else (_("No role or share allows it."),)
    return ActionExplained(action=action, is_allowed=is_allowed, reasons=reasons)


def keeping_away(session: Session, principal: Principal, record: Record) -> Iterator[str]:
    """Yield the restrictions that keep a record from being seen."""
    entity, table = session.model.entity(record), session.tables[record.__crmkit_entity__.name]
    for each in principal.restrictions(entity):
        query = sa.select(table.c.id).where(table.c.id == record.id, restricted(principal, entity, table, each))
        if session.unit.connection.execute(query).first() is None:
            yield each.help or _("The restriction {name} keeps it away.", name=each.name)


def is_marked_private(session: Session, record: Record) -> bool:
    """Return whether a record's mark closes it to all but its owner and those with whom it is shared."""
    entity = session.model.entity(record)
    mark = entity.private_mark
    return mark is not None and bool(getattr(session.elevated.by_id(entity, [record.id])[record.id], mark.name))


def reasons_of(
    session: Session, principal: Principal, entity: EntityModel, number: int, action: Action
) -> Iterator[str]:
    """Yield the grants and shares that reach a record for an action."""
    reached = levels_that_reach(session, principal, entity, number)
    if entity.declared.private:
        if "own" in reached and principal.levels(entity, action):
            yield _("It is private, and this user's own.")
        return
    for role, grant in principal.rights.grants(entity.name):
        for level in dict.fromkeys(grant.levels(action)):
            if level in reached:
                yield _("role {role}: {action} {level}", role=role, action=action, level=level)
    if (
        action in {"read", "export"}
        and principal.levels(entity, action)
        and is_reader(session, principal, entity, number)
    ):
        yield _("it takes part")
    if action in WIDENED and principal.levels(entity, action):
        share = session.tables.system.share.c
        assert principal.user is not None
        opened = shared_with(session.tables, principal.user, principal.team, moment(principal.clock))
        query = sa.select(share.to_entity, share.to_id, share.access).where(
            opened, share.entity == entity.name, share.record_id == number, share.access.in_(WIDENED[action])
        )
        for row in session.unit.connection.execute(query.order_by(share.to_entity, share.to_id)):
            yield _("share with {to}: {access}", to=f"{row.to_entity}:{row.to_id}", access=row.access)


def is_reader(session: Session, principal: Principal, entity: EntityModel, number: int) -> bool:
    """Return whether a part of a record makes a user its reader."""
    if entity.declared.readers is None or principal.user is None:
        return False
    query = principal.read_by_part(entity, principal.user).subquery()
    found = sa.select(sa.func.count()).select_from(query).where(query.c[0] == number)
    return session.unit.connection.execute(found).scalar_one() > 0


def levels_that_reach(session: Session, principal: Principal, entity: EntityModel, number: int) -> set[Level]:
    """Return the levels that reach a record, asked in one statement."""
    table = session.tables[entity.name]
    conditions = {level: principal.belonging.condition(entity, table, [level]) for level in LEVELS if level != "none"}
    columns = [
        sa.case((sa.true() if condition is None else condition, 1), else_=0).label(level)
        for level, condition in conditions.items()
    ]
    row = session.unit.connection.execute(sa.select(*columns).where(table.c.id == number)).one()
    return {level for level, found in zip(conditions, row, strict=True) if found}


def fields_explained(session: Session, principal: Principal, entity: EntityModel) -> Iterator[FieldExplained]:
    """Yield the fields that are hidden or locked, of those that the actor sees or that are no secret to it."""
    hidden, locked = principal.rights.hidden(entity), principal.rights.locked(entity)
    for name, field in entity.fields.items():
        if not session.principal.sees(entity, field) or name not in hidden | locked:
            continue
        privacy = field.declared.privacy
        if name not in hidden:
            reason = _("no role with writing opens it")
        elif privacy in {"sensitive", "secret"}:
            reason = _("it is {privacy}, and no role reveals it", privacy=privacy)
        else:
            reason = _("each role that reads {entity} hides it", entity=entity.name)
        yield FieldExplained(field=name, is_hidden=name in hidden, reason=reason)
