"""Decisions: what the plugin does at writes for positions, approvals, delegations, reviews and scores."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crmkit_workflow.approvals import (
    faces,
    flow_rules,
    flows,
    following,
    gating,
    leaving,
    locking,
    requests,
    status,
    voiding,
)
from crmkit_workflow.completeness import entities as completeness
from crmkit_workflow.completeness import scoring
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
    *completeness.DECLARATIONS,
    *faces.DECLARATIONS,
    *following.DECLARATIONS,
)


def before_create(session: Session, drafts: Batch[CreateDraft]) -> None:
    """Check what the plugin's rules are made of, lock what is being approved, mark what is reviewed, and score."""
    position_rules.check(session, drafts)
    flow_rules.check(session, drafts)
    delegation_rules.check(session, drafts)
    locking.refuse_changes(session, drafts)
    gating.begin_as_draft(session, drafts)
    review_rules.check(session, drafts)
    reviews.mark_new(session, drafts)
    scoring.check(session, drafts)
    scoring.fill(session, drafts)


def before_update(session: Session, drafts: Batch[UpdateDraft]) -> None:
    """Check what the plugin's rules are made of, lock what is being approved, mark what is reviewed, and score."""
    position_rules.check(session, drafts)
    flow_rules.check(session, drafts)
    delegation_rules.check(session, drafts)
    locking.refuse_changes(session, drafts)
    voiding.void_changed(session, drafts)
    gating.begin_as_draft(session, drafts)
    review_rules.check(session, drafts)
    reviews.mark_changed(session, drafts)
    scoring.check(session, drafts)
    scoring.fill(session, drafts)


def before_move(session: Session, moves: Batch[MoveDraft]) -> None:
    """Lock what is being approved, ask for approvals that stages need, and mark what is reviewed."""
    locking.refuse_changes(session, moves)
    voiding.void_changed(session, moves)
    gating.begin_as_draft(session, moves)
    gating.check_moves(session, moves)
    reviews.mark_changed(session, moves)
    scoring.fill(session, moves)


def before_delete(session: Session, drafts: Batch[DeleteDraft]) -> None:
    """Keep what processes name, lock what is being approved, and keep what was decided."""
    position_rules.refuse_named(session, drafts)
    flow_rules.refuse_others(session, drafts)
    locking.refuse_changes(session, drafts)
    locking.refuse_deletion(session, drafts)


def before_merge(session: Session, drafts: Batch[MergeDraft]) -> None:
    """Lock what is being approved."""
    locking.refuse_changes(session, drafts)


def after_create(session: Session, changes: Batch[Change]) -> None:
    """Begin reviews of new records, follow who holds positions, and keep scores right."""
    voiding.void_by_parts(session, changes)
    following.follow_changes(session, changes)
    reviews.begin_rounds(session, changes)
    follow_scores(session, changes)


def after_update(session: Session, changes: Batch[Change]) -> None:
    """Close void approvals, begin reviews of changed records, and hand on what awaits who left."""
    reviews.begin_rounds(session, changes)
    voiding.note_void(session, changes)
    voiding.restart_grown(session, changes)
    voiding.void_by_parts(session, changes)
    following.follow_changes(session, changes)
    leaving.hand_on(session, changes)
    follow_scores(session, changes)


def follow_scores(session: Session, changes: Batch[Change]) -> None:
    """Keep scores right, of what was written and, if weights were, of everything."""
    scoring.ask_again(session, changes)
    scoring.settle(session, changes)


def after_move(session: Session, changes: Batch[Change]) -> None:
    """Begin reviews of changed records, close void approvals, and keep scores right."""
    reviews.begin_rounds(session, changes)
    voiding.note_void(session, changes)
    voiding.restart_grown(session, changes)
    scoring.settle(session, changes)


def after_restore(session: Session, changes: Batch[Change]) -> None:
    """Find positions that are back their places, follow their holders, and score anew by a rule that is back."""
    position_rules.find_places(session, changes)
    voiding.void_by_parts(session, changes)
    following.follow_changes(session, changes)
    scoring.ask_again(session, changes)


def after_delete(session: Session, changes: Batch[Change]) -> None:
    """Close the gaps that deleted positions leave, and hand on what awaits who left."""
    position_rules.close_gaps(session, changes)
    voiding.void_by_parts(session, changes)
    following.follow_changes(session, changes)
    leaving.hand_on(session, changes)
    scoring.ask_again(session, changes)
