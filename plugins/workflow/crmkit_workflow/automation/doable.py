"""Doable: whether the actions of a rule can be done with their values, and whether whoever writes it may do them."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from crmkit import Action
from crmkit.core.declare.names import nearest
from crmkit.core.lifecycle.actions import problems_of
from crmkit.translation import _
from crmkit_workflow.automation import quoting
from crmkit_workflow.automation.entities import AutomationAction, AutomationRule
from crmkit_workflow.reach import check_part

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from crmkit import EntityModel, Session
    from crmkit.core.lifecycle.drafts import Draft


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
    check_part(session, draft, entity, rule.applies_if, rule.field and f"{rule.field} is not None")
    for path, text in problems_in(session.acting, entity, action, cast("dict[str, object]", given or {})):
        draft.refuse("action" if path == "entity" else f"values.{path}", text)


def check_removed(session: Session, draft: Draft, rule: AutomationRule, entity: EntityModel) -> None:
    """Refuse to take an action off a rule by somebody who may not see and do all that the rule and the action do."""
    check_part(session, draft, entity, rule.applies_if, rule.field and f"{rule.field} is not None")
    if isinstance(draft.record, AutomationAction) and do_more_than(session, entity, [draft.record]):
        draft.refuse("rule", _("You may not do all that the rule does."))


def does_more_than(session: Session, draft: Draft, entity: EntityModel) -> bool:
    """Return whether a rule that is changed does what whoever changes it may not; the system could."""
    return do_more_than(session, entity, session.find(AutomationAction, {"rule": draft.record}))


def do_more_than(session: Session, entity: EntityModel, actions: Iterable[AutomationAction]) -> bool:
    """Return whether any of some actions does what the actor may not; the system could."""
    acting = session.acting
    if acting.principal.reaches_all:
        return False
    known = {each.name: each for each, _plugin in session.model.of(Action)}
    for each in actions:
        action = known.get(each.action)
        values = each.values if isinstance(each.values, dict) else {}
        if action is None:
            continue
        of_system = set(problems_in(session, entity, action, values))
        if set(problems_in(acting, entity, action, values)) - of_system:
            return True
    return False


def problems_in(
    session: Session, entity: EntityModel, action: Action, values: dict[str, object]
) -> Iterator[tuple[str, str]]:
    """Yield what keeps an action from being done with these values, within the session's reach."""
    for refusal in problems_of(session, action, entity, values):
        yield refusal.path, refusal.text
    yield from quoting.problems_of(session, entity, values)
