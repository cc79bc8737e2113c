"""Levels: own, reports, team, tree, agency, all; those of several roles are united."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from crmkit import Contact, Customer, Grant, Opportunity, Role, Team, User
from crmkit.core.assemble.rights import covers, widest
from crmkit.core.declare.access import ACTIONS, LEVELS
from crmkit.errors import AccessDeniedError, NotFoundError
from crmkit.testing.plugins import make_plugin
from crmkit.testing.snapshots import refused

if TYPE_CHECKING:
    from crmkit import CRM
    from crmkit.testing.fixtures import CRMFactory

SHARED = (Grant(entity="user", read="all"), Grant(entity="team", read="all"))
ROLES = [
    Role(
        name=f"to_{level}",
        grants=(Grant(entity="*", read=level, create=level, update=level, delete=level, transfer=level), *SHARED),
    )
    for level in LEVELS
]
REPORTING = Role(name="reader", grants=(Grant(entity="*", read="all"), *SHARED))
SEEN = {
    "none": "",
    "own": "ann",
    "reports": "ann bea cem",  # Bea reports to Ann, Cem to Bea
    "team": "ann dan",  # Dan is in Ann's team
    "tree": "ann dan eve flo",  # Eve is in a team below, Flo below that
    "agency": "ann dan eve flo gus",  # Gus's customer is registered to the team below
    "all": "ann bea cem dan eve flo gus hal",
}


@pytest.fixture
def world(make_crm: CRMFactory) -> CRM:
    """Eight users in a tree of teams and of managers, each with a customer."""
    crm = make_crm([make_plugin("levels", *ROLES, REPORTING)])
    with crm.session(actor="admin") as session:
        north = session.create(Team, name="North")
        harbour = session.create(Team, name="Harbour", parent=north)
        dock = session.create(Team, name="Dock", parent=harbour)
        teams = {"ann": north, "dan": north, "eve": harbour, "flo": dock}
        above: dict[str, str] = {"bea": "ann", "cem": "bea"}
        users: dict[str, User] = {}
        for name in SEEN["all"].split():
            manager = users.get(above.get(name, ""))
            users[name] = session.create(User, name=name, external_id=name, team=teams.get(name), manager=manager)
            registered = harbour if name == "gus" else None
            customer = session.create(Customer, name=name, owner=users[name], agency=registered)
            session.create(Opportunity, name=name, owner=users[name], customer=customer)
    return crm


def become(crm: CRM, *roles: str) -> None:
    """Give Ann these roles and no others."""
    with crm.session(actor="admin") as session:
        session.update(session.find(User, {"name": "ann"})[0], roles=roles)


@pytest.mark.row("M1", "J3", "B27")
def test_each_level_reaches_what_it_says(world: CRM) -> None:
    """A level reaches just its records for reading and writing, in each entity, by every way to them."""
    for level, names in SEEN.items():
        become(world, f"to_{level}")
        with world.session(actor="ann") as session:
            expected = set(names.split())
            assert {each.name for each in session.find(Customer)} == expected, level
            assert session.count(Opportunity) == len(expected)
            assert {row[0] for row in session.rows(Opportunity, ["customer.name"])} == expected - (
                set() if "gus" in expected else {"gus"}
            )


@pytest.mark.row("M1")
def test_writing_follows_the_level_of_writing(world: CRM) -> None:
    """Who reads everything writes only what the other role's level reaches; what is refused changes nothing."""
    with world.session(actor="admin") as session:
        customers = {each.name: each for each in session.find(Customer)}
    for level, names in SEEN.items():
        become(world, f"to_{level}", "reader")
        for name, customer in customers.items():
            session = world.session(actor="ann")
            if name in names.split():
                assert session.update(customer, city="Lyon").city == "Lyon", (level, name)
            else:
                with refused(world, session, AccessDeniedError):
                    session.update(customer, city="Lyon")
            session.unit.finish(failed=True)


@pytest.mark.row("M1")
@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_levels_of_several_roles_are_united(world: CRM) -> None:
    """Reports of one role and team of another reach both; neither takes in the other."""
    become(world, "to_reports", "to_team", "to_own")
    with world.session(actor="ann") as session:
        assert {each.name for each in session.find(Customer)} == {"ann", "bea", "cem", "dan"}


@pytest.mark.row("J3")
def test_moving_a_team_changes_what_is_seen_at_once(world: CRM) -> None:
    """When a team moves in the tree, or goes, its records move out of sight with it, in the same transaction."""
    become(world, "to_tree")
    with world.session(actor="admin") as session:
        harbour = session.find(Team, {"name": "Harbour"})[0]
        session.update(harbour, parent=None)
    with world.session(actor="ann") as session:
        assert {each.name for each in session.find(Customer)} == {"ann", "dan"}
    with world.session(actor="admin") as session:
        harbour = session.update(session.get(Team, harbour.id), parent=session.find(Team, {"name": "North"})[0])
        session.update(session.find(User, {"name": "eve"})[0], team=None)
        session.delete(harbour)
    with world.session(actor="ann") as session:
        assert {each.name for each in session.find(Customer)} == {"ann", "dan", "flo"}


