"""Guarding: the history of owners stays as it was written; nobody but programs writes it, or takes it away."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crmkit.translation import _
from crmkit_workflow.keeping import refuse_while_there
from crmkit_workflow.ownership.entities import OwnershipRecord

if TYPE_CHECKING:
    from crmkit import Batch, DeleteDraft, Session


def refuse_deleted(session: Session, drafts: Batch[DeleteDraft]) -> None:
    """Refuse to delete the history of a record that is there; it goes along with the record, or by the system."""
    text = _("The history of owners can't be deleted; it goes with its record.")
    refuse_while_there(session, drafts.of(OwnershipRecord), "record", text)
