"""Authority: for whom a user may decide, by delegations that hold on a day, one after the other if need be."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import frozen

from crmkit import Money
from crmkit_workflow.delegation.entities import Delegation
from crmkit_workflow.positions.holders import suffices

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import date
    from decimal import Decimal

    from crmkit import Session

IN_FORCE = "since <= given.day and not (until < given.day) and delegator.active"


@frozen(kw_only=True)
class Matter:
    """What is to be decided.

    Attributes:
        flow: the flow, by id.
        amount: the amount in the base currency, None if there is none.
        is_open: whether the amount is still to be said, so that it may become any.
    """

    entity: str
    flow: int
    amount: Decimal | None
    is_open: bool = False


@frozen(kw_only=True)
class Mandate:
    """The right of a user to decide for an approver.

    Attributes:
        approver: for whom, by id.
        chain: the delegations that lead from the approver to the user; each must take in what is to be decided.
    """

    approver: int
    chain: tuple[Delegation, ...]

    def covers(self, matter: Matter) -> bool:
        """Return whether it takes in what is to be decided."""
        return all(takes_in(each, matter) for each in self.chain)


def takes_in(delegation: Delegation, matter: Matter) -> bool:
    """Return whether a delegation takes in what is to be decided."""
    limit = delegation.limit.base if isinstance(delegation.limit, Money) else None
    fits = delegation.entity in {None, matter.entity} and (
        delegation.flow is None or int(delegation.flow) == matter.flow
    )
    return fits and (limit is None or not matter.is_open) and suffices(limit, matter.amount)


def in_force(session: Session, day: date) -> Sequence[Delegation]:
    """Return the delegations that hold on a day; none of somebody who has left, as long as it is away."""
    return session.elevated.find(Delegation, IN_FORCE, given={"day": day}, order="id")


def mandates(delegations: Iterable[Delegation], user: int) -> list[Mandate]:
    """Return for whom a user may decide, directly or by delegation of what was delegated; shorter chains first."""
    received: dict[int, list[Delegation]] = {}
    for each in delegations:
        received.setdefault(int(each.delegate), []).append(each)
    found: list[Mandate] = []
    waiting: list[tuple[Delegation, ...]] = [(each,) for each in received.get(user, ())]
    while waiting:
        chain = waiting.pop(0)
        approver = int(chain[0].delegator)
        met = {user, *(int(each.delegator) for each in chain[1:])}
        if approver in met:
            continue
        found.append(Mandate(approver=approver, chain=chain))
        waiting += [(each, *chain) for each in received.get(approver, ())]
    return found


def substitutes(delegations: Iterable[Delegation], approver: int, matter: Matter) -> list[int]:
    """Return the users who stand in for an approver who is away; nobody if the approver is there."""
    standing_in = (each for each in delegations if each.substitute and int(each.delegator) == approver)
    return list(dict.fromkeys(int(each.delegate) for each in standing_in if takes_in(each, matter)))


def delegates(delegations: Iterable[Delegation], approver: int, matter: Matter) -> set[int]:
    """Return the users who may decide for an approver, directly or by delegation of what was delegated."""
    fitting = [each for each in delegations if takes_in(each, matter)]
    found, waiting = set[int](), [approver]
    while waiting:
        user = waiting.pop()
        new = {int(each.delegate) for each in fitting if int(each.delegator) == user} - found - {approver}
        found |= new
        waiting += new
    return found
