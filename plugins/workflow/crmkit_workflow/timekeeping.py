"""Timekeeping: what clocks declare, and what they do in the hooks of the plugin."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crmkit_workflow.clocks import declarations, following, guarding, recomputing, terms

if TYPE_CHECKING:
    from crmkit import Batch, Change, DeleteDraft, Session
    from crmkit.core.lifecycle.drafts import Draft

DECLARATIONS = (*declarations.DECLARATIONS,)


def before_write(session: Session, drafts: Batch[Draft]) -> None:
    """Check rules."""
    guarding.check(session, drafts)


def before_delete(session: Session, drafts: Batch[DeleteDraft]) -> None:
    """Keep clocks as long as their records are there."""
    guarding.refuse_deleted(session, drafts)


def after_write(session: Session, changes: Batch[Change]) -> None:
    """Follow records with clocks, and changed rules and calendars."""
    terms.renew(session, changes)
    recomputing.ask_for(session, changes)
    following.follow(session, changes)


def after_delete(session: Session, changes: Batch[Change]) -> None:
    """Follow deleted rules and calendars."""
    terms.renew(session, changes)
    recomputing.ask_for(session, changes)
