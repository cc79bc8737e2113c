"""Catching: which rules are for what has just happened to records, in the transaction in which it happens."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from crmkit_workflow.automation.entities import EVENT
from crmkit_workflow.automation.noting import Caught, note
from crmkit_workflow.automation.terms import rules_by_entity
from crmkit_workflow.automation.thresholds import reaches

if TYPE_CHECKING:
    from crmkit import Batch, Change, Emission, EntityModel, Session
    from crmkit_workflow.automation.entities import AutomationRule


def catch_changes(session: Session, changes: Batch[Change], *, moved: bool = False) -> None:
    """Note which rules are to be carried out about records that were created, changed or moved."""
    rules = rules_by_entity(session).get(changes.entity.name)
    if not rules:
        return
    caught = [
        Caught(rule=rule, record=change.after, occasion=occasion_for(rule, change))
        for change in changes
        for rule in rules
        if is_for(session, changes.entity, rule, change, moved=moved)
    ]
    note(session, changes.entity, caught)


def catch_events(session: Session, emissions: Batch[Emission]) -> None:
    """Note which rules are to be carried out about records that declared events are about."""
    rules = [each for each in rules_by_entity(session).get(emissions.entity.name, ()) if each.when == EVENT]
    caught = [
        Caught(rule=rule, record=emission.record, occasion=f"{rule.event} {secrets.token_hex(4)}")
        for emission in emissions
        for rule in rules
        if rule.event == emission.event
    ]
    for each in caught:
        if each.rule.once:  # an event, unlike a change, locks no record
            session.serialise(f"workflow.automation once {each.rule.id} {each.record.id}")
    note(session, emissions.entity, caught)


def is_for(session: Session, entity: EntityModel, rule: AutomationRule, change: Change, *, moved: bool) -> bool:
    """Return whether a change is what has to happen for a rule."""
    match rule.when:
        case "created":
            return change.before is None
        case "changed":
            return change.before is not None and (rule.field is None or rule.field in change.changed)
        case "moved":
            return moved
        case "crosses":
            field = entity.fields.get(str(rule.field))
            if field is None or field.name not in change.changed:
                return False
            return reaches(session, field, change, rule.value, rule.direction)
        case _:
            return False


def occasion_for(rule: AutomationRule, change: Change) -> str:
    """Return the occasion that a change is; it names the record, as records that become one bring their logs along."""
    return f"{rule.when} {change.after.version} of {change.after.id}"
