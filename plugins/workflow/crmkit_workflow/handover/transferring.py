"""Transferring: records go to another owner, each for itself or all or none, as often as the settings allow."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Literal, cast

from attrs import frozen

from crmkit import Record, Ref, User
from crmkit.core.declare.values import ref_class
from crmkit.core.exchange.writing import savepoint, write_all
from crmkit.core.lifecycle.occasions import occasion_of
from crmkit.errors import ConflictError
from crmkit.translation import Text, _
from crmkit_workflow.ownership.entities import OwnershipRecord
from crmkit_workflow.ownership.giving import Giving, give_each
from crmkit_workflow.staff import active_among

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from crmkit import Batch, EntityModel, MoveDraft, Session, UpdateDraft

TRANSFERRED = "transferred"
Reason = Literal["not_found", "no_owner", "not_allowed", "inactive", "limit", "changed", "refused", "not_all"]
TEXTS: dict[str, Text] = {
    "not_found": _("There is no such record."),
    "no_owner": _("Such records have no owner."),
    "not_allowed": _("You may not transfer it. Ask its owner's manager."),
    "inactive": _("The new owner is not active. Choose another one."),
    "limit": _("It was transferred as often as is allowed for now."),
    "changed": _("Somebody else is changing it at this very moment. Try again."),
    "refused": _("It was refused."),
    "not_all": _("Another one can't be transferred, and it was to be all or none."),
}


@frozen(kw_only=True)
class Transferred:
    """A record that belongs to its new owner, as it is now; one that did already is unchanged."""

    record: Record


@frozen(kw_only=True)
class NotTransferred:
    """A record that stays with its owner, and why: for programs and for people."""

    record: Ref[object]
    reason: Reason
    text: str


Result = Transferred | NotTransferred


class _Back(Exception):
    """Leaves the savepoint of a transfer that was to be all or none."""


@frozen(kw_only=True)
class _Way:
    """Where records go, and with what."""

    goal: Ref[User]
    along: tuple[str, ...]
    why: str


def transfer(
    session: Session,
    records: Iterable[Record | Ref[object]],
    to: Record | Ref[User],
    *,
    along: Iterable[str] = (),
    why: str = "",
    atomic: bool = False,
) -> list[Result]:
    """Give records to another owner; return what became of each, in order.

    What refers to a record, is of an entity in `along`, is not closed, and has the same owner, comes along; the actor
    must be allowed to transfer all of it. With `atomic` it is all or none. Records that the new owner has already are
    left as they are, so that a transfer that was cut off is simply repeated.
    """
    refs = [each if isinstance(each, Ref) else each.ref for each in records]
    goal = cast("Ref[User]", to if isinstance(to, Ref) else to.ref)
    way = _Way(goal=goal, along=tuple(along), why=why)
    found: dict[Ref[object], Result] = {}
    try:
        with savepoint(session):
            for name in dict.fromkeys(each.entity for each in refs):
                ids = list(dict.fromkeys(int(each) for each in refs if each.entity == name))
                found |= transfer_of(session, session.model.entity(name), ids, way)
            leave_unless(not atomic or all(isinstance(each, Transferred) for each in found.values()))
    except _Back:
        found = {
            ref: each if isinstance(each, NotTransferred) else not_transferred(ref, "not_all")
            for ref, each in found.items()
        }
    return [found[each] for each in refs]


def leave_unless(is_fine: bool) -> None:  # noqa: FBT001  (what it is about)
    """Leave the savepoint of a transfer that was to be all or none, and isn't all."""
    if not is_fine:
        raise _Back


def transfer_of(session: Session, entity: EntityModel, ids: Sequence[int], way: _Way) -> dict[Ref[object], Result]:
    """Transfer records of one entity."""
    from crmkit.core.lifecycle.access import those_within

    ref, goal = ref_class(entity.name), way.goal
    if entity.owner is None:
        return {ref(each): not_transferred(ref(each), "no_owner") for each in ids}
    if not active_among(session, [int(goal)]):
        return {ref(each): not_transferred(ref(each), "inactive") for each in ids}
    records = session.by_id(entity, ids)
    found: dict[Ref[object], Result] = {
        ref(each): not_transferred(ref(each), "not_found") for each in ids if each not in records
    }
    spent, mine = spent_on(session, entity, ids), those_within(session, entity.name, records, "transfer")
    chosen: list[Record] = []
    for number, record in records.items():
        if getattr(record, entity.owner) == goal:
            found[ref(number)] = Transferred(record=record)
        elif number in spent:
            found[ref(number)] = not_transferred(ref(number), "limit")
        elif number not in mine:
            found[ref(number)] = not_transferred(ref(number), "not_allowed")
        else:
            chosen.append(record)

    def write(some: Sequence[Record]) -> list[Record]:
        pairs = [(each, goal) for each in some]
        return give_each(session, pairs, how=TRANSFERRED, why=way.why, along=way.along, as_actor=True)

    for record, result in write_all(session, entity.name, chosen, write):
        found[record.ref] = as_result(record.ref, result)
    return found


def as_result(ref: Ref[object], result: Record | Exception) -> Result:
    """Return what became of a record."""
    if isinstance(result, Record):
        return Transferred(record=result)
    if isinstance(result, ConflictError):
        return not_transferred(ref, "changed")
    return not_transferred(ref, "refused", str(result))


def not_transferred(ref: Ref[object], reason: Reason, text: str = "") -> NotTransferred:
    """Return that a record stays with its owner."""
    return NotTransferred(record=ref, reason=reason, text=text or TEXTS[reason])


def refuse_spent(session: Session, drafts: Batch[UpdateDraft] | Batch[MoveDraft]) -> None:
    """Refuse to transfer records more often than the settings allow, by whichever way: by hand, or along."""
    owner, said = drafts.entity.owner, occasion_of(session, Giving)
    if owner is None or session.setting("transfer_limit") is None or (said is not None and said.how != TRANSFERRED):
        return
    going = {each.record.id: each for each in drafts if each.record is not None and is_transferred(each, owner)}
    for number in spent_on(session, drafts.entity, list(going)) if going else ():
        going[number].refuse(owner, TEXTS["limit"])


def is_transferred(draft: UpdateDraft | MoveDraft, owner: str) -> bool:
    """Return whether a record goes from somebody to somebody else."""
    before, after = getattr(draft.record, owner), draft.get(owner)
    return draft.sets(owner) and before is not None and after is not None and before != after


def spent_on(session: Session, entity: EntityModel, ids: Sequence[int]) -> set[int]:
    """Return which records have been transferred as often as the settings allow.

    Source: the hand-over of customers in WeCom (企业微信), 2 transfers of a customer in 90 days.
    """
    limit, days = session.setting("transfer_limit"), session.setting("transfer_days")
    if not isinstance(limit, int) or not isinstance(days, int):
        return set()
    rows = session.elevated.aggregate(
        OwnershipRecord,
        by=["record.id"],
        measures={"n": "count()"},
        where="record.entity == given.entity and record.id in given.ids and how == 'transferred' and at > given.since",
        given={"entity": entity.name, "ids": list(ids), "since": session.unit.now - timedelta(days=days)},
    )
    counts = {int(cast("int", number)): int(cast("int", n)) for number, n in rows}
    return {each for each in ids if counts.get(each, 0) >= limit}
