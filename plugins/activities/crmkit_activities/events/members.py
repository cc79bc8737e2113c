"""Members: the users whom teams and roles stand for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crmkit import Ref, Team, User
from crmkit.core.declare.values import ref_class

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from crmkit import Record, Session


def members_of(session: Session, teams: Iterable[Ref[object]]) -> list[Ref[object]]:
    """Return the active users of teams and of those below them, in two statements, within the session's reach."""
    wanted = {int(each) for each in teams}
    if not wanted:
        return []
    below = with_those_below(parents_of(session), wanted)
    rows = session.rows(User, ["id"], "active and team in given.teams", given={"teams": sorted(below)}, order="id")
    return [user_ref(row[0]) for row in rows]


def parents_of(session: Session) -> dict[int, int | None]:
    """Return the team above every team."""
    return {
        number_of(number): None if parent is None else number_of(parent)
        for number, parent in session.rows(Team, ["id", "parent"])
    }


def with_those_below(parents: Mapping[int, int | None], teams: Iterable[int]) -> set[int]:
    """Return teams and all below them."""
    found = set(teams)
    while True:
        more = {number for number, parent in parents.items() if parent in found} - found
        if not more:
            return found
        found |= more


def with_those_above(parents: Mapping[int, int | None], team: object) -> set[int]:
    """Return a team and all above it; none without a team."""
    found: set[int] = set()
    while isinstance(team, int) and int(team) not in found:
        found.add(int(team))
        team = parents.get(int(team))
    return found


def holders_of(session: Session, role: str) -> list[Ref[object]]:
    """Return the active users who have a role by their own record."""
    rows = session.rows(User, ["id"], f"active and {role!r} in roles", order="id")
    return [user_ref(row[0]) for row in rows]


def user_ref(number: object) -> Ref[object]:
    """Return the reference to a user."""
    return ref_class("user")(number_of(number))


def number_of(value: object) -> int:
    """Return an id as a number."""
    assert isinstance(value, int)
    return int(value)


def references(people: Iterable[Record | Ref[object]]) -> list[Ref[object]]:
    """Return references to records, each once, in order."""
    return list(dict.fromkeys(each if isinstance(each, Ref) else each.ref for each in people))
