"""Noting: which rules are to be carried out about which records, and why, is written down in the same transaction.

For a batch of records of an entity with rules it takes a few statements, however many they are. Nothing is carried out
here: a rule can't break what it is about, and costs it no more than being noted.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, cast

from attrs import frozen

from crmkit.core.lifecycle.occasions import occasion_of
from crmkit.translation import _
from crmkit_workflow.automation.entities import SKIPPED, WAITING, AutomationRun
from crmkit_workflow.conditions import AT_ONCE, ask
from crmkit_workflow.problems import as_kept
from crmkit_workflow.reach import is_private

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from crmkit import Batch, Change, EntityModel, Record, Session
    from crmkit_workflow.automation.entities import AutomationRule

JOB = "run_automations"
BATCH = 100
LONGEST_CHAIN = 2
"""So many rules may lead to each other: what the second one does is an occasion for no third."""
MOST_AN_HOUR = 20
"""So often a rule may be carried out about one record within an hour, whatever leads to it."""
ONCE = "once"


@frozen(kw_only=True)
class CarryingOut:
    """The occasion on which a rule's action writes: the rules, by id, that have led to it, the run, and the action."""

    chain: tuple[int, ...]
    run: int
    action: int


@frozen(kw_only=True)
class Caught:
    """That something happened to a record which a rule is for."""

    rule: AutomationRule
    record: Record
    occasion: str


def note(session: Session, entity: EntityModel, caught: Sequence[Caught]) -> None:
    """Write down what is to be carried out, of that for which the filters of the rules are met, and ask for it.

    What a rule does is no occasion for itself, nor for those that have led to it. Records that are marked private have
    no rules.
    """
    carrying = occasion_of(session, CarryingOut)
    chain = () if carrying is None else carrying.chain
    others = [each for each in caught if each.rule.id not in chain and not is_private(each.record, entity)]
    for start in range(0, len(others), AT_ONCE):
        note_some(session, entity, others[start : start + AT_ONCE], chain)


def note_some(session: Session, entity: EntityModel, caught: Sequence[Caught], chain: tuple[int, ...]) -> None:
    """Write down what is to be carried out, of so many as fit into one statement."""
    meeting = list(those_meeting(session, entity, caught))
    if not meeting:
        return
    often = carried_out_often(session, entity, meeting)
    rows = [
        {
            "record": each.record,
            "rule": each.rule,
            "occasion": ONCE if each.rule.once else each.occasion,
            "at": session.unit.now,
            "chain": list(chain) or None,
            **state_of(session, each, chain, often),
        }
        for each in meeting
    ]
    made = session.elevated.create_many(AutomationRun, rows)
    ask_for(session, [each.id for each in made if each.state == WAITING])


def those_meeting(session: Session, entity: EntityModel, caught: Sequence[Caught]) -> Iterable[Caught]:
    """Yield what meets the filter of its rule, and was not carried out before if it is to be but once."""
    texts = {each.rule.applies_if for each in caught if each.rule.applies_if}
    met = ask(session, entity, {each.record.id for each in caught}, texts) if texts else {}
    done = done_once(session, entity, caught)
    for each in caught:
        if (each.rule.id, each.record.id) in done:
            continue
        if not each.rule.applies_if or each.rule.applies_if in met[each.record.id]:
            yield each


def done_once(session: Session, entity: EntityModel, caught: Sequence[Caught]) -> set[tuple[int, int]]:
    """Return which rules that are carried out once were so about which records, by their ids."""
    some = [each for each in caught if each.rule.once]
    if not some:
        return set()
    given = {
        "rules": list({each.rule.id for each in some}),
        "entity": entity.name,
        "ids": list({each.record.id for each in some}),
    }
    where = f"rule in given.rules and record.entity == given.entity and record.id in given.ids and occasion == '{ONCE}'"
    rows = session.elevated.rows(AutomationRun, ["rule", "record"], where, given=given)
    return {(int(cast("int", rule)), int(cast("int", record))) for rule, record in rows}


def carried_out_often(session: Session, entity: EntityModel, caught: Sequence[Caught]) -> set[tuple[int, int]]:
    """Return which rules were asked for about which records as often as they may be within an hour."""
    given = {
        "rules": list({each.rule.id for each in caught}),
        "entity": entity.name,
        "ids": list({each.record.id for each in caught}),
        "since": session.unit.now - timedelta(hours=1),
    }
    where = (
        "rule in given.rules and record.entity == given.entity and record.id in given.ids"
        " and at > given.since and state != 'skipped'"
    )
    rows = session.elevated.aggregate(
        AutomationRun, by=["rule", "record.id"], measures={"n": "count()"}, where=where, given=given
    )
    return {
        (int(cast("int", rule)), int(cast("int", record)))
        for rule, record, number in rows
        if int(cast("int", number)) >= MOST_AN_HOUR
    }


def state_of(
    session: Session, caught: Caught, chain: tuple[int, ...], often: set[tuple[int, int]]
) -> dict[str, object]:
    """Return the state in which something is noted: it is carried out, unless rules lead to each other for too long."""
    problem = None
    if len(chain) >= LONGEST_CHAIN:
        problem = _("Rules lead to each other: {count} have led to this.", count=len(chain))
    elif (caught.rule.id, caught.record.id) in often:
        problem = _("It was carried out {count} times within an hour.", count=MOST_AN_HOUR)
    if problem is None:
        return {"state": WAITING}
    return {"state": SKIPPED, "finished_at": session.unit.now, "problem": as_kept(session, problem)}


def ask_for(session: Session, runs: Sequence[int]) -> None:
    """Have a worker carry out what is noted, in the order of the rules and records."""
    for start in range(0, len(runs), BATCH):
        some = list(runs[start : start + BATCH])
        session.elevated.enqueue(JOB, runs=some)


def ask_again(session: Session, changes: Batch[Change]) -> None:
    """Have a worker carry out what was still waiting when its records were deleted, and has come back with them."""
    ask_for(session, [each.after.id for each in changes.of(AutomationRun) if each.after.state == WAITING])