@pytest.mark.row("J5")
@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_transferring_is_a_right_of_its_own(make_crm: CRMFactory) -> None:
    """Who may only update can't give a record away; who may only transfer can do nothing else with it."""
    clerk = Role(name="clerk", grants=(Grant(entity="customer", read="all", update="all"), *SHARED))
    broker = Role(name="broker", grants=(Grant(entity="customer", read="all", transfer="all"), *SHARED))
    crm = make_crm([make_plugin("hands", clerk, broker)])
    with crm.session(actor="admin") as session:
        customer = session.create(Customer, name="Acme")
        users = {name: session.create(User, name=name, external_id=name, roles=[name]) for name in ("clerk", "broker")}
    with crm.session(actor="clerk") as session, refused(crm, session, AccessDeniedError):
        session.update(customer, owner=users["clerk"])
    with crm.session(actor="broker") as session:
        with refused(crm, session, AccessDeniedError):
            session.update(customer, city="Lyon")
        with refused(crm, session, AccessDeniedError):
            session.update(customer, owner=users["clerk"], city="Lyon")
        assert session.update(customer, owner=users["clerk"]).owner == users["clerk"].ref


@pytest.mark.row("M1")
@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_nobody_raises_their_own_rights(make_crm: CRMFactory) -> None:
    """Whoever may change itself as a user still can't change its roles, team, manager or name of sign-in."""
    selfish = Role(name="selfish", grants=(Grant(entity="*", read="all", create="own", update="own"),))
    crm = make_crm([make_plugin("selfish", selfish)])
    with crm.session(actor="admin") as session:
        team = session.create(Team, name="North")
        bob = session.create(User, name="Bob", external_id="bob", roles=["selfish"])
    with crm.session(actor="bob") as session:
        bob = session.update(bob, email="bob@example.org")
        for change in ({"roles": ["admin"]}, {"team": team}, {"manager": 1}, {"external_id": "x"}, {"active": False}):
            with refused(crm, session, AccessDeniedError):
                session.update(bob, **change)
        with refused(crm, session, AccessDeniedError):
            session.create(User, name="Eve", external_id="eve", roles=["admin"])


@pytest.mark.row("B27")
@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_an_agent_works_within_its_agency_only(make_crm: CRMFactory) -> None:
    """An agent sees and makes customers of its agency with the same commands as everybody, and sees no others."""
    crm = make_crm()
    with crm.session(actor="admin") as session:
        teams = {name: session.create(Team, name=name) for name in ("Sierra", "Alps")}
        for name, team in teams.items():
            session.create(User, name=name, external_id=name, roles=["agent"], team=team)
        ours = session.create(Customer, name="Ours", agency=teams["Sierra"])
        theirs = session.create(Customer, name="Theirs", agency=teams["Alps"])
        for customer in (ours, theirs):
            session.create(Contact, name=f"At {customer.name}", customer=customer)
            session.create(Opportunity, name=f"Deal with {customer.name}", customer=customer)
        session.create(Customer, name="Direct")
    with crm.session(actor="Sierra") as session:
        assert session.create(Customer, name="New").agency == teams["Sierra"].ref
        assert [each.name for each in session.find(Customer, order="id")] == ["Ours", "New"]
        assert [each.name for each in session.find(Contact)] == ["At Ours"]
        assert [each.name for each in session.find(Opportunity)] == ["Deal with Ours"]
        assert [each.name for each in session.find(User)] == ["Sierra"]
        assert [each.name for each in session.find(Team)] == ["Sierra"]
        assert session.update(ours, city="Reno").city == "Reno"
        with refused(crm, session, NotFoundError):
            session.update(theirs, city="Reno")


@pytest.mark.row("M10", "M11")
@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_the_roles_that_ship_are_of_several_levels(make_crm: CRMFactory) -> None:
    """Members write their own, managers their team's, directors everybody's; auditors read all and change nothing."""
    crm = make_crm()
    with crm.session(actor="admin") as session:
        north, south = (session.create(Team, name=name) for name in ("North", "South"))
        people = {
            name: session.create(User, name=name, external_id=name, roles=[role], team=team)
            for name, role, team in (
                ("me", "member", north),
                ("near", "member", north),
                ("far", "member", south),
                ("manager", "manager", north),
                ("director", "director", None),
                ("auditor", "auditor", north),
            )
        }
        customers = {name: session.create(Customer, name=name, owner=people[name]) for name in ("me", "near", "far")}
    writes = {"me": {"me"}, "manager": {"me", "near"}, "director": {"me", "near", "far"}, "auditor": set[str]()}
    for name, allowed in writes.items():
        with crm.session(actor=name) as session:
            assert session.count(Customer) == 3
            for owner, customer in customers.items():
                if owner in allowed:
                    customers[owner] = session.update(customer, city=f"of {name}")
                else:
                    with refused(crm, session, AccessDeniedError):
                        session.update(customer, city="x")
    with crm.session(actor="auditor") as session:
        assert [entry.action for entry in session.history(customers["me"])] == ["update"] * 3 + ["create"]
        for entity in (each for each in session.model.entities.values() if not each.declared.private):
            assert {action for action in ACTIONS if session.principal.may(entity, action)} == {"read", "export"}


def test_the_widest_levels_take_in_the_others() -> None:
    """Of some levels those remain that no other one takes in; reports and teams take in own, but not each other."""
    assert widest(["none", "own", "reports", "team"]) == {"reports", "team"}
    assert widest(["team", "tree", "own"]) == {"tree"}
    assert widest(LEVELS) == {"all"}
    assert widest(["none"]) == widest([]) == set()
    assert covers(frozenset({"tree"}), frozenset({"team", "own"}))
    assert not covers(frozenset({"tree"}), frozenset({"reports"}))
    assert not covers(frozenset(), frozenset({"own"}))
