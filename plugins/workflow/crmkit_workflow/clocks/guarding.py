"""Guarding clocks: rules that can be asked, and clocks that nobody stops or deletes but the plugin itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crmkit.translation import _
from crmkit_workflow import conditions
from crmkit_workflow.clocks.entities import Clock, ClockAlert, ClockInterval, ClockRule, ClockTarget, ClockTerms
from crmkit_workflow.clocks.timing import NO_TIME
from crmkit_workflow.keeping import refuse_while_there
from crmkit_workflow.reach import check_author, check_part, does_no_more

if TYPE_CHECKING:
    from crmkit import Batch, DeleteDraft, Session
    from crmkit.core.lifecycle.drafts import Draft

KEPT = (Clock, ClockInterval, ClockAlert)
"""What the plugin keeps about a record; each is a part of the one before."""
OWN = frozenset({"clock", "clock_interval", "clock_alert", "clock_rule", "clock_target", "clock_terms"})
ASKED = ("applies_if", "starts_if", "pauses_if", "stops_if")
"""The conditions of a rule."""


def check(session: Session, drafts: Batch[Draft]) -> None:
    """Refuse rules and targets of which no clock could come."""
    for draft in drafts.of(ClockRule):
        conditions.refuse_unless_for_all(session, draft)
        check_length(draft)
        entity = conditions.check_entity(session, draft)
        if entity is None:
            continue
        if entity.name in OWN:
            draft.refuse("entity", _("Clocks don't measure each other."))
        if draft.record is not None and draft.sets("entity", "measure"):
            draft.refuse("entity", _("A rule keeps its entity and what it measures. Make another rule."))
        conditions.check(session, draft, entity, *ASKED)
        if not does_no_more(draft):
            check_author(session, draft, entity, *ASKED)
    for draft in drafts.of(ClockTarget):
        check_length(draft)
        rule = draft.related("rule")
        known = session.model.entities.get(rule.entity) if isinstance(rule, ClockRule) else None
        if known is not None:
            conditions.check(session, draft, known, "applies_if")
            kept = [] if draft.sets("applies_if") else [draft.get("applies_if")]
            check_part(session, draft, known, *(getattr(rule, each) for each in ASKED), *kept)


def check_deleted(session: Session, drafts: Batch[DeleteDraft]) -> None:
    """Refuse to take targets off a rule by somebody who doesn't see all that they ask for; the whole rule may go."""
    for draft in drafts.of(ClockTarget):
        rule = draft.related("rule")
        known = session.model.entities.get(rule.entity) if isinstance(rule, ClockRule) else None
        if known is not None:
            check_part(session, draft, known, *(getattr(rule, each) for each in ASKED), draft.get("applies_if"))


def check_length(draft: Draft) -> None:
    """Refuse a target of no time."""
    length = draft.get("target")
    if length is not None and length <= NO_TIME:  # type: ignore[operator]
        draft.refuse("target", _("A target must be longer than no time."))


def refuse_deleted(session: Session, drafts: Batch[DeleteDraft]) -> None:
    """Refuse to delete clocks of records that are there; they go along with them, or by the system."""
    if session.principal.user is None:
        return
    for draft in drafts.of(ClockTerms):
        draft.refuse("rule", _("Clocks go by these terms. They stay."))
    text = _("Clocks can't be deleted; they go with their record.")
    for entity in KEPT:
        refuse_while_there(session, drafts.of(entity), "record" if entity is Clock else "clock", text)
