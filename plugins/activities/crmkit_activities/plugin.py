"""Activities: what was done, what is due, and who is free."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crmkit import Manifest, hookimpl
from crmkit_activities import (
    activity,
    assigned,
    assignments,
    attachments,
    completion,
    contacted,
    demonstration,
    filling,
    kinds,
    memos,
    notebook,
    participants,
    planning,
    reports,
    roles,
    sections,
    stages,
    touchpoints,
)
from crmkit_activities.care import dates
from crmkit_activities.events import commands as event_commands
from crmkit_activities.events import conflicts, event, letters, notifying
from crmkit_activities.events import hooks as event_hooks
from crmkit_activities.follow_up import plan, resetting, withdrawing
from crmkit_activities.mail import channel, servers
from crmkit_activities.reminders import following, reminder
from crmkit_activities.tasks import dependencies, recurring
from crmkit_activities.worklist import handled, showing
from crmkit_activities.worklist import kinds as worklist_kinds

if TYPE_CHECKING:
    from collections.abc import Iterator

    from crmkit import Batch, Change, CreateDraft, MoveDraft, RestoreDraft, Session, UpdateDraft

manifest = Manifest(
    name="activities",
    version="0.1.0",
    crmkit=">=0.1,<0.2",
    summary="Calls, meetings, tasks, a shared calendar, reminders, follow-up and the worklist.",
)


@hookimpl
def crmkit_declare() -> Iterator[object]:
    """Yield what each part of the plugin declares."""
    yield from activity.DECLARATIONS
    yield from kinds.DECLARATIONS
    yield from stages.DECLARATIONS
    yield from contacted.DECLARATIONS
    yield from dependencies.DECLARATIONS
    yield from assignments.DECLARATIONS
    yield from assigned.DECLARATIONS
    yield from memos.DECLARATIONS
    yield from notebook.DECLARATIONS
    yield from attachments.DECLARATIONS
    yield from planning.DECLARATIONS
    yield from reports.DECLARATIONS
    yield from roles.DECLARATIONS
    yield from sections.DECLARATIONS
    yield from event.DECLARATIONS
    yield from conflicts.DECLARATIONS
    yield from event_commands.DECLARATIONS
    yield from letters.DECLARATIONS
    yield from channel.DECLARATIONS
    yield from reminder.DECLARATIONS
    yield from plan.DECLARATIONS
    yield from withdrawing.DECLARATIONS
    yield from dates.DECLARATIONS
    yield from handled.DECLARATIONS
    yield from worklist_kinds.DECLARATIONS
    yield from showing.DECLARATIONS
    yield from demonstration.DECLARATIONS


@hookimpl
def crmkit_before_create(session: Session, drafts: Batch[CreateDraft]) -> None:
    """Fill in what follows from other values, and check what kinds ask for."""
    filling.fill(session, drafts)
    assigned.note(session, drafts)
    filling.check_fields(session, drafts)
    recurring.check(session, drafts)
    dependencies.check(session, drafts)
    servers.check(session, drafts)
    event_hooks.before_write(session, drafts)
    reminder.check(session, drafts)
    plan.check(session, drafts)
    following.reckon(session, drafts)


@hookimpl
def crmkit_before_update(session: Session, drafts: Batch[UpdateDraft]) -> None:
    """Fill in what follows from other values, and check what kinds ask for."""
    filling.fill(session, drafts)
    assigned.note(session, drafts)
    filling.check_fields(session, drafts)
    recurring.check(session, drafts)
    dependencies.check(session, drafts)
    servers.check(session, drafts)
    reminder.check(session, drafts)
    plan.check(session, drafts)
    following.reckon(session, drafts)
    completion.check_changed(session, drafts)
    withdrawing.let_go(session, drafts)
    event_hooks.before_write(session, drafts)


@hookimpl
def crmkit_before_restore(session: Session, drafts: Batch[RestoreDraft]) -> None:
    """Check whether there is time for what comes back."""
    event_hooks.before_restore(session, drafts)


@hookimpl
def crmkit_before_move(session: Session, moves: Batch[MoveDraft]) -> None:
    """Check what it takes to be done."""
    completion.check_done(session, moves)
    dependencies.check_done(session, moves)
    touchpoints.note_stages(session, moves)


@hookimpl
def crmkit_after_create(session: Session, changes: Batch[Change]) -> None:
    """Follow what was done already."""
    completion.announce(session, changes)
    contacted.follow(session, changes)
    contacted.follow_participants(session, changes)
    recurring.follow(session, changes)
    memos.remind(session, changes)
    event_hooks.after_create(session, changes)
    notifying.after_create(session, changes)
    participants.after_create(session, changes)
    following.hand_on(session, changes)
    following.follow(session, changes)


@hookimpl
def crmkit_after_update(session: Session, changes: Batch[Change]) -> None:
    """Follow what was changed of what was done, and what was moved to another time."""
    contacted.follow(session, changes)
    memos.remind(session, changes)
    event_hooks.after_update(session, changes)
    notifying.after_update(session, changes)
    participants.after_update(session, changes)
    resetting.reset(session, changes)
    withdrawing.follow(session, changes)
    following.follow(session, changes)


@hookimpl
def crmkit_after_delete(session: Session, changes: Batch[Change]) -> None:
    """Follow what is gone."""
    event_hooks.after_delete(session, changes)
    notifying.after_delete(session, changes)
    assignments.report_deleted(session, changes)
    withdrawing.follow(session, changes)
    following.follow(session, changes)


@hookimpl
def crmkit_after_restore(session: Session, changes: Batch[Change]) -> None:
    """Follow what is there again."""
    event_hooks.after_restore(session, changes)
    notifying.after_create(session, changes)
    following.follow(session, changes)


@hookimpl
def crmkit_after_move(session: Session, changes: Batch[Change]) -> None:
    """Follow what was done now."""
    completion.announce(session, changes)
    contacted.follow(session, changes)
    recurring.follow(session, changes)
    assignments.report(session, changes)
    withdrawing.follow(session, changes)
    participants.after_move(session, changes)
    following.follow(session, changes)
