"""Hands: what the plugin does whenever a record may change hands, so that every way leads through the same rules."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crmkit_workflow import conditions, faces
from crmkit_workflow.handover import entities as hand_over_entities
from crmkit_workflow.handover import guarding as leaving
from crmkit_workflow.handover import returning, settings, transferring
from crmkit_workflow.ownership import entities, giving, guarding, poolable
from crmkit_workflow.pools import declarations, following
from crmkit_workflow.pools import entities as pool_entities
from crmkit_workflow.pools import guarding as pools
from crmkit_workflow.queues import entities as queue_entities
from crmkit_workflow.queues import guarding as queues
from crmkit_workflow.queues import routing, running

if TYPE_CHECKING:
    from crmkit import Batch, Change, CreateDraft, DeleteDraft, MoveDraft, Session, UpdateDraft
    from crmkit.core.lifecycle.drafts import Draft

DECLARATIONS = (
    *pool_entities.DECLARATIONS,
    entities.OwnershipRecord,
    *poolable.DECLARATIONS,
    *declarations.DECLARATIONS,
    *queue_entities.DECLARATIONS,
    *running.DECLARATIONS,
    *hand_over_entities.ENTITIES,
    *settings.DECLARATIONS,
    *faces.DECLARATIONS,
)
RULES = frozenset(
    {
        "pool",
        "pool_member",
        "pool_extension",
        "pool_rule",
        "queue",
        "queue_member",
        "assignment_rule",
        "hand_over_rule",
    }
)
"""What says whose the records of everybody are, or will be."""


def before_create(session: Session, drafts: Batch[CreateDraft]) -> None:
    """Check new pools, and note whose new records are."""
    check_authors(session, drafts)
    pools.check_pools(session, drafts)
    pools.check_rules(session, drafts)
    queues.check_queues(session, drafts)
    leaving.check_rules(session, drafts)
    giving.fill_new(session, drafts)
    pools.check_owners(session, drafts)
    leaving.check_owners(session, drafts)


def before_update(session: Session, drafts: Batch[UpdateDraft]) -> None:
    """Check changed pools, and note whose records are from now on."""
    check_authors(session, drafts)
    pools.check_pools(session, drafts)
    pools.check_rules(session, drafts)
    queues.check_queues(session, drafts)
    leaving.check_rules(session, drafts)
    pools.refuse_closing(session, drafts)
    leaving.check_leaving(session, drafts)
    following.note_contacts(session, drafts)
    giving.fill_changed(session, drafts)
    transferring.refuse_spent(session, drafts)
    pools.check_owners(session, drafts)
    leaving.check_owners(session, drafts)


def before_move(session: Session, moves: Batch[MoveDraft]) -> None:
    """Note whose records are from now on, if a move gives them to somebody."""
    giving.fill_changed(session, moves)
    transferring.refuse_spent(session, moves)
    pools.check_owners(session, moves)
    leaving.check_owners(session, moves)


def before_delete(session: Session, drafts: Batch[DeleteDraft]) -> None:
    """Keep the history, and pools that are needed."""
    check_authors(session, drafts)
    guarding.refuse_deleted(session, drafts)
    pools.refuse_deleting(session, drafts)
    queues.refuse_deleting(session, drafts)
    leaving.check_deleting(session, drafts)


def check_authors(session: Session, drafts: Batch[Draft]) -> None:
    """Refuse rules about whose records are by those who may not write all of them."""
    for draft in drafts if drafts.entity.name in RULES else ():
        conditions.refuse_unless_for_all(session, draft)


def after_create(session: Session, changes: Batch[Change]) -> None:
    """Write the history of records that were created in a pool, and give out new ones by the rules."""
    giving.record_changes(session, changes)
    routing.route_new(session, changes)


def after_change(session: Session, changes: Batch[Change]) -> None:
    """Write the history of owners, and close the places in queues of records that went another way."""
    giving.record_changes(session, changes)
    queues.settle(session, changes)
    leaving.perform(session, changes)


def after_delete(session: Session, changes: Batch[Change]) -> None:
    """Close the places in queues that are gone."""
    queues.close_deleted(session, changes)


def after_restore(session: Session, changes: Batch[Change]) -> None:
    """Give records that are back, and whose owners have left, to somebody who is there."""
    returning.give_back(session, changes)
