"""Shares only widen: to a user or a team, to read or to write, until a moment."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from crmkit import (
    Contact,
    Customer,
    Grant,
    Opportunity,
    Order,
    OrderLine,
    Record,
    Ref,
    Role,
    Team,
    User,
    record,
    ref,
    text,
)
from crmkit.errors import AccessDeniedError, CommandError, NotFoundError, Refused
from crmkit.testing.plugins import make_plugin
from crmkit.testing.snapshots import refused

if TYPE_CHECKING:
    from collections.abc import Callable

    from crmkit import CRM, Session
    from crmkit.testing.clock import FrozenClock
    from crmkit.testing.fixtures import CRMFactory


@record(owner="owner")
class Contract(Record):
    """A plugin's entity that belongs to a customer, and to a user."""

    name: str = text()
    customer: Ref[Customer] = ref()
    owner: Ref[User] | None = ref()


SHARED = (Grant(entity="user", read="all"), Grant(entity="team", read="all"))
ROLES = (
    Role(
        name="seller",
        grants=(
            Grant(
                entity="*",
                read="own",
                create="own",
                update="own",
                delete="own",
                share="own",
                transfer="own",
            ),
            *SHARED,
        ),
    ),
    Role(name="reader", grants=(Grant(entity="*", read="own"), *SHARED)),
    Role(name="stranger", grants=SHARED),
    Role(name="lender", grants=(Grant(entity="*", read="all", share="all"), *SHARED)),
)


@pytest.fixture
def world(make_crm: CRMFactory) -> CRM:
    """Ann owns two customers; Ben and Rea are in a team below another one."""
    crm = make_crm([make_plugin("shares", *ROLES)])
    with crm.session(actor="admin") as session:
        north = session.create(Team, name="North")
        dock = session.create(Team, name="Dock", parent=north)
        for name, role, team in (
            ("ann", "seller", None),
            ("ben", "seller", dock),
            ("rea", "reader", dock),
            ("sam", "stranger", dock),
            ("lea", "lender", None),
        ):
            session.create(User, name=name, external_id=name, roles=[role], team=team)
    with crm.session(actor="ann") as session:
        for name in ("Acme", "Beta"):
            customer = session.create(Customer, name=name)
            session.create(Opportunity, name=f"Deal with {name}", customer=customer)
            order = session.create(Order, customer=customer)
            session.create(OrderLine, order=order, description=name)
    return crm


def of(session: Session, name: str) -> User:
    """Return a user."""
    return session.find(User, {"name": name})[0]


def seen(crm: CRM, actor: str) -> list[str]:
    """Return the customers that an actor sees; lists, counts, searches and sums must agree."""
    with crm.session(actor=actor) as session:
        names = [each.name for each in session.find(Customer, order="id")]
        assert session.count(Customer) == len(names)
        assert sorted(row[0] for row in session.aggregate(Customer, by=["name"], measures={"n": "count()"})) == names  # type: ignore[type-var]
        assert all(session.count(Customer, search=name) == 1 for name in names)
        return names


@pytest.mark.row("B18", "J5")
def test_a_share_opens_one_record(world: CRM, clock: FrozenClock) -> None:
    """A shared record is seen in every way, with its parts, by the user it is shared with, until it ends."""
    with world.session(actor="ann") as session:
        acme = session.find(Customer, {"name": "Acme"})[0]
        order = session.find(Order, {"customer": acme})[0]
        session.share(acme, of(session, "ben"))
        session.share(order, of(session, "ben"), until="2026-03-03T09:00:00Z")
    assert (seen(world, "ben"), seen(world, "rea")) == (["Acme"], [])
    with world.session(actor="ben") as session:
        assert session.rows(OrderLine, ["description", "order.customer.name"]) == (("Acme", "Acme"),)
        assert session.count(Opportunity) == 0
        with refused(world, session, AccessDeniedError):
            session.update(acme, city="Lyon")
        assert [entry.action for entry in session.history(acme)] == ["share", "create"]
    clock.advance(days=2)
    with world.session(actor="ben") as session:
        assert session.count(OrderLine) == 0
    with world.session(actor="ann") as session:
        assert session.unshare(acme, of(session, "ben"))
        assert not session.unshare(acme, of(session, "ben"))
    assert seen(world, "ben") == []


@pytest.mark.row("B18")
def test_a_team_and_all_below_it_get_what_is_shared_with_it(world: CRM) -> None:
    """A share with a team reaches the members of teams below it; those of no team it does not reach."""
    with world.session(actor="ann") as session:
        acme = session.find(Customer, {"name": "Acme"})[0]
        session.share(acme, session.find(Team, {"name": "North"})[0], access="write")
    assert [seen(world, name) for name in ("ben", "rea", "sam", "lea")] == [["Acme"], ["Acme"], [], ["Acme", "Beta"]]
    with world.session(actor="ben") as session:
        assert session.update(acme, city="Lyon").city == "Lyon"
        moved = session.move(session.get(Customer, acme.id), "active")
        with refused(world, session, AccessDeniedError):
            session.delete(moved)
        with refused(world, session, AccessDeniedError):
            session.update(moved, owner=of(session, "ben"))
    for name, error in (("rea", AccessDeniedError), ("sam", NotFoundError)):
        with world.session(actor=name) as session, refused(world, session, error):
            session.update(session.get(Customer, acme.id), city="Nice")


