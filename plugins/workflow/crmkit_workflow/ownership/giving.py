"""Giving: the one service by which records come to another owner, or into a pool, whatever the reason.

Every way leads through the hooks below, a plain update of the field `owner` included: they keep the fields of the
record in order and write the history.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from attrs import frozen

from crmkit import Record, Ref
from crmkit.core.lifecycle.merging.survivorship import Carrying
from crmkit.core.lifecycle.occasions import occasion, occasion_of
from crmkit_workflow.ownership.entities import OwnershipRecord
from crmkit_workflow.ownership.poolable import is_poolable
from crmkit_workflow.wording import in_home_language

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from crmkit import Batch, Change, CreateDraft, MoveDraft, Session, UpdateDraft

R = TypeVar("R", bound=Record)
LONGEST_WHY = 500


@frozen(kw_only=True)
class Giving:
    """The occasion of a change of owner: how and why. Without one, somebody changed the field by hand.

    Attributes:
        entity: of which entity the records are that are given; others come along.
    """

    how: str
    entity: str
    why: str = ""


def give(
    session: Session,
    records: Sequence[R],
    *,
    how: str,
    why: str = "",
    owner: Ref[object] | None = None,
    pool: Ref[object] | None = None,
    along: Iterable[str] = (),
) -> list[R]:
    """Give records of one entity to an owner, or into a pool; see `give_each`."""
    return give_each(session, [(each, owner) for each in records], how=how, why=why, pool=pool, along=along)


def give_each(
    session: Session,
    pairs: Sequence[tuple[R, Ref[object] | None]],
    *,
    how: str,
    why: str = "",
    pool: Ref[object] | None = None,
    along: Iterable[str] = (),
    as_actor: bool = False,
) -> list[R]:
    """Give records of one entity each to its new owner, or into a pool; return them as they are now.

    What refers to them, is of an entity in `along`, is not closed, and had the same owner, comes along. All or none. It
    is written with system reach, and whoever calls it has made sure that the actor may; or `as_actor`, within what the
    actor may transfer.

    Raises:
        ConflictError: if one was changed by somebody else since it was read.
        Refused: if a plugin refuses, or a new owner has as many as the pools allow.
        AccessDeniedError: if the actor may not transfer one of them, or what comes along.
    """
    if not pairs:
        return []
    writer = session if as_actor else session.elevated
    entity = session.model.entity(pairs[0][0])
    further: dict[str, object] = {"pool": pool} if is_poolable(entity) and (pool is not None or not as_actor) else {}
    said = in_home_language(session, why)[:LONGEST_WHY]
    with occasion(session, Giving(how=how, entity=entity.name, why=said)):
        for name in along:
            give_along(session, writer, pairs, name)
        return writer.update_many((each, {str(entity.owner): owner, **further}) for each, owner in pairs)


def give_along(session: Session, writer: Session, pairs: Sequence[tuple[Record, Ref[object] | None]], name: str) -> int:
    """Give what refers to records, is not closed, and has the same owner as they, to their new owners."""
    entity, other = session.model.entity(pairs[0][0]), session.model.entity(name)
    links = [each for each in other.references if other.fields[each].target == entity.name]
    if other.owner is None or not links:
        return 0
    link, owner = links[0], other.owner
    owners = {each.id: (getattr(each, str(entity.owner)), new) for each, new in pairs}
    where = f"{link} in given.ids" + (" and stage.kind in ('open', 'waiting')" if other.staged else "")
    found = session.elevated.find(other.record_class, where, given={"ids": list(owners)}, order="id")
    changes = []
    for each in found:
        before, after = owners[int(getattr(each, link))]
        if getattr(each, owner) == before:
            changes.append((each, {owner: after}))
    return len(writer.update_many(changes))


def fill_new(session: Session, drafts: Batch[CreateDraft]) -> None:
    """Leave a new record that is put into a pool without an owner, and note since when it is whose."""
    entity = drafts.entity
    if not is_poolable(entity):
        return
    now = session.unit.now
    for draft in drafts:
        if draft.get("pool") is not None:
            draft.set(str(entity.owner), None)
            draft.set("pooled_at", draft.get("pooled_at") or now)
            draft.set("owned_since", None)
        elif draft.get(str(entity.owner)) is not None and draft.get("owned_since") is None:
            draft.set("owned_since", now)


def fill_changed(session: Session, drafts: Batch[UpdateDraft] | Batch[MoveDraft]) -> None:
    """Take a record with a new owner out of its pool, and one that is put into a pool from its owner.

    A merge takes no record from its owner, though another one of them may have lain in a pool.
    """
    entity = drafts.entity
    if not is_poolable(entity):
        return
    owner, now = str(entity.owner), session.unit.now
    is_carried = occasion_of(session, Carrying) is not None
    for draft in drafts:
        if is_carried and draft.sets("pool") and draft.get(owner) is not None:
            draft.set("pool", None)
        if draft.sets("pool") and draft.get("pool") is not None:
            values: dict[str, object] = {owner: None, "pooled_at": now, "owned_since": None, "returns_at": None}
        elif draft.sets(owner):
            given = draft.get(owner)
            values = {"owned_since": now if given is not None else None, "returns_at": None}
            values |= {"pool": None, "pooled_at": None} if given is not None else {}
        else:
            continue
        for name, value in values.items():
            draft.set(name, value)


def record_changes(session: Session, changes: Batch[Change]) -> None:
    """Write the history of every change of owner or pool, in one command."""
    entity = changes.entity
    if entity.owner is None or entity.name == "ownership_record":
        return
    fields = {entity.owner, *(("pool",) if is_poolable(entity) else ())}
    rows = [row_of(session, change, entity.owner) for change in changes if change.changed & fields and moved(change)]
    if rows:
        session.create_many(OwnershipRecord, rows)


def moved(change: Change) -> bool:
    """Return whether a change moves a record from somebody to somebody; a new one that has an owner didn't move."""
    return change.before is not None or getattr(change.after, "pool", None) is not None


def row_of(session: Session, change: Change, owner: str) -> dict[str, object]:
    """Return the values of the history of one change."""
    before, after = change.before, change.after
    values = {
        "from_owner": getattr(before, owner, None),
        "to_owner": getattr(after, owner, None),
        "from_pool": getattr(before, "pool", None),
        "to_pool": getattr(after, "pool", None),
    }
    said = occasion_of(session, Giving)
    return {
        "record": after.ref,
        "how": said.how if said is not None else how_of(change, values),
        "why": (said.why or None) if said is not None else None,
        "by": session.actor_ref,
        "at": session.unit.now,
        **values,
    }


def how_of(change: Change, values: dict[str, object]) -> str:
    """Return how a record came to where it is, when somebody changed it by hand."""
    if change.before is None:
        return "pooled"
    if values["to_pool"] is not None:
        return "moved" if values["from_pool"] is not None else "released"
    if values["to_owner"] is None:
        return "released"
    return "assigned" if values["from_owner"] is None else "transferred"
