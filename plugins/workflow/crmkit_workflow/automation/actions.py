"""The actions that the plugin itself registers: tell somebody, set a field, move, and give to others."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crmkit.core.declare.values import ref_class
from crmkit.core.lifecycle.occasions import occasion_of
from crmkit.errors import InvalidValue, Refusal, Refused
from crmkit.translation import _
from crmkit_workflow.automation.entities import SUPERIOR, USER
from crmkit_workflow.automation.noting import CarryingOut
from crmkit_workflow.ownership.giving import give as give_to
from crmkit_workflow.ownership.owners import owner_of
from crmkit_workflow.pools.handling import release as release_into
from crmkit_workflow.pools.results import NotGiven
from crmkit_workflow.queues.distributing import distribute, put
from crmkit_workflow.queues.entities import Queue
from crmkit_workflow.reach import may_with_all
from crmkit_workflow.staff import superiors

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from crmkit import EntityModel, Record, Ref, Session
    from crmkit.core.declare.access import Action
    from crmkit_workflow.pools.entities import Pool

WHY = _("By a rule")


def notify(session: Session, record: Record, *, to: str, user: Ref[object] | None, text: str) -> None:
    """Tell somebody something about a record."""
    told = user if to == USER else owner_of(session.model.entity(record), record)
    if to == SUPERIOR and told is not None:
        told = superior_of(session, told)
    if told is None:
        raise refused(record, "to", _("There is nobody to tell."))
    carrying = occasion_of(session, CarryingOut)
    key = None if carrying is None else f"automation {carrying.run} {carrying.action} {int(told)}"
    session.notify(told, text, about=record, kind="automation", key=key)


def check_notify(_session: Session, entity: EntityModel, values: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    """Yield that nobody is named, or that there is no owner who could be told."""
    if values["to"] == USER and values["user"] is None:
        yield "user", _("Say who is told.")
    if values["to"] != USER and entity.owner is None:
        yield "to", _("Records of {entity} have no owner.", entity=entity.name)


def set_field(session: Session, record: Record, *, field: str, value: str | None) -> None:
    """Give a field of a record a value, or take its value away."""
    session.update(record, **{field: value})


def check_field(session: Session, entity: EntityModel, values: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    """Yield that there is no such field that whoever writes the rule may set, or that the value doesn't fit."""
    name, value = str(values["field"]), values["value"]
    field, principal = entity.writable.get(name), session.principal
    yield from check_reach(session, entity, "transfer" if name == entity.owner else "update")
    locked = frozenset[str]() if principal.reaches_all else principal.rights.locked(entity)
    if field is None or name in locked or field.declared.locked:
        yield "field", _("{entity} has no field {name} that could be set.", entity=entity.name, name=name)
    elif isinstance(value, str) and "{" not in value:
        try:
            field.kind.parse(value, session.model.conventions)
        except InvalidValue as error:
            yield "value", str(error)


def move(session: Session, record: Record, *, stage: str) -> None:
    """Move a record to a stage, through all its gates; one that is there already stays."""
    if dict(record.items()).get("stage") != stage:
        session.move(record, stage)


def check_stage(session: Session, entity: EntityModel, values: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    """Yield that no pipeline of the entity has the stage."""
    yield from check_reach(session, entity, "move")
    pipelines = session.model.pipelines_of(entity.name) if entity.staged else ()
    known = [each.name for pipeline in pipelines for each in pipeline.stages]
    if values["stage"] not in known:
        names = ", ".join(dict.fromkeys(known)) or _("none")
        yield "stage", _("{entity} has these stages: {names}.", entity=entity.name, names=names)


def give(session: Session, record: Record, *, user: Ref[object]) -> None:
    """Give a record to a user."""
    give_to(session, [record], how="assigned", why=WHY, owner=user)


def enqueue(session: Session, record: Record, *, queue: Ref[Queue]) -> None:
    """Put a record into a queue, which gives it to somebody."""
    found = session.get(queue)
    put(session, found, [record], rule=str(WHY))
    distribute(session, found)


def check_queue(session: Session, entity: EntityModel, values: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    """Yield that the queue is for other records."""
    yield from check_reach(session, entity, "transfer")
    queue = values["queue"]
    found = session.find(Queue, {"id": queue}) if queue is not None else []
    if found and found[0].entity != entity.name:
        yield "queue", _("The queue is for other records.")


def release(session: Session, record: Record, *, pool: Ref[Pool]) -> None:
    """Release a record into a pool."""
    (done,) = release_into(session, [record], pool, why=WHY)
    if isinstance(done, NotGiven):
        raise refused(record, "pool", done.text)


def check_owned(session: Session, entity: EntityModel, _values: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    """Yield that nobody owns records of the entity."""
    if entity.owner is None:
        yield "entity", _("Records of {entity} have no owner.", entity=entity.name)
    yield from check_reach(session, entity, "transfer")


def check_reach(session: Session, entity: EntityModel, action: Action) -> Iterator[tuple[str, str]]:
    """Yield that whoever writes the rule may not do this with all records of the entity."""
    if not may_with_all(session, entity, action):
        yield "entity", _("It is for those who may do this with all records of {entity}.", entity=entity.name)


def superior_of(session: Session, user: Ref[object]) -> Ref[object] | None:
    """Return the nearest active superior of a user."""
    return next((ref_class("user")(each) for each in superiors(session, int(user))), None)


def refused(record: Record, path: str, text: str) -> Refused:
    """Return the error for one reason."""
    entity = record.__crmkit_entity__.name
    return Refused(entity=entity, refusals=(Refusal(path=path, text=text, plugin="workflow"),))
