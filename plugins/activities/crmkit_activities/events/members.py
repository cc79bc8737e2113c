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
    found = people_of_teams(session, (int(each) for each in teams))
    return sorted({who for people in found.values() for who in people})


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


def people_of_teams(session: Session, teams: Iterable[int]) -> dict[int, list[Ref[object]]]:
    """Return the active users of each of some teams and of those below it, in two statements."""
    wanted = set(teams)
    if not wanted:
        return {}
    parents = parents_of(session)
    below = {team: with_those_below(parents, [team]) for team in wanted}
    given = {"teams": sorted(set().union(*below.values()))}
    rows = list(session.rows(User, ["id", "team"], "active and team in given.teams", given=given, order="id"))
    return {team: [user_ref(number) for number, of in rows if of in below[team]] for team in wanted}


def people_of_roles(session: Session, roles: Iterable[str]) -> dict[str, list[Ref[object]]]:
    """Return the active users who have each of some roles by their own records, in one statement."""
    wanted = sorted(set(roles))
    if not wanted:
        return {}
    having = " or ".join(f"{role!r} in roles" for role in wanted)
    rows = list(session.rows(User, ["id", "roles"], f"active and ({having})", order="id"))
    return {role: [user_ref(number) for number, held in rows if role in held] for role in wanted}  # type: ignore[operator]


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
