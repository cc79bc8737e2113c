"""Sharing and handing over: records opened to users and teams, and given to other owners with what belongs to them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, get_args

import sqlalchemy as sa
from attrs import frozen

from crmkit.core.declare.kinds import DateTimeKind
from crmkit.core.declare.values import Ref, ref_class
from crmkit.core.lifecycle import ledger
from crmkit.core.lifecycle.access import within
from crmkit.errors import AccessDeniedError, InvalidValue, NotFoundError, Refusal, Refused
from crmkit.translation import _

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from crmkit.core.assemble.model import EntityModel
    from crmkit.core.declare.records import Record
    from crmkit.core.lifecycle.session import Session

Access = Literal["read", "write"]


@frozen(kw_only=True)
class Share:
    """A record opened to a user or to a team and all below it.

    Attributes:
        access: `read`, or `write` to change and move it, too.
        until: when it ends, UTC; None for never.
        at: when it was given, UTC, by the user `actor`, None for the system.
    """

    record: Ref[object]
    to: Ref[object]
    access: Access
    until: datetime | None
    at: datetime
    actor: Ref[object] | None


def share(session: Session, record: Record, to: Record | Ref[object], *, access: Access, until: object) -> Share:
    """Open a record to a user or a team; sharing it again changes access and end.

    Raises:
        NotFoundError: if the actor doesn't see the record, or whom it is shared with.
        AccessDeniedError: if the actor may not share it, or shares with more access than its own.
        Refused: if it is a part of another record, is shared with something else, or `until` has passed.
    """
    with session.unit.command(writes_much=False):
        entity = session.model.entity(record)
        goal = to if isinstance(to, Ref) else to.ref
        end = checked(session, entity, goal, access, until)
        check_may_share(session, entity, record.id)
        if (
            access == "write"
            and not session.reacher.reaches_all
            and not within(session, entity.name, [record.id], "update")
        ):
            raise AccessDeniedError(action="update", entity=entity.name, actor=session.reacher.name)
        if goal.entity not in session.model.entities or int(goal) not in session.readable_ids(goal.entity, [int(goal)]):
            raise NotFoundError(entity=goal.entity, id=int(goal))
        values = {"access": access, "until": end, "at": session.unit.now, "actor_id": session.principal.user}
        with session.unit.writing():
            remove(session, record.ref, goal)
            table = session.tables.system.share
            key = {"entity": entity.name, "record_id": record.id, "to_entity": goal.entity, "to_id": int(goal)}
            session.unit.connection.execute(table.insert().values(**key, **values))
            log(session, record, "share", {"to": str(goal), "access": access, "until": end and end.isoformat()})
    return Share(record=record.ref, to=goal, access=access, until=end, at=session.unit.now, actor=session.actor_ref)


def checked(session: Session, entity: EntityModel, to: Ref[object], access: str, until: object) -> datetime | None:
    """Return the end of a share, having checked what can be said without the database.

    Raises:
        Refused: with everything that is wrong.
    """
    refusals = []
    if entity.whole is not None:
        refusals.append(Refusal(path="record", text=_("It is a part of another record. Share that one.")))
    if to.entity not in {"user", "team"}:
        refusals.append(Refusal(path="to", text=_("A record is shared with a user or a team.")))
    if access not in get_args(Access):
        refusals.append(Refusal(path="access", text=_("Access is read or write.")))
    end = None
    try:
        end = None if until is None else DateTimeKind().parse(until, session.model.conventions)
    except InvalidValue as error:
        refusals.append(Refusal(path="until", text=str(error)))
    if end is not None and end <= session.unit.now:
        refusals.append(Refusal(path="until", text=_("This moment has passed.")))
    if refusals:
        raise Refused(entity=entity.name, refusals=tuple(refusals))
    return end


def check_may_share(session: Session, entity: EntityModel, number: int) -> None:
    """Refuse to open or close a record that the actor may not share.

    Raises:
        NotFoundError: if the actor doesn't see it.
        AccessDeniedError: if the actor may not share it.
    """
    if number not in session.readable_ids(entity.name, [number]):
        raise NotFoundError(entity=entity.name, id=number)
    if not within(session, entity.name, [number], "share"):
        raise AccessDeniedError(action="share", entity=entity.name, actor=session.reacher.name)


def unshare(session: Session, record: Record, to: Record | Ref[object]) -> bool:
    """Close a record to a user or a team again, and return whether it was open to it.

    Raises:
        NotFoundError: if the actor doesn't see the record.
        AccessDeniedError: if the actor may not share it.
    """
    with session.unit.command(writes_much=False):
        entity = session.model.entity(record)
        goal = to if isinstance(to, Ref) else to.ref
        check_may_share(session, entity, record.id)
        with session.unit.writing():
            is_closed = remove(session, record.ref, goal)
            if is_closed:
                log(session, record, "unshare", {"to": str(goal)})
    return is_closed


def shares(session: Session, record: Record) -> list[Share]:
    """Return with whom a record is shared, the oldest share first; expired ones are left out.

    Raises:
        NotFoundError: if the actor doesn't see the record.
    """
    entity = session.model.entity(record)
    if record.id not in session.readable_ids(entity.name, [record.id]):
        raise NotFoundError(entity=entity.name, id=record.id)
    table = session.tables.system.share
    living = sa.or_(table.c.until.is_(None), table.c.until > session.unit.now)
    query = sa.select(table).where(table.c.entity == entity.name, table.c.record_id == record.id, living)
    rows = session.unit.connection.execute(query.order_by(table.c.at, table.c.to_entity, table.c.to_id))
    return [
        Share(
            record=record.ref,
            to=ref_class(row.to_entity)(row.to_id),
            access=row.access,
            until=row.until,
            at=row.at,
            actor=None if row.actor_id is None else ref_class("user")(row.actor_id),
        )
        for row in rows
    ]


def remove(session: Session, record: Ref[object], to: Ref[object]) -> bool:
    """Delete a share and return whether there was one."""
    table = session.tables.system.share
    of_record = sa.and_(table.c.entity == record.entity, table.c.record_id == int(record))
    found = session.unit.connection.execute(
        table.delete().where(of_record, table.c.to_entity == to.entity, table.c.to_id == int(to))
    )
    session.unit.written += found.rowcount
    return found.rowcount > 0


def log(session: Session, record: Record, action: str, said: Mapping[str, object]) -> None:
    """Note in the change log who opened or closed a record to whom; the record itself stays as it is."""
    entity = session.model.entity(record)
    ledger.note(session, entity, record, action, said)
    session.unit.included.clear()


def transfer(session: Session, record: Record, to: Record | Ref[object], along: tuple[str, ...]) -> list[Record]:
    """Give a record to another owner, and with it what refers to it and has the same owner; return all of them.

    Raises:
        Refused: if an entity to be taken along has no owner or doesn't refer to the record's.
        AccessDeniedError: if the actor may not transfer one of them; nothing is transferred then.
    """
    entity = session.model.entity(record)
    goal = to if isinstance(to, Ref) else to.ref
    with session.unit.command(writes_much=True):
        whole = session.elevated.by_id(entity, session.readable_ids(entity.name, [record.id])).get(record.id)
        if whole is None or entity.owner is None:
            raise NotFoundError(entity=entity.name, id=record.id)
        owner = getattr(whole, entity.owner)
        found: list[Record] = []
        for name in along:
            other = session.model.entity(name)
            links = [each for each in other.references if other.fields[each].target == entity.name]
            if other.owner is None or len(links) != 1:
                text = _("{name} has no owner, or does not refer to it by one field.", name=name)
                raise Refused(entity=entity.name, refusals=(Refusal(path="along", text=text),))
            belonging = session.find(other.record_class, {links[0]: record, other.owner: owner})
            found += session.update_many((each, {str(other.owner): goal}) for each in belonging)
        return [session.update_many([(record, {entity.owner: goal})])[0], *found]
