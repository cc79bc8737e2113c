"""Approvers: who decides in a step. Never the submitter, nor who can't act or approve as much: a superior stands in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import frozen

from crmkit_workflow.approvals.flows import ADMINISTRATOR, CHOSEN, POSITION, SUPERIOR, SUPERIORS, USERS
from crmkit_workflow.positions.holders import responsible, within_limits
from crmkit_workflow.staff import active_among, superiors

if TYPE_CHECKING:
    from collections.abc import Iterable
    from decimal import Decimal

    from crmkit import Session
    from crmkit_workflow.approvals.plan import Plan, PlannedStep

STAND_IN, NOBODY = "stand_in", "nobody"


@frozen(kw_only=True)
class Found:
    """An approver and how it was found; of a step that passes, no user."""

    user: int | None
    reason: str


def approvers_of(
    session: Session, plan: Plan, step: PlannedStep, *, submitter: int, amount: Decimal | None
) -> list[Found] | None:
    """Return who decides in a step; one without a user if it passes, and None if there is nobody at all.

    What is too large for those who are there passes in no flow. `amount` is in the base currency.
    """
    found = asked(session, step, submitter=submitter, amount=amount)
    if found or (step.approvers == SUPERIORS and step.level > 1):  # the line of superiors ends earlier
        return found or [Found(user=None, reason=NOBODY)]
    if plan.otherwise != ADMINISTRATOR and not asked(session, step, submitter=submitter, amount=None):
        return [Found(user=None, reason=NOBODY)]
    return administrator_of(session, plan, submitter, amount) or None


def administrator_of(session: Session, plan: Plan, submitter: int, amount: Decimal | None) -> list[Found]:
    """Return who decides when nobody else does, if there is somebody."""
    named = [] if plan.administrator is None else [plan.administrator]
    return able(session, named, submitter, ADMINISTRATOR, amount)


def asked(session: Session, step: PlannedStep, *, submitter: int, amount: Decimal | None) -> list[Found]:
    """Return those whom the step itself asks for."""
    if step.approvers in {USERS, CHOSEN}:
        return able(session, step.users, submitter, step.approvers, amount)
    if step.approvers == POSITION and step.position is not None:
        found = responsible(session, step.position, session.today, amount=amount, besides=[submitter])
        reason = STAND_IN if found.is_vacant else POSITION
        return [Found(user=each, reason=reason) for each in found.users]
    if step.approvers in {SUPERIOR, SUPERIORS}:
        line = within_limits(session, superiors(session, submitter), amount)
        return [Found(user=each, reason=step.approvers) for each in line[step.level - 1 : step.level]]
    return []


def able(session: Session, users: Iterable[int], submitter: int, reason: str, amount: Decimal | None) -> list[Found]:
    """Return users, each once; for one who is the submitter, or can't act or approve as much, a superior who can."""
    wanted = list(dict.fromkeys(users))
    active = active_among(session, within_limits(session, wanted, amount))
    found: dict[int, Found] = {}
    for user in wanted:
        if user in active and user != submitter:
            found.setdefault(user, Found(user=user, reason=reason))
        else:
            superior = stand_in(session, user, {submitter}, amount)
            if superior is not None:
                found.setdefault(superior, Found(user=superior, reason=STAND_IN))
    return list(found.values())


def stand_in(session: Session, user: int, barred: set[int], amount: Decimal | None) -> int | None:
    """Return the nearest active superior of a user who isn't barred and may approve as much, None if there is none."""
    line = within_limits(session, superiors(session, user), amount)
    return next((each for each in line if each not in barred), None)
