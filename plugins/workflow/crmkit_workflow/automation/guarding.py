"""Guarding automation: rules of which something can come, whose author sees what they speak of and may do it all."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from crmkit.translation import _
from crmkit_workflow import conditions
from crmkit_workflow.automation.doable import check_action, check_removed, does_more_than
from crmkit_workflow.automation.entities import (
    CHANGED,
    CROSSES,
    EVENT,
    MOVED,
    SCHEDULE,
    AutomationAction,
    AutomationRule,
    AutomationRun,
)
from crmkit_workflow.automation.thresholds import check_threshold
from crmkit_workflow.keeping import refuse_while_there
from crmkit_workflow.reach import check_author, does_no_more

if TYPE_CHECKING:
    from crmkit import Batch, DeleteDraft, EntityModel, Session
    from crmkit.core.lifecycle.drafts import Draft

OWN = frozenset({"automation_rule", "automation_action", "automation_run"})
FOR = {
    "event": (EVENT,),
    "field": (CHANGED, CROSSES),
    "value": (CROSSES,),
    "repeats": (SCHEDULE,),
    "at": (SCHEDULE,),
    "day": (SCHEDULE,),
}
"""Which fields of a rule are for what has to happen."""
NEEDED = {EVENT: ("event",), CROSSES: ("field", "value"), SCHEDULE: ("repeats",)}
DAYS = 7


def check(session: Session, drafts: Batch[Draft]) -> None:
    """Refuse rules that can't be asked, and actions that can't be done."""
    for draft in drafts.of(AutomationRule):
        conditions.refuse_unless_for_all(session, draft)
        if does_no_more(draft):
            continue
        entity = conditions.check_entity(session, draft)
        check_fields(draft)
        if entity is None:
            continue
        if draft.record is not None and draft.sets("entity"):
            draft.refuse("entity", _("A rule keeps its entity. Make another rule."))
        elif entity.name in OWN or entity.declared.private:
            draft.refuse("entity", _("There are no rules for records of {entity}.", entity=entity.name))
        else:
            check_rule(session, draft, entity)
    for draft in drafts.of(AutomationAction):
        rule = draft.related("rule")
        if isinstance(rule, AutomationRule):
            check_action(session, draft, rule, session.model.entities.get(rule.entity))


def check_fields(draft: Draft) -> None:
    """Refuse fields that are missing for what has to happen, and those that are for something else."""
    when = str(draft.get("when"))
    for name in NEEDED.get(when, ()):
        if draft.get(name) is None:
            draft.refuse(name, _("A value is required."))
    for name, wanted in FOR.items():
        if draft.get(name) is not None and when not in wanted:
            draft.refuse(name, _("It is only for rules with: {names}.", names=", ".join(wanted)))
    day = cast("int | None", draft.get("day"))
    if day is not None and draft.get("repeats") not in ({"weekly", "monthly"} if day <= DAYS else {"monthly"}):
        draft.refuse("day", _("The day is from 1 to 7 every week, and from 1 to 31 every month."))
    if draft.get("at") is not None and draft.get("repeats") == "hourly":
        draft.refuse("at", _("Every hour has no time of day."))


def check_rule(session: Session, draft: Draft, entity: EntityModel) -> None:
    """Refuse what a rule speaks of and the entity has not, or whoever writes it may not see."""
    conditions.check(session, draft, entity, "applies_if")
    check_author(session, draft, entity, "applies_if")
    if draft.record is not None and does_more_than(session, draft, entity):
        draft.refuse("name", _("You may not do all that the rule does."))
    if draft.get("when") == MOVED and not entity.staged:
        draft.refuse("when", _("Records of {entity} have no stages.", entity=entity.name))
    event = draft.get("event")
    declared = session.model.events.get(str(event)) if event is not None else None
    if event is not None and (declared is None or declared.entity != entity.name):
        known = [name for name, each in session.model.events.items() if each.entity == entity.name]
        text = _("{entity} has these events: {names}.", entity=entity.name, names=", ".join(sorted(known)) or _("none"))
        draft.refuse("event", text)
    if draft.get("field") is not None:
        check_field(session, draft, entity)


def check_field(session: Session, draft: Draft, entity: EntityModel) -> None:
    """Refuse a field that there isn't, that can't reach a value, or a value that it can't have."""
    name = str(draft.get("field"))
    field = entity.fields.get(name)
    if field is None or not session.acting.principal.sees(entity, field):
        draft.refuse("field", _("{entity} has no field {name}.", entity=entity.name, name=name))
    elif draft.get("when") == CROSSES:
        check_threshold(session, draft, field)


def check_deleted(session: Session, drafts: Batch[DeleteDraft]) -> None:
    """Refuse to take actions off a rule by somebody who sees less than it does; the whole rule may always go."""
    for draft in drafts.of(AutomationAction):
        rule = draft.related("rule")
        entity = session.model.entities.get(rule.entity) if isinstance(rule, AutomationRule) else None
        if entity is not None and isinstance(rule, AutomationRule):
            check_removed(session, draft, rule, entity)


def refuse_deleted(session: Session, drafts: Batch[DeleteDraft]) -> None:
    """Refuse to delete what is in the log of records that are there; it goes along with them, or by the system."""
    text = _("What rules did can't be deleted; it goes with the record.")
    refuse_while_there(session, drafts.of(AutomationRun), "record", text)
