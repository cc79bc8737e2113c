"""Decisions: what the plugin does at writes for positions, approvals, delegations and reviews."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crmkit_workflow.approvals import flow_rules, flows, gating, leaving, locking, requests, status
from crmkit_workflow.delegation import entities as delegation
from crmkit_workflow.delegation import rules as delegation_rules
from crmkit_workflow.positions import entities as positions
from crmkit_workflow.positions import rules as position_rules
from crmkit_workflow.reviews import beginning as reviews
from crmkit_workflow.reviews import entities as review_entities
from crmkit_workflow.reviews import rules as review_rules
from crmkit_workflow.reviews import status as review_status

if TYPE_CHECKING:
    from crmkit import Batch, Change, CreateDraft, DeleteDraft, MergeDraft, MoveDraft, Session, UpdateDraft

DECLARATIONS = (
    *positions.DECLARATIONS,
    *status.DECLARATIONS,
    *flows.DECLARATIONS,
    *delegation.DECLARATIONS,
    *requests.DECLARATIONS,
    *review_status.DECLARATIONS,
    *review_entities.DECLARATIONS,
)


def before_create(session: Session, drafts: Batch[CreateDraft]) -> None:
    """Check new positions, flows and delegations, and lock what is being approved."""
    position_rules.check(session, drafts)
    flow_rules.check(session, drafts)
    delegation_rules.check(session, drafts)
    locking.refuse_changes(session, drafts)
    gating.begin_as_draft(session, drafts)
    review_rules.check(session, drafts)
    reviews.mark_new(session, drafts)


def before_update(session: Session, drafts: Batch[UpdateDraft]) -> None:
    """Check changed positions, flows and delegations, and lock what is being approved."""
    position_rules.check(session, drafts)
    flow_rules.check(session, drafts)
    delegation_rules.check(session, drafts)
    locking.refuse_changes(session, drafts)
    gating.void_changed(session, drafts)
    review_rules.check(session, drafts)
    reviews.mark_changed(session, drafts)


def before_move(session: Session, moves: Batch[MoveDraft]) -> None:
    """Lock what is being approved, and ask for approvals that stages need."""
    locking.refuse_changes(session, moves)
    gating.void_changed(session, moves)
    gating.check_moves(session, moves)


def before_delete(session: Session, drafts: Batch[DeleteDraft]) -> None:
    """Lock what is being approved, and keep what was decided."""
    flow_rules.refuse_others(session, drafts)
    locking.refuse_changes(session, drafts)
    locking.refuse_deletion(session, drafts)


def before_merge(session: Session, drafts: Batch[MergeDraft]) -> None:
    """Lock what is being approved."""
    locking.refuse_changes(session, drafts)


def after_create(session: Session, changes: Batch[Change]) -> None:
    """Begin reviews of new records."""
    reviews.begin_rounds(session, changes)


def after_update(session: Session, changes: Batch[Change]) -> None:
    """Close void approvals, begin reviews of changed records, and hand on what awaits who left."""
    reviews.begin_rounds(session, changes)
    gating.note_void(session, changes)
    leaving.hand_on(session, changes)


def after_move(session: Session, changes: Batch[Change]) -> None:
    """Close void approvals."""
    gating.note_void(session, changes)


def after_delete(session: Session, changes: Batch[Change]) -> None:
    """Close the gaps that deleted positions leave, and hand on what awaits who left."""
    position_rules.close_gaps(session, changes)
    leaving.hand_on(session, changes)
