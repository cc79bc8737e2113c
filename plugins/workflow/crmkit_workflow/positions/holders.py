"""Holders: who holds a position on a day, and who steps in while nobody does."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from attrs import frozen

from crmkit import Money, Ref
from crmkit.core.declare.values import ref_class
from crmkit_workflow.positions.entities import Position, PositionHolder
from crmkit_workflow.staff import superiors

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import date
    from decimal import Decimal

    from crmkit import Session

ON_DAY = "position in given.positions and user.active and not (since > given.day) and not (until < given.day)"


@frozen(kw_only=True)
class Responsible:
    """Who is responsible for what a position is there for.

    Attributes:
        users: the ids of active users, in order; empty if there is nobody at all.
        position: the position that they hold; None if the superior of the last holder steps in.
        is_vacant: whether it is another one than was asked for.
    """

    users: tuple[int, ...]
    position: int | None
    is_vacant: bool


def holders(session: Session, positions: Iterable[int], day: date) -> dict[int, list[int]]:
    """Return the active users who hold positions on a day, by position, in one statement."""
    given = {"positions": sorted(set(positions)), "day": day}
    found: dict[int, list[int]] = {}
    for position, user in session.elevated.rows(PositionHolder, ["position", "user"], ON_DAY, given=given, order="id"):
        held = found.setdefault(int(cast("int", position)), [])
        if int(cast("int", user)) not in held:
            held.append(int(cast("int", user)))
    return found


def responsible(
    session: Session, position: int, day: date, *, amount: Decimal | None = None, besides: Iterable[int] = ()
) -> Responsible:
    """Return who is responsible on a day for what a position is there for.

    Whoever holds it; if nobody does, the holders of the position above it, and so on; if those are vacant, too, the
    nearest superior of whoever held the position last. Positions whose approval limit is below the amount (in the base
    currency) are passed over, as are superiors whose own limits are, and the users in `besides`.
    """
    barred = set(besides)
    above = [position, *session.elevated.ancestors(ref_class("position")(position), "superior")]
    held = holders(session, above, day)
    limits = limits_of(session, above)
    for each in above:
        users = tuple(user for user in held.get(each, ()) if user not in barred)
        if users and suffices(limits.get(each), amount):
            return Responsible(users=users, position=each, is_vacant=each != position)
    last = last_holder(session, position, day)
    line = [] if last is None else within_limits(session, superiors(session, last), amount)
    stepping_in = [each for each in line if each not in barred]
    return Responsible(users=tuple(stepping_in[:1]), position=None, is_vacant=True)


def limits_of(session: Session, positions: Iterable[int]) -> dict[int, Decimal]:
    """Return the approval limits of positions that have one, in the base currency, by position."""
    wanted = sorted(set(positions))
    rows = session.elevated.rows(Position, ["id", "limit"], "id in given.ids", given={"ids": wanted})
    return {int(cast("int", each)): limit.base for each, limit in rows if isinstance(limit, Money)}


def suffices(limit: Decimal | None, amount: Decimal | None) -> bool:
    """Return whether a limit allows an amount, both in the base currency; no limit allows any."""
    return limit is None or amount is None or amount <= limit


def own_limits(session: Session, users: Iterable[int], day: date) -> Mapping[int, Decimal]:
    """Return up to which amount users may approve by the positions that they hold, in the base currency.

    Who holds a position without a limit, or none at all, is bound by no limit and left out.
    """
    where = "user in given.users and not (since > given.day) and not (until < given.day)"
    given = {"users": sorted(set(users)), "day": day}
    held: dict[int, set[int]] = {}
    for user, position in session.elevated.rows(PositionHolder, ["user", "position"], where, given=given):
        held.setdefault(int(cast("int", user)), set()).add(int(cast("int", position)))
    limits = limits_of(session, {each for positions in held.values() for each in positions})
    return {
        user: max(limits[each] for each in positions)
        for user, positions in held.items()
        if all(each in limits for each in positions)
    }


def within_limits(session: Session, users: Iterable[int], amount: Decimal | None) -> list[int]:
    """Return those users, in order, who may approve an amount (in the base currency) by the positions they hold."""
    given = list(users)
    limits = own_limits(session, given, session.today) if given and amount is not None else {}
    return [each for each in given if suffices(limits.get(each), amount)]


def last_holder(session: Session, position: int, day: date) -> int | None:
    """Return the user who held a position last up to a day, whether still active or not."""
    where, given = "position == given.position and not (since > given.day)", {"position": position, "day": day}
    found = session.elevated.rows(PositionHolder, ["user"], where, given=given, order="-since, -id", limit=1)
    return int(cast("Ref[object]", found[0][0])) if found else None
