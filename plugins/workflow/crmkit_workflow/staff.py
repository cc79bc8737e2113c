"""Staff: who stands above whom, of those who can act."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from crmkit import User
from crmkit.core.declare.values import ref_class

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from crmkit import Session


def active_among(session: Session, users: Iterable[int]) -> set[int]:
    """Return those users, by id, who can act: neither inactive nor deleted."""
    wanted = sorted(set(users))
    if not wanted:
        return set()
    found = session.elevated.rows(User, ["id"], "active and id in given.ids", given={"ids": wanted})
    return {int(str(each)) for (each,) in found}


def superiors(session: Session, user: int) -> list[int]:
    """Return the active users above a user, by id, nearest first; inactive ones are passed over."""
    above = session.elevated.ancestors(ref_class("user")(user), "manager")
    active = active_among(session, above)
    return [each for each in above if each in active]


def superiors_by_user(session: Session) -> Callable[[int], int | None]:
    """Return what gives the nearest active superior of a user, looked up once for each."""

    @cache
    def superior_of(user: int) -> int | None:
        return next(iter(superiors(session, user)), None)

    return superior_of


def names_of(session: Session, users: Iterable[int]) -> dict[int, str]:
    """Return the names of users, by id."""
    given = {"ids": sorted(set(users))}
    rows = session.elevated.rows(User, ["id", "name"], "id in given.ids", given=given) if given["ids"] else ()
    return {int(str(number)): str(name) for number, name in rows}
