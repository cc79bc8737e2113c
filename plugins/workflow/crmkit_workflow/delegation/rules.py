"""Rules of delegations: one's own authority, no more of it than there is, and no circles."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crmkit import Money, Ref
from crmkit.translation import _
from crmkit_workflow.approvals.flow_rules import not_approved
from crmkit_workflow.approvals.status import is_approvable
from crmkit_workflow.delegation.entities import Delegation
from crmkit_workflow.positions.holders import own_limits
from crmkit_workflow.staff import active_among

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from decimal import Decimal

    from crmkit import Batch, Session
    from crmkit.core.lifecycle.drafts import Draft

Edge = tuple[int, int]


def check(session: Session, drafts: Batch[Draft]) -> None:
    """Refuse delegations of what isn't the actor's, of more than there is, to nobody active, and in a circle."""
    batch = list(drafts.of(Delegation))
    if not batch:
        return
    session.serialise("delegation")
    limits = own_limits(session, ids(batch, "delegator"), session.today)
    active = active_among(session, ids(batch, "delegate"))
    edges = lasting_edges(session, batch)
    for draft in batch:
        check_owner(session, draft)
        check_subject(session, draft)
        check_limit(limits, draft, session.model.conventions.currency)
        delegate = draft.get("delegate")
        if draft.sets("delegate") and isinstance(delegate, Ref) and int(delegate) not in active:
            draft.refuse("delegate", _("The user is not active. Choose somebody else."))
        check_circle(edges, draft)


def ids(drafts: Iterable[Draft], field: str) -> list[int]:
    """Return the ids that a reference of some drafts has."""
    return [int(value) for draft in drafts if isinstance(value := draft.get(field), Ref)]


def check_owner(session: Session, draft: Draft) -> None:
    """Refuse to delegate what is somebody else's, but to those who may change every user."""
    principal = session.principal
    if principal.user is None or not draft.sets("delegator"):
        return
    delegator = draft.get("delegator")
    may_all = "all" in principal.rights.levels(session.model.entities["user"], "update")
    if isinstance(delegator, Ref) and int(delegator) != principal.user and not may_all:
        draft.refuse("delegator", _("You may only delegate what is yours to decide: name yourself."))


def check_subject(session: Session, draft: Draft) -> None:
    """Refuse an entity whose records nobody approves."""
    name = draft.get("entity")
    found = session.model.entities.get(str(name))
    if name is not None and draft.sets("entity") and (found is None or not is_approvable(found)):
        draft.refuse("entity", not_approved(session, name))


def check_limit(limits: Mapping[int, Decimal], draft: Draft, currency: str) -> None:
    """Refuse to delegate more than the delegator may approve itself; in foreign money that changes with the rate."""
    delegator, given = draft.get("delegator"), draft.get("limit")
    if isinstance(given, Money) and given.currency != currency:
        draft.refuse("limit", _("Give the limit in {currency}.", currency=currency))
        return
    most = limits.get(int(delegator)) if isinstance(delegator, Ref) else None
    if most is None or not draft.sets("delegator", "limit"):
        return
    if not isinstance(given, Money) or given.amount > most:
        shown = f"{most.normalize():f}"
        draft.refuse("limit", _("Nobody delegates more than it has: the limit is {most} at most.", most=shown))


def lasting_edges(session: Session, batch: Iterable[Draft]) -> list[tuple[Edge, Draft | Delegation]]:
    """Return who delegates to whom, of all delegations that are not over, those of the batch as they will be."""
    changing = {draft.record.id for draft in batch if draft.record is not None}
    kept = session.find(Delegation, "not (until < given.today)", given={"today": session.today})
    found: list[tuple[Edge, Draft | Delegation]] = [
        ((int(each.delegator), int(each.delegate)), each) for each in kept if each.id not in changing
    ]
    for draft in batch:
        one, other = draft.get("delegator"), draft.get("delegate")
        if isinstance(one, Ref) and isinstance(other, Ref):
            found.append(((int(one), int(other)), draft))
    return found


def check_circle(edges: Iterable[tuple[Edge, Draft | Delegation]], draft: Draft) -> None:
    """Refuse a delegation by which authority would come back to the delegator while it holds."""
    start, goal = draft.get("delegate"), draft.get("delegator")
    if not isinstance(start, Ref) or not isinstance(goal, Ref):
        return
    beside = [edge for edge, each in edges if each is not draft and is_overlapping(each, draft)]
    reached, waiting = set[int](), [int(start)]
    while waiting:
        user = waiting.pop()
        if user == int(goal):
            draft.refuse("delegate", _("The authority would come back to the delegator. Choose somebody else."))
            return
        if user not in reached:
            reached.add(user)
            waiting += [to for one, to in beside if one == user]


def is_overlapping(other: Draft | Delegation, draft: Draft) -> bool:
    """Return whether two delegations hold on some day both."""
    mine = draft.get("since"), draft.get("until")
    theirs = (other.since, other.until) if isinstance(other, Delegation) else (other.get("since"), other.get("until"))
    return not (is_before(mine[1], theirs[0]) or is_before(theirs[1], mine[0]))


def is_before(one: object, other: object) -> bool:
    """Return whether a day is before another one; no day is before none."""
    return one is not None and other is not None and one < other  # type: ignore[operator]
