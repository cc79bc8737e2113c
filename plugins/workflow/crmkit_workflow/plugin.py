"""Workflow: who does what next, and by when."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crmkit import Manifest, hookimpl
from crmkit_workflow import decisions, demonstration, hands, rules, timekeeping

if TYPE_CHECKING:
    from collections.abc import Iterator

    from crmkit import Batch, Change, CreateDraft, DeleteDraft, Emission, MergeDraft, MoveDraft, Session, UpdateDraft

manifest = Manifest(
    name="workflow",
    version="0.1.0",
    crmkit=">=0.1,<0.2",
    summary="Queues and pools, approvals, reviews, hand-over, clocks, escalations and rules.",
)


@hookimpl
def crmkit_declare() -> Iterator[object]:
    """Yield what each part of the plugin declares."""
    yield from decisions.DECLARATIONS
    yield from hands.DECLARATIONS
    yield from demonstration.DECLARATIONS
    yield from timekeeping.DECLARATIONS
    yield from rules.DECLARATIONS


@hookimpl
def crmkit_before_create(session: Session, drafts: Batch[CreateDraft]) -> None:
    """Check new records of the plugin, and note whose new records are."""
    decisions.before_create(session, drafts)
    hands.before_create(session, drafts)
    timekeeping.before_write(session, drafts)
    rules.before_write(session, drafts)


@hookimpl
def crmkit_before_update(session: Session, drafts: Batch[UpdateDraft]) -> None:
    """Check changed records of the plugin, and note whose records are from now on."""
    decisions.before_update(session, drafts)
    hands.before_update(session, drafts)
    timekeeping.before_write(session, drafts)
    rules.before_write(session, drafts)


@hookimpl
def crmkit_before_move(session: Session, moves: Batch[MoveDraft]) -> None:
    """Ask for what a move needs, and note whose records are from now on."""
    decisions.before_move(session, moves)
    hands.before_move(session, moves)


@hookimpl
def crmkit_before_delete(session: Session, drafts: Batch[DeleteDraft]) -> None:
    """Keep what is needed, what stays on record, and clocks."""
    decisions.before_delete(session, drafts)
    hands.before_delete(session, drafts)
    timekeeping.before_delete(session, drafts)
    rules.before_delete(session, drafts)


@hookimpl
def crmkit_before_merge(session: Session, drafts: Batch[MergeDraft]) -> None:
    """Keep together what is being approved."""
    decisions.before_merge(session, drafts)


@hookimpl
def crmkit_after_create(session: Session, changes: Batch[Change]) -> None:
    """Begin reviews, write the history of owners, follow with clocks, and note rules."""
    decisions.after_create(session, changes)
    hands.after_create(session, changes)
    timekeeping.after_write(session, changes)
    rules.after_write(session, changes)


@hookimpl
def crmkit_after_update(session: Session, changes: Batch[Change]) -> None:
    """Follow up decisions, write the history of owners, follow with clocks, and note rules."""
    decisions.after_update(session, changes)
    hands.after_change(session, changes)
    timekeeping.after_write(session, changes)
    rules.after_write(session, changes)


@hookimpl
def crmkit_after_move(session: Session, changes: Batch[Change]) -> None:
    """Follow up decisions, write the history of owners, follow with clocks, and note rules."""
    decisions.after_move(session, changes)
    hands.after_change(session, changes)
    timekeeping.after_write(session, changes)
    rules.after_write(session, changes, moved=True)


@hookimpl
def crmkit_after_delete(session: Session, changes: Batch[Change]) -> None:
    """Close the gaps that deleted records leave, and follow deleted rules."""
    decisions.after_delete(session, changes)
    hands.after_delete(session, changes)
    timekeeping.renew(session, changes)
    rules.renew(session, changes)


@hookimpl
def crmkit_after_restore(session: Session, changes: Batch[Change]) -> None:
    """Have rules count again that were brought back, and have somebody own and carry out what is back."""
    decisions.after_restore(session, changes)
    hands.after_restore(session, changes)
    timekeeping.renew(session, changes)
    rules.after_restore(session, changes)


@hookimpl
def crmkit_after_emit(session: Session, emissions: Batch[Emission]) -> None:
    """Note which rules are for declared events."""
    rules.after_emit(session, emissions)
