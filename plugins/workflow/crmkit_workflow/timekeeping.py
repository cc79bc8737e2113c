"""Timekeeping: what clocks and escalations declare, and what they do in the hooks of the plugin."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crmkit_workflow.clocks import declarations as clocks
from crmkit_workflow.clocks import following, recomputing, terms
from crmkit_workflow.clocks import guarding as guarding_clocks
from crmkit_workflow.escalations import declarations as escalations
from crmkit_workflow.escalations import guarding as guarding_escalations

if TYPE_CHECKING:
    from crmkit import Batch, Change, DeleteDraft, Session
    from crmkit.core.lifecycle.drafts import Draft

DECLARATIONS = (*clocks.DECLARATIONS, *escalations.DECLARATIONS)


def before_write(session: Session, drafts: Batch[Draft]) -> None:
    """Check rules."""
    guarding_clocks.check(session, drafts)
    guarding_escalations.check(session, drafts)


def before_delete(session: Session, drafts: Batch[DeleteDraft]) -> None:
    """Keep clocks and escalations as long as their records are there, and check what is taken off rules."""
    guarding_clocks.check_deleted(session, drafts)
    guarding_escalations.check_deleted(session, drafts)
    guarding_clocks.refuse_deleted(session, drafts)
    guarding_escalations.refuse_deleted(session, drafts)


def after_write(session: Session, changes: Batch[Change]) -> None:
    """Follow records with clocks, and changed rules and calendars."""
    terms.renew(session, changes)
    recomputing.ask_for(session, changes)
    following.follow(session, changes)


def renew(session: Session, changes: Batch[Change]) -> None:
    """Follow rules and calendars that were deleted or brought back."""
    terms.renew(session, changes)
    recomputing.ask_for(session, changes)
