"""Carrying out: what rules say is done, each rule for each record on its own, and what came of it is written down.

That it is done is written in the transaction of what was done, so a worker that is killed has done nothing, and
nothing is done twice.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from crmkit.core.exchange.writing import savepoint
from crmkit.core.lifecycle.actions import perform
from crmkit.core.lifecycle.occasions import occasion
from crmkit.core.lifecycle.opening import is_retryable
from crmkit.errors import ConflictError, CRMKitError, DatabaseError, SessionError
from crmkit.translation import _
from crmkit_workflow.automation.entities import (
    DONE,
    REFUSED,
    SKIPPED,
    AutomationAction,
    AutomationRule,
    AutomationRun,
)
from crmkit_workflow.automation.noting import JOB, ONCE, CarryingOut
from crmkit_workflow.automation.quoting import quoted
from crmkit_workflow.conditions import ask
from crmkit_workflow.problems import as_kept, said_to_all
from crmkit_workflow.reach import is_private

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from crmkit import JobRun, Record, Session
    from crmkit.translation import Text

WAITS = "id in given.ids and state == 'waiting'"


def run_job(session: Session, run: JobRun, runs: Sequence[int]) -> None:
    """Carry out what was noted.

    What breaks, or meets somebody else's change, is asked for again, by itself; if it is by itself already, the job
    breaks, and is tried again as jobs are.

    Raises:
        Exception: what an action that is not refused, but breaks, raises.
    """
    del run
    waiting = session.find(AutomationRun, WAITS, given={"ids": list(runs)}, order="id")
    rules = {
        each.id: each
        for each in session.find(AutomationRule, "id in given.ids", given={"ids": [int(each.rule) for each in waiting]})
    }
    actions, done = actions_of(session, list(rules)), list[tuple[AutomationRun, dict[str, object]]]()
    for each in waiting:
        rule = rules.get(int(each.rule))
        try:
            state, problem = carry_out(session, each, rule, actions.get(int(each.rule), ()))
        except Exception as error:
            if len(waiting) == 1 or is_retryable(error):
                raise
            session.enqueue(JOB, runs=[each.id])
        else:
            done.append((each, finished(session, each, state, problem)))
    there = session.find(AutomationRun, WAITS, given={"ids": [each.id for each, _values in done]})
    kept = {each.id for each in there}  # a record that an action deletes takes its log along
    session.update_many((each, values) for each, values in done if each.id in kept)


def actions_of(session: Session, rules: Sequence[int]) -> Mapping[int, Sequence[AutomationAction]]:
    """Return the actions of rules, by the rules' ids, in their order."""
    found: dict[int, list[AutomationAction]] = {}
    for each in session.find(AutomationAction, "rule in given.ids", given={"ids": list(rules)}, order="position, id"):
        found.setdefault(int(each.rule), []).append(each)
    return found


def carry_out(
    session: Session, run: AutomationRun, rule: AutomationRule | None, actions: Sequence[AutomationAction]
) -> tuple[str, str | None]:
    """Do all that a rule says about a record, or nothing; return the state that follows, and why.

    Raises:
        ConflictError: if somebody else changes the record at this very moment.
        Exception: what an action raises that is no refusal.
    """
    record, problem = still_meeting(session, run, rule, actions)
    if record is None:
        return SKIPPED, problem
    chain = (*chain_of(run), int(run.rule))
    try:
        with savepoint(session):
            for each in actions:
                record = session.by_id(session.model.entity(record), [record.id]).get(record.id)
                if record is None:  # the action before has deleted it
                    break
                given = each.values if isinstance(each.values, dict) else {}
                with occasion(session, CarryingOut(chain=chain, run=run.id, action=each.id)):
                    perform(session, each.action, record, quoted(session, record, given))
    except (ConflictError, DatabaseError, SessionError):
        raise
    except CRMKitError as error:
        return REFUSED, said_to_all(session, error)
    return DONE, None


def still_meeting(
    session: Session, run: AutomationRun, rule: AutomationRule | None, actions: Sequence[AutomationAction]
) -> tuple[Record | None, Text | None]:
    """Return the record, if the rule is still for it; else None, and why it isn't."""
    entity = session.model.entities.get(run.record.entity)
    record = None if entity is None else session.by_id(entity, [int(run.record)]).get(int(run.record))
    if rule is None or not rule.active:
        return None, _("The rule is no longer active.")
    if not actions:
        return None, _("The rule has no actions.")
    if record is None or entity is None:
        return None, _("The record is gone.")
    if is_private(record, entity):
        return None, _("The record is private.")
    if rule.applies_if and rule.applies_if not in ask(session, entity, [record.id], [rule.applies_if])[record.id]:
        return None, _("The record no longer meets the filter.")
    return record, None


def finished(session: Session, run: AutomationRun, state: str, problem: str | None) -> dict[str, object]:
    """Return what is written down of a run that has come to an end."""
    problem = as_kept(session, problem)
    values: dict[str, object] = {"state": state, "finished_at": session.unit.now, "problem": problem}
    if state == SKIPPED and run.occasion == ONCE:
        values["occasion"] = f"{ONCE}, but not at {run.id}"  # so that another occasion can be the one
    return values


def chain_of(run: AutomationRun) -> tuple[int, ...]:
    """Return the rules, by id, that have led to a run."""
    return tuple(int(str(each)) for each in run.chain) if isinstance(run.chain, list) else ()
