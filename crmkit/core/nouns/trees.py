"""Trees: no record may be its own ancestor."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crmkit.core.declare.values import Ref, ref_class
from crmkit.core.nouns.categories import Category
from crmkit.core.nouns.customers import Contact, Customer, OrgUnit
from crmkit.core.nouns.people import Team, User
from crmkit.translation import _

if TYPE_CHECKING:
    from collections.abc import Mapping

    from crmkit.core.declare.records import Record
    from crmkit.core.lifecycle.drafts import Batch, Change, DeleteDraft, Draft
    from crmkit.core.lifecycle.session import Session

    Parents = tuple[tuple[type[Record], str], ...]

PARENTS: Parents = (
    (Team, "parent"),
    (User, "manager"),
    (Category, "parent"),
    (Customer, "parent"),
    (OrgUnit, "parent"),
    (Contact, "reports_to"),
)


def refuse_cycles(session: Session, drafts: Batch[Draft]) -> None:
    """Refuse a parent that is the record itself or one of its descendants.

    A new record has no descendants; only changes can close a circle, alone or with others of their batch. The tree is
    locked while it is walked, so that two changes at once can't close one between them.
    """
    for entity, parent in PARENTS:
        changing = [draft for draft in drafts.of(entity) if draft.record is not None and draft.sets(parent)]
        chosen = {draft.record.id: draft.get(parent) for draft in changing if draft.record is not None}
        for draft in changing:
            session.serialise(f"{draft.entity.name}.{parent}")
            if draft.record is not None and leads_back(session, draft.record.id, parent, chosen):
                draft.refuse(parent, _("This would make the record its own ancestor. Choose another."))
    for draft in drafts.of(OrgUnit):
        above = draft.related("parent")
        if above is not None and above.customer != draft.get("customer"):
            draft.refuse("parent", _("The unit above belongs to another customer."))


def leads_back(session: Session, start: int, parent: str, chosen: Mapping[int, object]) -> bool:
    """Return whether the way up from a record leads back to it, by the parents that are being chosen."""
    above, met = chosen[start], set[int]()
    while isinstance(above, Ref) and int(above) not in met:
        met.add(int(above))
        way = [int(above), *(session.ancestors(above, parent) if int(above) not in chosen else [])]
        turn = next((each for each in way if each in chosen), None)
        if turn is None:
            return False
        if turn == start:
            return True
        met.add(turn)
        above = chosen[turn]
    return False


def lock(session: Session, drafts: Batch[Draft]) -> None:
    """Lock the trees of teams and users before one of their records goes or comes back, as changes within them do."""
    for entity, parent in PARENTS:
        if entity in {Team, User} and any(drafts.of(entity)):
            session.serialise(f"{session.model.entity(entity).name}.{parent}")


def refuse_populated(session: Session, drafts: Batch[DeleteDraft]) -> None:
    """Refuse to delete a team that still has members."""
    for draft in drafts.of(Team):
        if session.count(User, {"team": draft.record, "active": True}):
            draft.refuse("id", _("The team still has active members. Move them to another team first."))


def close_gaps(session: Session, changes: Batch[Change], parents: Parents = PARENTS) -> None:
    """Move what stood below a deleted record up to the nearest one above it, so that no branch hangs in the air.

    A record that is restored comes back without them.
    """
    for entity, parent in parents:
        for change in changes.of(entity):
            below = session.find(entity, {parent: change.after})
            above = living_above(session, change.after, parent) if below else None
            session.update_many((record, {parent: above}) for record in below)


def find_places(session: Session, changes: Batch[Change], parents: Parents = PARENTS) -> None:
    """Put restored records where they would stand if they had never gone: below the nearest one that is there."""
    for entity, parent in parents:
        for change in changes.of(entity):
            above = living_above(session, change.after, parent)
            if above != getattr(change.after, parent):
                session.update_many([(change.after, {parent: above})])


def living_above(session: Session, record: Record, parent: str) -> Ref[object] | None:
    """Return the nearest record above one that isn't deleted, None if there is none."""
    if getattr(record, parent) is None:
        return None
    way = session.ancestors(record.ref, parent)
    living = session.readable_ids(record.ref.entity, way)
    nearest = next((each for each in way if each in living), None)
    return None if nearest is None else ref_class(record.ref.entity)(nearest)
