"""Locking: what is being approved stays as it was submitted, whichever way somebody wants to change it.

Who submits a record writes it, too, so the version of whoever changes it at the same moment no longer fits: one of the
two is refused. Parts of a record, such as an order's lines, have versions of their own; their whole is locked for them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from crmkit import Ref
from crmkit.core.declare.kinds import RefKind
from crmkit.core.declare.values import ref_class
from crmkit.core.lifecycle.seeing import visible
from crmkit.translation import _
from crmkit_workflow.approvals.requests import OPEN, ApprovalRequest, ApprovalTask
from crmkit_workflow.approvals.status import APPROVAL, PENDING, is_approvable
from crmkit_workflow.ownership.poolable import FIELDS
from crmkit_workflow.reviews.entities import Review

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from crmkit import Batch, EntityModel, Session
    from crmkit.core.lifecycle.drafts import Draft


def refuse_changes(session: Session, drafts: Batch[Draft]) -> None:
    """Refuse to change, move, delete or merge records that are being approved, and to change parts of them.

    What only programs write, and to whom it belongs, may change: neither is what was submitted.
    """
    entity = drafts.entity
    if is_approvable(entity):
        held = [draft for draft in drafts if is_pending(draft) and not is_beside_the_point(entity, draft)]
        refuse(session, entity.name, {draft.record.id: [draft] for draft in held if draft.record is not None}, "id")
    elif is_content(session, entity):
        refuse_parts(session, entity, list(drafts))


def is_pending(draft: Draft) -> bool:
    """Return whether a draft is about a record that is being approved."""
    return draft.record is not None and visible(draft.record, APPROVAL) == PENDING


def is_beside_the_point(entity: EntityModel, draft: Draft) -> bool:
    """Return whether an update sets nothing but what only programs write, or to whom the record belongs."""
    free = {name for name, each in entity.writable.items() if each.declared.locked} | {entity.owner, *FIELDS}
    return bool(draft.values) and draft.values.keys() <= free


def is_content(session: Session, entity: EntityModel) -> bool:
    """Return whether records are parts of what can be approved: declared for it, not attached to whatever it may be."""
    whole = entity.whole
    if whole is None or not isinstance(whole.kind, RefKind):
        return False
    return is_approvable(session.model.entities[str(whole.target)])


def refuse_parts(session: Session, entity: EntityModel, drafts: Sequence[Draft]) -> None:
    """Refuse to add, change and take away parts of records that are being approved."""
    assert entity.whole is not None
    name, target = entity.whole.name, str(entity.whole.target)
    concerned: dict[int, list[Draft]] = {}
    for draft in drafts:
        before = None if draft.record is None else dict(draft.record.items()).get(name)
        for whole in {before, draft.get(name)}:
            if isinstance(whole, Ref):
                concerned.setdefault(int(whole), []).append(draft)
    pending = pending_among(session, target, concerned)
    refuse(session, target, {number: concerned[number] for number in pending}, name)


def pending_among(session: Session, entity: str, numbers: Iterable[int]) -> list[int]:
    """Return those records that are being approved, keeping all of them as they are to the end of this transaction."""
    wanted = sorted(numbers)
    if not wanted:
        return []
    import sqlalchemy as sa

    table = session.tables[entity]
    query = sa.select(table.c.id, table.c[APPROVAL]).where(table.c.id.in_(wanted)).order_by(table.c.id)
    rows = session.unit.connection.execute(query.with_for_update(key_share=True, of=table))
    return [number for number, status in rows if status == PENDING]


def refuse(session: Session, entity: str, held: Mapping[int, Sequence[Draft]], path: str) -> None:
    """Refuse drafts about records that are really being approved, naming who has to decide."""
    for number, awaited in awaited_of(session, entity, held).items():
        for draft in held[number]:
            text = _(
                "It is being approved and can't be changed. It awaits: {awaited}. Recall the request to change it.",
                awaited=", ".join(awaited),
            )
            draft.refuse(path, text)


def awaited_of(session: Session, entity: str, numbers: Iterable[int]) -> dict[int, list[str]]:
    """Return the names of those who have to decide about records, by record; only records with a running request."""
    refs = [ref_class(entity)(each) for each in numbers]
    if not refs:
        return {}
    rows = session.rows(ApprovalRequest, ["id", "record"], "open and record in given.records", given={"records": refs})
    requests = {int(str(request)): int(record) for request, record in rows if isinstance(record, Ref)}
    found: dict[int, list[str]] = {record: [] for record in requests.values()}
    if requests:
        given = {"requests": list(requests), "state": OPEN}
        where = "state == given.state and request in given.requests"
        for request, name in session.rows(ApprovalTask, ["request", "approver.name"], where, given=given, order="id"):
            assert isinstance(request, Ref)
            names = found[requests[int(request)]]
            if name is not None and str(name) not in names:
                names.append(str(name))
    return found


def refuse_deletion(session: Session, drafts: Batch[Draft]) -> None:
    """Refuse that people delete what was decided; the system may clear it away."""
    if session.principal.user is None or session.unit.depth > 1:  # a part goes with its whole
        return
    for entity in (ApprovalRequest, ApprovalTask, Review):
        for draft in drafts.of(entity):
            draft.refuse("id", _("What was decided stays on record."))
