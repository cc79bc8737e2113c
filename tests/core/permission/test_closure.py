"""The closure of the trees of teams and users is, after every write, what walking up the trees gives."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crmkit import Team, User
from crmkit.core.storage import closures
from crmkit.errors import CommandError

if TYPE_CHECKING:
    from crmkit import CRM, Session
    from crmkit.testing.fixtures import CRMFactory

Step = tuple[str, int, int, int]
STEPS = st.lists(
    st.tuples(st.sampled_from(["create", "move", "move two", "delete", "restore"]), *[st.integers(0, 7)] * 3),
    max_size=14,
)


def brute_force(session: Session, tree: str, field: str) -> set[tuple[int, int, int]]:
    """Return ancestor, descendant and depth of all living records by walking up from each."""
    records = {each.id: each for each in session.find(Team if tree == "team" else User)}
    found = set()
    for start in records:
        at: int | None = start
        depth = 0
        while at in records:
            found.add((at, start, depth))
            above = getattr(records[at], field)
            at, depth = None if above is None else int(above), depth + 1
    return found


def kept(session: Session, tree: str) -> set[tuple[int, int, int]]:
    """Return what the closure says."""
    closure = session.tables.system.closure
    columns = (closure.c.ancestor, closure.c.descendant, closure.c.depth)
    rows = session.unit.connection.execute(sa.select(*columns).where(closure.c.tree == tree))
    return {(row[0], row[1], row[2]) for row in rows}


def act(session: Session, step: Step, entity: type[Team | User], field: str) -> None:
    """Take one step; what the rules of trees refuse is left undone."""
    kind, *numbers = step
    records = list(session.find(entity, "id > 1", order="id"))
    chosen = [records[number % len(records)] for number in numbers] if records else []
    try:
        if kind == "create":
            values: dict[str, object] = {"external_id": f"u{len(records)}-{numbers}"} if entity is User else {}
            values[field] = chosen[0] if chosen and numbers[0] else None
            session.create_many(entity, [{"name": "x", **values}])
        elif kind == "restore":
            session.restore(entity, numbers[0] + 1)
        elif not chosen:
            return
        elif kind == "move":
            session.update_many([(chosen[0], {field: chosen[1] if numbers[2] else None})])
        elif kind == "move two" and chosen[0] != chosen[1]:
            session.update_many([(chosen[0], {field: None}), (chosen[1], {field: chosen[0]})])
        elif kind == "delete":
            session.delete(chosen[0])
    except CommandError:
        return


@pytest.mark.row("J3")
@pytest.mark.parametrize(("entity", "tree", "field"), [(Team, "team", "parent"), (User, "user", "manager")])
@given(steps=STEPS)
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_closure_is_what_walking_gives(
    crm: CRM, entity: type[Team | User], tree: str, field: str, steps: list[Step]
) -> None:
    """After any writes the closure holds every pair of a living record and one above it, and nothing else."""
    session = crm.session(actor="admin")
    try:
        for step in steps:
            act(session, step, entity, field)
            if session.unit.doomed:
                return
        assert kept(session, tree) == brute_force(session, tree, field)
        assert closures.verify(session.unit.connection, crm.tables) == []
    finally:
        session.unit.finish(failed=True)


def test_a_batch_may_turn_a_branch_upside_down(crm: CRM) -> None:
    """When a batch puts the top of a branch below what was under it, the closure follows, whichever comes first."""
    with crm.session(actor="admin") as session:
        top = session.create(Team, name="top")
        low = session.create(Team, name="low", parent=top)
        leaf = session.create(Team, name="leaf", parent=low)
        session.update_many([(top, {"parent": low}), (low, {"parent": None})])
        assert kept(session, "team") == brute_force(session, "team", "parent")
        assert (low.id, top.id, 1) in kept(session, "team")
        assert (top.id, leaf.id, 2) not in kept(session, "team")


def test_a_wrong_closure_is_found_and_rebuilt(crm: CRM) -> None:
    """Verifying tells how many rows are missing and wrong; rebuilding makes it right."""
    with crm.session(actor="admin") as session:
        top = session.create(Team, name="top")
        session.create(Team, name="low", parent=top)
    closure = crm.tables.system.closure
    with crm.engine.begin() as connection:
        connection.execute(closure.delete().where(closure.c.depth == 1))
        connection.execute(closure.insert().values(tree="team", ancestor=1, descendant=99, depth=3))
        (problem,) = closures.verify(connection, crm.tables)
        assert "1 missing, 1 wrong" in problem
        assert closures.rebuild(connection, crm.tables) == 4
        assert closures.verify(connection, crm.tables) == []


def test_an_older_database_gets_its_closure_by_the_upgrade(make_crm: CRMFactory) -> None:
    """An upgrade of a database from before the closure computes it."""
    crm = make_crm()
    with crm.session(actor="admin") as session:
        session.create(Team, name="low", parent=session.create(Team, name="top"))
    with crm.engine.begin() as connection:
        crm.tables.system.closure.drop(connection)
    assert any("closure" in line for line in crm.upgrade())
    with crm.engine.connect() as connection:
        assert closures.verify(connection, crm.tables) == []
