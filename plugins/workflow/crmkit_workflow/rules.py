"""Rules: what automation and watches declare, and what they do in the hooks of the plugin."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crmkit_workflow.automation import catching, noting, scheduled, terms
from crmkit_workflow.automation import declarations as automation
from crmkit_workflow.automation import guarding as guarding_automation
from crmkit_workflow.watches import catching as watching
from crmkit_workflow.watches import declarations as watches
from crmkit_workflow.watches import guarding as guarding_watches

if TYPE_CHECKING:
    from crmkit import Batch, Change, DeleteDraft, Emission, Session
    from crmkit.core.lifecycle.drafts import Draft

DECLARATIONS = (*automation.DECLARATIONS, *watches.DECLARATIONS)


def before_write(session: Session, drafts: Batch[Draft]) -> None:
    """Check rules and watches."""
    guarding_automation.check(session, drafts)
    scheduled.begin_anew(session, drafts)
    guarding_watches.check(session, drafts)


def before_delete(session: Session, drafts: Batch[DeleteDraft]) -> None:
    """Keep the log as long as its records are there, and check what is taken off rules."""
    guarding_automation.check_deleted(session, drafts)
    guarding_automation.refuse_deleted(session, drafts)


def after_write(session: Session, changes: Batch[Change], *, moved: bool = False) -> None:
    """Note which rules are for records that were written, and which watches fire."""
    terms.renew(session, changes)
    watching.renew(session, changes)
    catching.catch_changes(session, changes, moved=moved)
    watching.catch(session, changes)


def after_restore(session: Session, changes: Batch[Change]) -> None:
    """Follow rules and watches that are back, and carry out what waited when its records were deleted."""
    renew(session, changes)
    noting.ask_again(session, changes)


def renew(session: Session, changes: Batch[Change]) -> None:
    """Follow rules and watches that were deleted or brought back."""
    terms.renew(session, changes)
    watching.renew(session, changes)


def after_emit(session: Session, emissions: Batch[Emission]) -> None:
    """Note which rules are for declared events."""
    catching.catch_events(session, emissions)
