"""The sweep: every five minutes, records that have reached a level of their rule are found, and the level is done.

What is done, and that it is done, is written in one transaction: a worker that is killed has done nothing, and of two
workers one waits for the other and then finds that it is done.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from attrs import field, frozen

from crmkit import Ref
from crmkit_workflow.clocks.hours import HoursOf
from crmkit_workflow.conditions import is_usable
from crmkit_workflow.escalations.acting import Due, act
from crmkit_workflow.escalations.ages import Facts, Last, Level, age_since, reached
from crmkit_workflow.escalations.entities import Escalation, EscalationLevel, EscalationRule
from crmkit_workflow.reach import is_private

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime, timedelta

    from crmkit import BusinessHours, EntityModel, JobRun, Record, Session
    from crmkit_workflow.escalations.ages import AgeFrom

JOB = "escalate"
BATCH = 500


@frozen(kw_only=True)
class Asked:
    """A rule, its levels by id, and the filter for the records that it is for: none that an earlier rule is for."""

    rule: EscalationRule
    entity: EntityModel
    levels: Mapping[int, EscalationLevel]
    where: str


@frozen(kw_only=True)
class Done:
    """What was done about a record before: its latest escalation, and the levels by the moment they counted from."""

    last: Last | None = None
    levels: Mapping[datetime, set[int]] = field(factory=dict)


def escalate_job(session: Session, run: JobRun, rule: int | None = None, after: int = 0) -> None:
    """Escalate the next records of a rule, and ask for a run for those behind; without a rule, ask for one of each."""
    if rule is None:
        for each in session.rows(EscalationRule, ["id"], "active", order="id"):
            session.enqueue(JOB, key=f"{run.id} {each[0]}", rule=each[0])
        return
    last = escalate(session, rule, after)
    if last is not None:
        session.enqueue(JOB, key=f"{run.id} {last}", rule=rule, after=last)


def escalate(session: Session, rule: int, after: int = 0) -> int | None:
    """Escalate the next records of a rule, behind an id; return the id behind which there are more."""
    session.serialise(f"workflow.{JOB}")
    asked = asked_of(session, rule)
    if asked is None:
        return None
    now, youngest = session.unit.now, min(each.after for each in asked.levels.values())
    given = {"behind": after, "before": now - youngest}
    where = f"id > given.behind and created_at <= given.before and {asked.where}"
    page = session.find(asked.entity.record_class, where, given=given, order="id", limit=BATCH)
    due = due_among(session, asked, [each for each in page if not is_private(each, asked.entity)], now)
    act(session, asked.entity, asked.rule, due)
    return page[-1].id if page.next is not None else None


def asked_of(session: Session, number: int) -> Asked | None:
    """Return a rule as it is asked; None if it is gone, has no levels, or can't be asked any more."""
    rule = next(iter(session.find(EscalationRule, {"id": number, "active": True})), None)
    entity = None if rule is None else session.model.entities.get(rule.entity)
    if rule is None or entity is None or not is_usable(session.elevated, entity, rule.applies_if):
        return None
    levels = {each.id: each for each in session.find(EscalationLevel, {"rule": rule})}
    others = session.find(EscalationRule, {"entity": rule.entity, "active": True}, order="position, id")
    earlier = [each for each in others if (each.position, each.id) < (rule.position, rule.id)]
    tests = [f"({rule.applies_if})"]
    tests += [f"not ({each.applies_if})" for each in earlier if is_usable(session.elevated, entity, each.applies_if)]
    return Asked(rule=rule, entity=entity, levels=levels, where=" and ".join(tests)) if levels else None


def due_among(session: Session, asked: Asked, records: Sequence[Record], now: datetime) -> list[Due]:
    """Return which records have reached levels that were not done yet."""
    if not records:
        return []
    before = done_before(session, asked, [each.id for each in records])
    levels = [Level(id=each.id, after=each.after) for each in asked.levels.values()]
    since = {each.id: since_of(asked, each, before.get(each.id, Done())) for each in records}
    hours = hours_by_record(session, asked, records)
    found = []
    for each in records:
        start = since[each.id]
        if start is None:
            continue
        age = age_of(start, now, hours.get(each.id))
        done = before.get(each.id, Done()).levels.get(start, set())
        new = [asked.levels[level.id] for level in reached(levels, done, age)]
        if new:
            found.append(Due(record=each, since=start, levels=tuple(new)))
    return found


def since_of(asked: Asked, record: Record, done: Done) -> datetime | None:
    """Return from when the age of a record counts."""
    facts = Facts(created_at=record.created_at, updated_at=record.updated_at)
    return age_since(cast("AgeFrom", asked.rule.age_from), facts, done.last)


def age_of(since: datetime, now: datetime, hours: BusinessHours | None) -> timedelta:
    """Return an age, by some hours or by all."""
    return now - since if hours is None else hours.between(since, now)


def hours_by_record(session: Session, asked: Asked, records: Sequence[Record]) -> Mapping[int, BusinessHours]:
    """Return by whose hours the age of each record counts; those that are left out count all hours."""
    rule = asked.rule
    if rule.hours == "elapsed":
        return {}
    default = HoursOf(session)(None if rule.calendar is None else int(rule.calendar))
    if rule.hours == "calendar" or asked.entity.owner is None:
        return dict.fromkeys((each.id for each in records), default)
    owners = {each.id: getattr(each, asked.entity.owner) for each in records}
    own = session.calendars.of_each({each for each in owners.values() if isinstance(each, Ref)})
    return {number: own.get(owner, default) for number, owner in owners.items()}


def done_before(session: Session, asked: Asked, ids: Sequence[int]) -> dict[int, Done]:
    """Return what was done about records by a rule before, by the records' ids."""
    given = {"entity": asked.entity.name, "ids": list(ids), "rule": asked.rule.id}
    where = "rule == given.rule and record.entity == given.entity and record.id in given.ids"
    found: dict[int, Done] = {}
    for each in session.find(Escalation, where, given=given, order="id"):
        earlier = found.get(int(each.record), Done())
        levels = {**earlier.levels, each.since: {*earlier.levels.get(each.since, ()), int(each.level)}}
        last = Last(since=each.since, touched_at=each.touched_at)
        found[int(each.record)] = Done(last=last, levels=levels)
    return found
