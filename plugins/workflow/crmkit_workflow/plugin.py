"""Workflow: who does what next, and by when."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crmkit import Manifest, hookimpl
from crmkit_workflow import hands, timekeeping
from crmkit_workflow.positions import entities as positions
from crmkit_workflow.positions import rules as position_rules

if TYPE_CHECKING:
    from collections.abc import Iterator

    from crmkit import Batch, Change, CreateDraft, DeleteDraft, MoveDraft, Session, UpdateDraft

manifest = Manifest(
    name="workflow",
    version="0.1.0",
    crmkit=">=0.1,<0.2",
    summary="Queues and pools, approvals, reviews, hand-over, clocks, escalations and rules.",
)


@hookimpl
def crmkit_declare() -> Iterator[object]:
    """Yield what each part of the plugin declares."""
    yield from positions.DECLARATIONS
    yield from hands.DECLARATIONS
    yield from timekeeping.DECLARATIONS


@hookimpl
def crmkit_before_create(session: Session, drafts: Batch[CreateDraft]) -> None:
    """Check new records of the plugin, and note whose new records are."""
    position_rules.check(session, drafts)
    hands.before_create(session, drafts)
    timekeeping.before_write(session, drafts)


@hookimpl
def crmkit_before_update(session: Session, drafts: Batch[UpdateDraft]) -> None:
    """Check changed records of the plugin, and note whose records are from now on."""
    position_rules.check(session, drafts)
    hands.before_update(session, drafts)
    timekeeping.before_write(session, drafts)


@hookimpl
def crmkit_before_move(session: Session, moves: Batch[MoveDraft]) -> None:
    """Note whose records are from now on."""
    hands.before_move(session, moves)


@hookimpl
def crmkit_before_delete(session: Session, drafts: Batch[DeleteDraft]) -> None:
    """Keep the history of owners, pools that are needed, and clocks."""
    hands.before_delete(session, drafts)
    timekeeping.before_delete(session, drafts)


@hookimpl
def crmkit_after_create(session: Session, changes: Batch[Change]) -> None:
    """Write the history of owners, and follow with clocks."""
    hands.after_write(session, changes)
    timekeeping.after_write(session, changes)


@hookimpl
def crmkit_after_update(session: Session, changes: Batch[Change]) -> None:
    """Write the history of owners, and follow with clocks."""
    hands.after_write(session, changes)
    timekeeping.after_write(session, changes)


@hookimpl
def crmkit_after_move(session: Session, changes: Batch[Change]) -> None:
    """Write the history of owners, and follow with clocks."""
    hands.after_write(session, changes)
    timekeeping.after_write(session, changes)


@hookimpl
def crmkit_after_delete(session: Session, changes: Batch[Change]) -> None:
    """Close the gaps that deleted positions leave, and follow deleted rules."""
    position_rules.close_gaps(session, changes)
    timekeeping.after_delete(session, changes)
