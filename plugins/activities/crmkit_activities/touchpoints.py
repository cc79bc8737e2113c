"""Touchpoints: every contact knows the stage in which the deal, or else the customer, was at that time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crmkit import Ref
from crmkit_activities.activity import Activity
from crmkit_activities.filling import records_of
from crmkit_activities.kinds import kinds_of

if TYPE_CHECKING:
    from crmkit import Batch, MoveDraft, Record, Session


def note_stages(session: Session, moves: Batch[MoveDraft]) -> None:
    """Note the stage of what a contact is about, or else of its customer, as `opportunity.proposal`."""
    kinds = kinds_of(session.model)
    ending = [each for each in moves.of(Activity) if each.target.kind == "done" and each.get("stage_then") is None]
    contacts = [move for move in ending if (kind := kinds.get(str(move.get("kind")))) is not None and kind.is_contact]
    known = records_of(session, (move.get(name) for move in contacts for name in ("about", "customer")))
    for move in contacts:
        found = stage_of(move.get("about"), known) or stage_of(move.get("customer"), known)
        if found is not None:
            move.set("stage_then", found)


def stage_of(pointed: object, known: dict[tuple[str, int], Record]) -> str | None:
    """Return pipeline and stage of the record that a reference points to, None if it goes through none."""
    record = known.get((pointed.entity, int(pointed))) if isinstance(pointed, Ref) else None
    stage = getattr(record, "stage", None)
    return None if record is None or stage is None else f"{record.pipeline}.{stage}"
