"""Permission over trees: a page of customers for people in a tree of 1,000 users, beside the same SQL by hand.

The users stand in a tree of managers and in a tree of 100 teams, ten below each; every customer has one of them for an
owner. One actor reaches what the teams below its own own, one what its reports own, and one its own customers and a
hundred that are shared with it. Each opens a session and lists 50 customers, filtered, the newest first.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

from benchmarks.filling import BRANCHES, customers, drop_indexes, load, make_book
from benchmarks.races import CORE, Bar
from benchmarks.reading import PAGE, actor_query, read_race, shown
from crmkit import SYSTEM, Customer, Team, User

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.databases import Databases, Home
    from benchmarks.races import Race

USERS, TEAMS = 1_000, 100
SHARES = 100
FILTER = "level == 'a'"
ROLES = {"tree": "benchmark_tree", "reports": "benchmark_reports", "shares": "benchmark_own"}
ACTORS = {"tree": "tree1", "reports": "tree2", "shares": "tree999"}


def list_pages(databases: Databases, pieces: int, size: int) -> Iterator[Race]:
    """Show a page to each actor: the session and the page, two statements."""
    del pieces
    home = databases.empty()
    fill(home, size)
    for kind, actor in ACTORS.items():
        yield page_race(home, size, kind, actor)


def page_race(home: Home, size: int, kind: str, actor: str) -> Race:
    """Return the race for one actor."""
    with home.crm.session(actor=actor) as session:
        number, team = session.principal.user, session.principal.team

    def ours() -> int:
        with home.crm.session(actor=actor) as session:
            return len(session.find(Customer, FILTER, order="-created_at", limit=PAGE))

    query, who = page_query(home, kind), actor_query(home)

    def core() -> int:
        with home.crm.engine.connect() as connection:
            connection.execute(who, {"actor": actor}).first()
            found = connection.execute(query, {"user": number, "team": team, "limit": PAGE + 1}).all()
        return len(found[:PAGE])

    bar = Bar(text="≤ 2 statements, p95 ≤ 2 × the SQL by hand", against=CORE, least=0.5, quantile=0.95)
    return read_race(f"tree_{kind}", home, size, ours, core, bar=bar, rounds=8, most_statements=2)


def page_query(home: Home, kind: str) -> sa.Select[*tuple[object, ...]]:
    """Return the query for the page as one would write it for this kind of reach."""
    table, users = home.crm.tables["customer"], home.crm.tables["user"]
    closure, share = home.crm.tables.system.closure, home.crm.tables.system.share
    user, team = sa.bindparam("user", type_=sa.BigInteger()), sa.bindparam("team", type_=sa.BigInteger())
    below = sa.select(closure.c.descendant)
    teams = below.where(closure.c.tree == "team", closure.c.ancestor == team)
    to_user = sa.and_(share.c.entity == "customer", share.c.to_entity == "user", share.c.to_id == user)
    reach = {
        "tree": table.c.owner_id.in_(sa.select(users.c.id).where(users.c.team_id.in_(teams))),
        "reports": table.c.owner_id.in_(below.where(closure.c.tree == "user", closure.c.ancestor == user)),
        "shares": table.c.id.in_(sa.select(share.c.record_id).where(to_user)),
    }[kind]
    newest = table.c.created_at.desc()
    order = (newest.nulls_last() if home.backend == "postgresql" else newest, table.c.id.desc())
    conditions = (table.c.deleted_at.is_(None), table.c.level == "a", sa.or_(reach, table.c.owner_id == user))
    made = sa.select(*shown(home, "customer", table)).where(*conditions).order_by(*order)
    return made.limit(sa.bindparam("limit"))


def fill(home: Home, size: int) -> None:
    """Fill an empty database with the trees and so many customers, and share some of them."""
    book = make_book(home, add_people(home))
    drop_indexes(home)
    load(home, "crm_customer", *customers(book, size))
    home.crm.upgrade()
    with home.crm.session(actor=SYSTEM) as session:
        last = session.find(User, {"external_id": ACTORS["shares"]})[0]
        step = max(size // SHARES, 1)
        for customer in session.by_id(session.model.entity(Customer), range(1, size + 1, step)).values():
            session.share(customer, last)
    if home.backend == "postgresql":
        home.driver.cursor().execute("ANALYZE")
        home.driver.commit()


def add_people(home: Home) -> list[User]:
    """Create the users, each ten managed by the one above them, in teams that are parts of each other likewise."""
    with home.crm.session(actor=SYSTEM) as session:
        teams = session.create_many(Team, [{"name": "Team 0"}])
        while len(teams) < TEAMS:
            numbers = range(len(teams), min(len(teams) * BRANCHES, TEAMS))
            given = [{"name": f"Team {index}", "parent": teams[index // BRANCHES]} for index in numbers]
            teams += session.create_many(Team, given)
        users = session.create_many(User, [person(0, teams, [])])
        while len(users) < USERS:
            numbers = range(len(users), min(len(users) * BRANCHES, USERS))
            users += session.create_many(User, [person(index, teams, users) for index in numbers])
    return users


def person(index: int, teams: list[Team], users: list[User]) -> dict[str, object]:
    """Return the values of one user."""
    name = f"tree{index}"
    kind = next((each for each, actor in ACTORS.items() if actor == name), "tree")
    manager = users[index // BRANCHES] if index else None
    return {
        "name": name,
        "external_id": name,
        "roles": [ROLES[kind]],
        "team": teams[index % TEAMS],
        "manager": manager,
    }
