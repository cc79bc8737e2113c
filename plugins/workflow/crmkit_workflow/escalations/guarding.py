"""Guarding escalations: rules and levels of which something can come."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, cast

from crmkit.errors import InvalidValue
from crmkit.translation import _
from crmkit_workflow import conditions
from crmkit_workflow.escalations.entities import Escalation, EscalationLevel, EscalationRule
from crmkit_workflow.keeping import refuse_while_there
from crmkit_workflow.queues.entities import Queue
from crmkit_workflow.reach import check_author, check_part, does_no_more, may_with_all

if TYPE_CHECKING:
    from crmkit import Batch, DeleteDraft, EntityModel, Session
    from crmkit.core.lifecycle.drafts import Draft

ACTIONS = ("tell_owner", "tell_superior", "tell", "to_superior", "to", "to_queue", "field")
HEIRS = ("to_superior", "to", "to_queue")


def check(session: Session, drafts: Batch[Draft]) -> None:
    """Refuse rules that can't be asked, and levels that would do nothing or can't be done."""
    for draft in drafts.of(EscalationRule):
        check_rule(session, draft)
    for draft in drafts.of(EscalationLevel):
        check_level(session, draft)


def check_rule(session: Session, draft: Draft) -> None:
    """Refuse a rule that can't be asked, or that asks for or does what whoever writes it may not."""
    conditions.refuse_unless_for_all(session, draft)
    entity = conditions.check_entity(session, draft)
    if entity is not None:
        conditions.check(session, draft, entity, "applies_if")
        if not does_no_more(draft):
            check_author(session, draft, entity, "applies_if")
            check_levels(session, draft, entity)
        if draft.get("hours") == "owner" and entity.owner is None:
            draft.refuse("hours", _("Records of {entity} have no owner.", entity=entity.name))
    if draft.record is not None and draft.sets("entity"):
        draft.refuse("entity", _("A rule keeps its entity. Make another rule."))


def check_level(session: Session, draft: Draft) -> None:
    """Refuse a level that would do nothing, that can't be done, or that does what whoever writes it may not."""
    rule = draft.related("rule")
    known = session.model.entities.get(rule.entity) if isinstance(rule, EscalationRule) else None
    after = draft.get("after")
    if after is not None and cast("timedelta", after) <= timedelta(0):
        draft.refuse("after", _("An age must be longer than no time."))
    if not any(draft.get(each) for each in ACTIONS):
        draft.refuse("tell_owner", _("Say what is done at this level."))
    heirs = [each for each in HEIRS if draft.get(each)]
    if len(heirs) > 1:
        draft.refuse(heirs[-1], _("It can go to one new owner only."))
    if known is not None and isinstance(rule, EscalationRule):
        check_part(session, draft, known, rule.applies_if)
        check_heirs(session, draft, known)
        check_owner(draft, known)
        check_queue(draft, known)
        check_field(session, draft, known)


def check_levels(session: Session, draft: Draft, entity: EntityModel) -> None:
    """Refuse to change a rule whose levels do what whoever changes it may not."""
    acting = session.acting
    if draft.record is None or acting.principal.reaches_all:
        return
    levels = session.find(EscalationLevel, {"rule": draft.record})
    if not all(may_do(acting, entity, level) for level in levels):
        draft.refuse("name", _("You may not do all that the rule does."))


def may_do(session: Session, entity: EntityModel, level: EscalationLevel) -> bool:
    """Return whether the session's actor may do with all records what a level does."""
    gives = any(getattr(level, each) for each in HEIRS)
    if gives and not may_with_all(session, entity, "transfer"):
        return False
    return level.field is None or may_set(session, entity, level.field)


def check_heirs(session: Session, draft: Draft, entity: EntityModel) -> None:
    """Refuse that somebody has records given to others who may not give all of them."""
    names = [each for each in HEIRS if draft.get(each)]
    if names and not may_with_all(session.acting, entity, "transfer"):
        text = _("It is for those who may do this with all records of {entity}.", entity=entity.name)
        draft.refuse(names[0], text)


def may_set(session: Session, entity: EntityModel, name: str) -> bool:
    """Return whether the session's actor may set a field of all records; a field that is gone is no obstacle."""
    principal = session.principal
    locked = frozenset[str]() if principal.reaches_all else principal.rights.locked(entity)
    return name not in locked and may_with_all(session, entity, "update")


def check_owner(draft: Draft, entity: EntityModel) -> None:
    """Refuse to give records to somebody that have no owner."""
    for name in ("to", "to_superior"):
        if draft.get(name) and entity.owner is None:
            draft.refuse(name, _("Records of {entity} have no owner.", entity=entity.name))


def check_queue(draft: Draft, entity: EntityModel) -> None:
    """Refuse to give records to a queue that is for other ones, or off."""
    queue = draft.related("to_queue") if draft.sets("to_queue") else None
    if isinstance(queue, Queue) and (queue.entity != entity.name or not queue.active):
        draft.refuse("to_queue", _("The queue is not active, or not for these records."))


def check_field(session: Session, draft: Draft, entity: EntityModel) -> None:
    """Refuse a field that there isn't or that whoever writes the level may not set, and a value that it can't have."""
    name, value = draft.get("field"), draft.get("value")
    if name is None:
        if value is not None:
            draft.refuse("field", _("Say which field gets this value."))
        return
    field, is_open = entity.writable.get(str(name)), may_set(session.acting, entity, str(name))
    if field is None or field.declared.locked or str(name) == entity.owner or not is_open:
        draft.refuse("field", _("{entity} has no field {name} that could be set.", entity=entity.name, name=name))
        return
    try:
        if value is not None:
            field.kind.parse(value, session.model.conventions)
    except InvalidValue as error:
        draft.refuse("value", str(error))


def check_deleted(session: Session, drafts: Batch[DeleteDraft]) -> None:
    """Refuse to take levels off a rule by somebody who may not do what they do; the whole rule may always go."""
    for draft in drafts.of(EscalationLevel):
        rule, level = draft.related("rule"), draft.record
        known = session.model.entities.get(rule.entity) if isinstance(rule, EscalationRule) else None
        if known is None or not isinstance(rule, EscalationRule) or not isinstance(level, EscalationLevel):
            continue
        check_part(session, draft, known, rule.applies_if)
        if not may_do(session.acting, known, level):
            draft.refuse("rule", _("You may not do all that the rule does."))


def refuse_deleted(session: Session, drafts: Batch[DeleteDraft]) -> None:
    """Refuse to forget levels that a record has reached, as it would reach them again; they go with the record."""
    text = _("Escalations can't be deleted; they go with their record.")
    refuse_while_there(session, drafts.of(Escalation), "record", text)
