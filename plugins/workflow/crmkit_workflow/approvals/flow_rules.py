"""Rules of flows: what they speak of is there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crmkit.core.reading.filters import parse
from crmkit.errors import FilterError
from crmkit.translation import _
from crmkit_workflow.approvals.flows import ApprovalFlow, ApprovalStep
from crmkit_workflow.approvals.status import contents, is_approvable

if TYPE_CHECKING:
    from collections.abc import Iterable

    from crmkit import Batch, EntityModel, Session
    from crmkit.core.lifecycle.drafts import Draft

GUARDED = frozenset({"approval_flow", "approval_step", "approval_step_user"})


def check(session: Session, drafts: Batch[Draft]) -> None:
    """Refuse flows and steps that speak of what isn't there."""
    refuse_others(session, drafts)
    for draft in drafts.of(ApprovalFlow):
        entity = session.model.entities.get(str(draft.get("entity")))
        if entity is None or not is_approvable(entity):
            draft.refuse("entity", not_approved(session, draft.get("entity")))
            continue
        check_names(session, entity, draft)
        check_condition(session, entity, draft)
    for draft in drafts.of(ApprovalStep):
        flow = draft.related("flow")
        entity = None if flow is None else session.model.entities.get(str(dict(flow.items())["entity"]))
        if entity is not None:
            check_condition(session, entity, draft)


def refuse_others(session: Session, drafts: Batch[Draft]) -> None:
    """Refuse that flows are made by who may not change every one of them: they decide about everybody's records."""
    principal = session.principal
    if drafts.entity.name not in GUARDED or principal.user is None:
        return
    if "all" not in principal.rights.levels(session.model.entities["approval_flow"], "update"):
        for draft in drafts:
            draft.refuse("id", _("Approval flows are made by those who may change all of them."))


def not_approved(session: Session, name: object) -> str:
    """Say that records of an entity are not approved, and of which they are."""
    known = ", ".join(each.name for each in session.model.entities.values() if is_approvable(each))
    return _("{name!r} is not approved. There are: {known}.", name=name, known=known)


def check_names(session: Session, entity: EntityModel, draft: Draft) -> None:
    """Refuse fields and stages that the entity doesn't have."""
    amount, voided, stages = draft.get("amount_field"), draft.get("voided_by"), draft.get("stages")
    if amount is not None and amount not in entity.amounts:
        draft.refuse("amount_field", _("{name!r} is no amount of {entity}.", name=amount, entity=entity.name))
    parts = [each.name for each in contents(session.model, entity)]
    refuse_unknown(draft, "voided_by", voided, [*entity.writable, *parts])
    known = {each for pipeline in session.model.pipelines_of(entity.name) for each in pipeline.positions}
    refuse_unknown(draft, "stages", stages, known)


def refuse_unknown(draft: Draft, path: str, given: object, known: Iterable[str]) -> None:
    """Refuse tags that are not among the names that there are."""
    listed = sorted(known)
    for name in given if isinstance(given, tuple) else ():
        if name not in listed:
            draft.refuse(path, _("There is no {name!r}. There are: {known}.", name=name, known=", ".join(listed)))


def check_condition(session: Session, entity: EntityModel, draft: Draft) -> None:
    """Refuse a condition that is no filter over the entity, or asks for what the actor may not see."""
    condition = draft.get("condition")
    if condition is None or not draft.sets("condition", "entity", "flow"):
        return
    try:
        parse(session.model, entity, str(condition))
        session.acting.reader.selection(entity, str(condition), {})
    except FilterError as error:
        draft.refuse("condition", str(error))