@pytest.mark.row("B18")
@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_a_share_that_ends_while_a_session_is_open_ends(world: CRM, clock: FrozenClock) -> None:
    """Kept statements ask for the time each time they run, for reads and for writes."""
    with world.session(actor="ann") as session:
        acme = session.find(Customer, {"name": "Acme"})[0]
        session.share(acme, of(session, "ben"), access="write", until="2026-03-02T10:00:00Z")
    with world.session(actor="ben") as session:
        acme = session.update(session.get(Customer, acme.id), city="Lyon")
        clock.advance(hours=2)
        assert session.count(Customer) == 0
        with refused(world, session, NotFoundError):
            session.update(acme, city="Nice")


@pytest.mark.row("J5")
@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_sharing_is_a_right_of_its_own(world: CRM) -> None:
    """Only who may share a record opens and closes it, and nobody gives more than it has."""
    with world.session(actor="ann") as session:
        acme = session.find(Customer, {"name": "Acme"})[0]
        line = session.find(OrderLine)[0]
        session.share(acme, of(session, "ben"), access="write")
    with world.session(actor="ben") as session:
        acts: list[Callable[[], object]] = [
            lambda: session.share(acme, of(session, "rea")),
            lambda: session.unshare(acme, of(session, "ben")),
        ]
        for act in acts:
            with refused(world, session, AccessDeniedError):
                act()
    with world.session(actor="lea") as session:
        with refused(world, session, AccessDeniedError):
            session.share(acme, of(session, "rea"), access="write")
        session.share(acme, of(session, "rea"))
        assert [(str(each.to.entity), each.access) for each in session.shares(acme)] == [
            ("user", "write"),
            ("user", "read"),
        ]
    with world.session(actor="ann") as session:
        wrong: list[Callable[[], object]] = [
            lambda: session.share(line, of(session, "ben")),
            lambda: session.share(acme, acme),
            lambda: session.share(acme, of(session, "ben"), access="all"),  # type: ignore[arg-type]
            lambda: session.share(acme, of(session, "ben"), until="2026-01-01T00:00:00Z"),
            lambda: session.share(acme, of(session, "ben"), until="soon"),
        ]
        for act in wrong:
            with refused(world, session, Refused):
                act()
    with world.session(actor="sam") as session, refused(world, session, CommandError):
        session.share(acme, of(session, "sam"))


@pytest.mark.row("J5")
def test_a_transfer_takes_along_what_belongs_to_it(world: CRM) -> None:
    """Deals and contacts of the same owner go along if asked to; what somebody else owns stays."""
    with world.session(actor="admin") as session:
        acme = session.find(Customer, {"name": "Acme"})[0]
        ben = of(session, "ben")
        session.create(Contact, name="Jo", customer=acme, owner=of(session, "ann"))
        foreign = session.create(Opportunity, name="Foreign", customer=acme, owner=of(session, "lea"))
    with world.session(actor="ann") as session:
        moved = session.transfer(acme, ben, along=["opportunity", "contact"])
        assert [each.ref.entity for each in moved] == ["customer", "opportunity", "contact"]
        with refused(world, session, Refused):
            session.transfer(session.find(Customer)[0], ben, along=["product"])
    assert (seen(world, "ann"), seen(world, "ben")) == (["Beta"], ["Acme"])
    with world.session(actor="ben") as session:
        assert {each.name for each in session.find(Opportunity)} == {"Deal with Acme"}
        with refused(world, session, NotFoundError):
            session.transfer(foreign, ben)


@pytest.mark.row("J5")
def test_sharing_and_transferring_are_granted_by_entity_each_for_itself(make_crm: CRMFactory) -> None:
    """Who may share customers and transfer opportunities may do neither the other way round."""
    host = Role(
        name="host",
        grants=(
            Grant(entity="customer", read="all", share="all"),
            Grant(entity="opportunity", read="all", transfer="all"),
            Grant(entity="user", read="all"),
        ),
    )
    crm = make_crm([make_plugin("hosting", host)])
    with crm.session(actor="admin") as session:
        acme = session.create(Customer, name="Acme")
        deal = session.create(Opportunity, name="Deal", customer=acme)
        hal, guest = (
            session.create(User, name=name, external_id=name, roles=roles)
            for name, roles in (("hal", ["host"]), ("guest", ["viewer"]))
        )
    with crm.session(actor="hal") as session:
        session.share(acme, guest)
        for act in (lambda: session.share(deal, guest), lambda: session.transfer(acme, hal)):
            with refused(crm, session, AccessDeniedError):
                act()
        with refused(crm, session, AccessDeniedError):  # all or nothing: the customer may not go, so the deal stays
            session.transfer(acme, hal, along=["opportunity"])
        assert session.get(Opportunity, deal.id).owner == deal.owner
        assert session.transfer(deal, hal)[0].ref == deal.ref


@pytest.mark.row("J5")
def test_a_transfer_takes_a_plugins_records_along(make_crm: CRMFactory) -> None:
    """Contracts, or whatever a plugin declares with an owner and a reference, go along like the core's."""
    crm = make_crm([make_plugin("contracts", Contract)])
    with crm.session(actor="admin") as session:
        acme = session.create(Customer, name="Acme")
        made = session.create(Contract, name="2026", customer=acme)
        eve = session.create(User, name="Eve", external_id="eve", roles=["member"])
        moved = session.transfer(acme, eve, along=["contract"])
        assert [each.ref for each in moved] == [acme.ref, made.ref]
        assert session.get(Contract, made.id).owner == eve.ref
