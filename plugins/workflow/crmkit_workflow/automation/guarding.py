"""Guarding automation: rules of which something can come, whose author may see and write what they speak of."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from crmkit import Action
from crmkit.core.declare.names import nearest
from crmkit.core.lifecycle.actions import problems_of
from crmkit.errors import InvalidValue
from crmkit.translation import _
from crmkit_workflow import conditions
from crmkit_workflow.automation import quoting
from crmkit_workflow.automation.crossing import is_measurable
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
from crmkit_workflow.keeping import refuse_while_there

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
ACTIVE = "active"
QUIET = frozenset({"name", "position", "timed_at", ACTIVE})
"""Which fields of a rule change nothing about what it does, or switch it off."""
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


def does_no_more(draft: Draft) -> bool:
    """Return whether a rule stays as it is but for its name and place, or is switched off: that can always be done.

    Its plugin may be gone, and it may speak of what whoever switches it off doesn't see.
    """
    given = draft.values.keys()
    return draft.record is not None and given <= QUIET and (ACTIVE not in given or not draft.get(ACTIVE))


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
        check_value(session, draft, entity, name)


def check_value(session: Session, draft: Draft, entity: EntityModel, name: str) -> None:
    """Refuse a value that a field can't reach."""
    field, value = entity.fields[name], draft.get("value")
    if not is_measurable(field):
        text = _("{name} has no values that could be reached: it is no number, date or duration.", name=name)
        draft.refuse("field", text)
        return
    try:
        if value is not None:
            field.kind.parse(value, session.model.conventions)
    except InvalidValue as error:
        draft.refuse("value", str(error))


def check_action(session: Session, draft: Draft, rule: AutomationRule, entity: EntityModel | None) -> None:
    """Refuse an action that there isn't, values with which it can't be done, and rules that see more than the actor."""
    name, given = str(draft.get("action")), draft.get("values")
    actions = {each.name: each for each, _plugin in session.model.of(Action)}
    action = actions.get(name)
    if action is None:
        close = nearest(name, actions)
        hint = _(" Did you mean {close!r}?", close=close) if close else ""
        names = ", ".join(sorted(actions))
        draft.refuse("action", _("There are these actions: {names}.{hint}", names=names, hint=hint))
        return
    if given is not None and not isinstance(given, dict):
        draft.refuse("values", _("Give the values by their names, as an object."))
        return
    if entity is None:
        return
    if rule.applies_if and not conditions.is_usable(session.acting, entity, rule.applies_if, as_system=False):
        draft.refuse("rule", _("The rule asks for what you may not see."))
    values = cast("dict[str, object]", given or {})
    for refusal in problems_of(session.acting, action, entity, values):
        path = "action" if refusal.path == "entity" else f"values.{refusal.path}"
        draft.refuse(path, refusal.text)
    for path, text in quoting.problems_of(session.acting, entity, values):
        draft.refuse(f"values.{path}", text)


def refuse_deleted(session: Session, drafts: Batch[DeleteDraft]) -> None:
    """Refuse to delete what is in the log of records that are there; it goes along with them, or by the system."""
    text = _("What rules did can't be deleted; it goes with the record.")
    refuse_while_there(session, drafts.of(AutomationRun), "record", text)
