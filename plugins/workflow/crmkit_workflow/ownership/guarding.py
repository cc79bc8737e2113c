"""Guarding: the history of owners stays as it was written; nobody but programs writes it, or takes it away."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crmkit import Ref
from crmkit.translation import _
from crmkit_workflow.ownership.entities import OwnershipRecord

if TYPE_CHECKING:
    from crmkit import Batch, DeleteDraft, Session


def refuse_deleted(session: Session, drafts: Batch[DeleteDraft]) -> None:
    """Refuse to delete the history of a record that is there; it goes along with the record, or by the system."""
    if session.principal.user is None:
        return
    wholes: dict[str, set[int]] = {}
    for draft in drafts.of(OwnershipRecord):
        whole = draft.get("record")
        if isinstance(whole, Ref):
            wholes.setdefault(whole.entity, set()).add(int(whole))
    living = {(entity, each) for entity, ids in wholes.items() for each in session.readable_ids(entity, ids)}
    for draft in drafts.of(OwnershipRecord):
        whole = draft.get("record")
        if isinstance(whole, Ref) and (whole.entity, int(whole)) in living:
            draft.refuse("record", _("The history of owners can't be deleted; it goes with its record."))
