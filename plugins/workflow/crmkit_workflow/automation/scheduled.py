"""Scheduled rules: when it is time for one, it is noted for all records that meet its filter."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from crmkit_workflow.automation.entities import SCHEDULE, AutomationRule, AutomationRun
from crmkit_workflow.automation.noting import Caught, note
from crmkit_workflow.automation.timing import time_of
from crmkit_workflow.conditions import is_usable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from crmkit import Batch, EntityModel, JobRun, Record, Session
    from crmkit.core.lifecycle.drafts import Draft

JOB = "time_automations"
BATCH = 500
TIMES = ("when", "repeats", "at", "day")


def begin_anew(session: Session, drafts: Batch[Draft]) -> None:
    """Have a rule that is switched on, or gets another schedule, count from now: what went by before is not made up."""
    for draft in drafts.of(AutomationRule):
        before = draft.record
        if before is None or not draft.get("active") or draft.get("when") != SCHEDULE:
            continue
        if draft.sets(*TIMES) or not before.active:
            draft.set("timed_at", session.unit.now)


def time_job(
    session: Session, run: JobRun, rule: int | None = None, moment: datetime | None = None, after: int = 0
) -> None:
    """Look for which rules it is time, and ask for a run for each; for one rule, note the next records."""
    if rule is None or moment is None:
        session.serialise(f"workflow.{JOB}")
        for each in session.find(AutomationRule, {"when": SCHEDULE, "active": True}, order="position, id"):
            due = time_of(each, session.unit.now, session.model.conventions.time_zone)
            if due is not None:
                session.update(each, timed_at=due)
                session.enqueue(JOB, key=f"{each.id} {due.isoformat()}", rule=each.id, moment=due)
        return
    last = note_next(session, rule, moment, after)
    if last is not None:
        session.enqueue(JOB, key=f"{run.id} {last}", rule=rule, moment=moment, after=last)


def note_next(session: Session, number: int, moment: datetime, after: int) -> int | None:
    """Note the next records behind an id for a rule; return the id behind which there are more."""
    rule = next(iter(session.find(AutomationRule, {"id": number, "active": True, "when": SCHEDULE})), None)
    entity = None if rule is None else session.model.entities.get(rule.entity)
    if rule is None or entity is None or not is_usable(session.elevated, entity, rule.applies_if or "id > 0"):
        return None
    where = "id > given.after" + (f" and ({rule.applies_if})" if rule.applies_if else "")
    page = session.find(entity.record_class, where, given={"after": after}, order="id", limit=BATCH)
    occasion = f"time {moment.astimezone(UTC):%Y-%m-%dT%H:%MZ}"
    noted = set() if rule.once else noted_before(session, entity, rule, page, occasion)
    note(session, entity, [Caught(rule=rule, record=each, occasion=occasion) for each in page if each.id not in noted])
    return page[-1].id if page.next is not None else None


def noted_before(
    session: Session, entity: EntityModel, rule: AutomationRule, page: Sequence[Record], occasion: str
) -> set[int]:
    """Return for which records, by id, a rule was noted for a time already, as a rule that was moved back has been."""
    given = {"rule": rule.id, "entity": entity.name, "ids": [each.id for each in page], "occasion": occasion}
    where = (
        "rule == given.rule and record.entity == given.entity and record.id in given.ids and occasion == given.occasion"
    )
    return {int(str(number)) for (number,) in session.rows(AutomationRun, ["record.id"], where, given=given)}
