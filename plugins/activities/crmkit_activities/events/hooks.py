"""What events do when something is written, in its order."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crmkit_activities.events import announcing, attendance, conflicts, groups, guests, occurrences, planning

if TYPE_CHECKING:
    from crmkit import Batch, Change, RestoreDraft, Session
    from crmkit.core.lifecycle.drafts import Draft


def before_write(session: Session, drafts: Batch[Draft]) -> None:
    """Work out the times of events, and refuse what doesn't fit or is in somebody's way."""
    planning.plan(session, drafts)
    attendance.check(session, drafts)
    groups.check(session, drafts)
    conflicts.refuse_clashes(session, drafts)


def after_create(session: Session, changes: Batch[Change]) -> None:
    """Invite those for whom groups stand, and tell of what is new and what is in the way."""
    guests.copy(session, changes)
    after_update(session, changes)


def after_update(session: Session, changes: Batch[Change]) -> None:
    """Follow users who come and go, have occurrences follow series, and tell what is different or in the way."""
    occurrences.follow(session, changes)
    guests.follow(session, changes)
    groups.follow_groups(session, changes)
    groups.follow_users(session, changes)
    announcing.announce(session, changes)
    conflicts.tell_clashes(session, changes)


def before_restore(session: Session, drafts: Batch[RestoreDraft]) -> None:
    """Refuse what is in somebody's way by now, and occurrences of series that aren't there any more."""
    occurrences.check_restored(session, drafts)
    conflicts.refuse_clashes(session, drafts)


def after_restore(session: Session, changes: Batch[Change]) -> None:
    """Bring back what went with what is there again, and tell of that and of what is in the way."""
    occurrences.follow_restoration(session, changes)
    announcing.announce(session, changes)
    conflicts.tell_clashes(session, changes)


def after_delete(session: Session, changes: Batch[Change]) -> None:
    """Take back what rested on what is gone, and tell that it is."""
    groups.take_back(session, changes)
    announcing.announce_deletion(session, changes)
    occurrences.follow_deletion(session, changes)
    guests.follow_deletion(session, changes)
