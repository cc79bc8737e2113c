"""Permission: one predicate for reads and one check for writes, for every command and every level."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from attrs import frozen

from crmkit import (
    Assignment,
    Contact,
    Customer,
    Event,
    Grant,
    Opportunity,
    Order,
    OrderLine,
    OrgUnit,
    Product,
    Role,
    Team,
    User,
)
from crmkit.errors import AccessDeniedError, CommandError, NotFoundError, Refused
from crmkit.testing.plugins import make_plugin
from crmkit.testing.snapshots import refused

if TYPE_CHECKING:
    from collections.abc import Callable

    from crmkit import CRM, Session
    from crmkit.testing.fixtures import CRMFactory

LEVELS = ("none", "own", "team", "all")
REACHED = {"none": set(), "own": {"ann"}, "team": {"ann", "ben"}, "all": {"ann", "ben", "cid"}}
"""Whose records Ann reaches by each level; Ben is in her team, Cid in none."""


def role(name: str, *, read: str, write: str) -> Role:
    """Return a role that reads and writes to these levels."""
    everything = Grant(
        entity="*",
        read=read,  # type: ignore[arg-type]
        create=write,  # type: ignore[arg-type]
        update=write,  # type: ignore[arg-type]
        delete=write,  # type: ignore[arg-type]
        transfer=write,  # type: ignore[arg-type]
    )
    return Role(name=name, grants=(everything, Grant(entity="user", read="all")))


ROLES = [role(f"read_{read}_write_{write}", read=read, write=write) for read in LEVELS for write in LEVELS]


@frozen
class World:
    """A CRM in which each of three users has a customer with parts of its own, and Ann gets a role."""

    crm: CRM
    customers: dict[str, Customer]
    orders: dict[str, Order]
    units: dict[str, OrgUnit]
    lines: dict[str, OrderLine]
    assignments: dict[str, Assignment]
    users: dict[str, User]

    def become(self, read: str, write: str) -> None:
        """Give Ann the role of these levels, and no other."""
        with self.crm.session(actor="admin") as session:
            ann = session.get(User, self.users["ann"].id)
            session.update(ann, roles=[f"read_{read}_write_{write}"])


@pytest.fixture
def world(make_crm: CRMFactory) -> World:
    """Three users, each with records."""
    crm = make_crm([make_plugin("levels", *ROLES, Event(name="customer.noticed", entity="customer"))])
    made: list[dict[str, object]] = [{} for _ in range(6)]
    customers, orders, units, lines, assignments, users = made
    with crm.session(actor="admin") as session:
        team = session.create(Team, name="North")
        for name in ("ann", "ben", "cid"):
            user = session.create(User, name=name, external_id=name, team=None if name == "cid" else team)
            users[name] = user
            customer = session.create(Customer, name=name, owner=user)
            order = session.create(Order, customer=customer, owner=user)
            customers[name], orders[name] = customer, order
            units[name] = session.create(OrgUnit, name=name, customer=customer)
            lines[name] = session.create(OrderLine, order=order, description=name)
            assignments[name] = session.create(Assignment, record=customer, user=user)
    return World(crm, customers, orders, units, lines, assignments, users)  # type: ignore[arg-type]


def seen(session: Session, record: Customer) -> bool:
    """Return whether a record is seen, having asked in every way there is; they must agree."""
    answers = [
        found(session, record)
        for found in (
            lambda session, record: bool(session.get(Customer, record.id)),
            lambda session, record: bool(session.get(record.ref)),
            lambda session, record: bool(session.find(Customer, {"name": record.name})[0]),
            lambda session, record: bool(session.rows(Customer, ["name"], {"name": record.name})[0]),
            lambda session, record: bool(session.count(Customer, {"name": record.name}) or 1 / 0),
            lambda session, record: bool(session.count(Customer, search=record.name) or 1 / 0),
            lambda session, record: bool(
                session.aggregate(Customer, by=["name"], measures={"n": "count()"}, where={"name": record.name})[0]
            ),
            lambda session, record: bool(session.history(record)),
            lambda session, record: bool(session.timeline(record)),
            lambda session, record: session.trace(record) is not None,
            lambda session, record: bool(session.related(record, OrgUnit)[0]),
        )
        for found in (answer(found),)
    ]
    assert len(set(answers)) == 1, answers
    return answers[0]


def answer(read: Callable[[Session, Customer], object]) -> Callable[[Session, Customer], bool]:
    """Return a question that is answered with no if nothing is found."""

    def ask(session: Session, record: Customer) -> bool:
        try:
            return bool(read(session, record))
        except (NotFoundError, IndexError, ZeroDivisionError):
            return False

    return ask


@pytest.mark.row("A16")
def test_all_reads_agree(world: World) -> None:
    """Whatever way a record is asked for, it is seen or not, by the level of reading; parts are seen with wholes."""
    for read in LEVELS:
        world.become(read, "none")
        with world.crm.session(actor="ann") as session:
            assert {name for name, each in world.customers.items() if seen(session, each)} == REACHED[read]
            assert session.count(Customer) == len(REACHED[read])
            for entity in (OrgUnit, OrderLine, Assignment, Order):
                assert session.count(entity) == len(REACHED[read]), entity
            shown = session.rows(OrderLine, ["description", "order.customer.name"])
            assert set(shown) == {(name, name) for name in REACHED[read]}
            for name, line in world.lines.items():
                if name not in REACHED[read]:
                    with pytest.raises(NotFoundError):
                        session.history(line)


COMMANDS: dict[str, Callable[[Session, World, str], object]] = {
    "update": lambda session, world, name: session.update(world.customers[name], city="Lyon"),
    "update many": lambda session, world, name: session.update_many(
        [(world.customers["ann"], {"level": "a"}), (world.customers[name], {"city": "Lyon"})]
    ),
    "move": lambda session, world, name: session.move(world.customers[name], "active"),
    "delete": lambda session, world, name: session.delete(world.customers[name]),
    "update part": lambda session, world, name: session.update(world.units[name], name="Changed"),
    "delete part": lambda session, world, name: session.delete(world.lines[name]),
    "create part": lambda session, world, name: session.create(OrgUnit, name="New", customer=world.customers[name]),
    "create part of any": lambda session, world, name: session.create(
        Assignment, record=world.customers[name].ref, user=world.users["ann"], role="support"
    ),
    "delete part of any": lambda session, world, name: session.delete(world.assignments[name]),
    "create for": lambda session, world, name: session.create(Customer, name="New", owner=world.users[name]),
    "give away": lambda session, world, name: session.update(world.customers["ann"], owner=world.users[name]),
    "take part along": lambda session, world, name: session.update(world.units["ann"], customer=world.customers[name]),
    "link": lambda session, world, name: session.link(world.orders[name], "became", world.customers[name]),
    "emit": lambda session, world, name: session.emit("customer.noticed", world.customers[name]),
}


@pytest.mark.parametrize("write", LEVELS)
@pytest.mark.parametrize("read", ["own", "all"])
@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_every_write_is_checked(make_crm: CRMFactory, read: str, write: str, request: pytest.FixtureRequest) -> None:
    """Each command does its work within reach, and outside changes nothing; what is unseen looks like not there."""
    world: World = request.getfixturevalue("world")
    world.become(read, write)
    for command, act in COMMANDS.items():
        for name in ("ann", "ben", "cid"):
            if name == "ann" and command in {"give away", "take part along"}:
                continue  # it is there already, and no change is refused to nobody
            reached = name in REACHED[write] and (
                command not in {"take part along", "update many"} or "ann" in REACHED[write]
            )
            if command == "give away":  # to whomever, if it is one's own to give
                reached = "ann" in REACHED[write]
            readable = name in REACHED[read] or command in {"create for", "give away"}
            session = world.crm.session(actor="ann")
            try:
                if reached and readable:
                    act(session, world, name)
                    continue
                with refused(world.crm, session, CommandError) as caught:
                    act(session, world, name)
                assert isinstance(caught.value, (AccessDeniedError, NotFoundError, Refused)), (command, name)
                if name not in REACHED[read] and command in {"move", "delete", "update", "update part", "delete part"}:
                    assert isinstance(caught.value, NotFoundError), (command, name)
            finally:
                session.unit.finish(failed=True)


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_unseen_and_missing_records_are_answered_alike(world: World) -> None:
    """The answer about a record out of reach is word for word that about a record that doesn't exist."""
    world.become("own", "own")
    foreign = world.customers["cid"]
    with world.crm.session(actor="ann") as session:
        for act in (
            lambda number: session.get(Customer, number),
            lambda number: session.restore(Customer, number),
            lambda number: session.create(Opportunity, name="Deal", customer=number),
            lambda number: session.create(OrgUnit, name="Unit", customer=number),
            lambda number: session.create(Assignment, record=f"customer:{number}", user=session.actor_ref),
        ):
            texts = []
            for number in (foreign.id, 999):
                with refused(world.crm, session, CommandError) as caught:
                    act(number)
                texts.append(str(caught.value).replace(str(number), "N"))
            assert texts[0] == texts[1]


def test_a_reader_changes_nothing(world: World) -> None:
    """Whoever may only read is refused by every command that writes, links and events included."""
    world.become("all", "none")
    with world.crm.session(actor="admin") as session:
        gone = session.create(Customer, name="Gone")
        contact = session.create(Contact, name="Jo")
        session.delete(gone)
    with world.crm.session(actor="ann") as session:
        for act in COMMANDS.values():
            with refused(world.crm, session, CommandError):
                act(session, world, "ben")
        for refusal in (
            lambda: session.emit("contact.linked", contact),
            lambda: session.restore(Customer, gone.id),
            lambda: session.create_many(Product, [{"name": "A"}, {"name": "B"}]),
            lambda: session.update(session.get(User, world.users["ann"].id), roles=["admin"]),
            lambda: session.create(Customer, name="New", idempotency_key="k"),
        ):
            with refused(world.crm, session, AccessDeniedError):
                refusal()


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_nobody_makes_themselves_an_administrator(make_crm: CRMFactory) -> None:
    """A member may not change users, roles or teams, not even their own."""
    crm = make_crm()
    with crm.session(actor="admin") as session:
        session.create(User, name="Bob", external_id="bob", roles=["member"])
    with crm.session(actor="bob") as session:
        me = session.get(User, int(session.actor_ref or 0))
        for act in (
            lambda: session.update(me, roles=["admin"]),
            lambda: session.create(User, name="Eve", external_id="eve", roles=["admin"]),
            lambda: session.create(Team, name="Mine"),
            lambda: session.delete(me),
        ):
            with refused(crm, session, AccessDeniedError):
                act()
    with crm.session(actor="admin") as session, refused(crm, session, Refused):
        session.update(me, roles=["root"])


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_several_roles_reach_as_far_as_the_widest(world: World) -> None:
    """Grants are united over an actor's roles; an unknown role grants nothing."""
    with world.crm.session(actor="admin") as session:
        ann = session.get(User, world.users["ann"].id)
        session.update(ann, roles=["read_own_write_none", "read_none_write_team"])
    with world.crm.session(actor="ann") as session:
        assert session.count(Customer) == 1
        assert session.update(world.customers["ann"], city="Lyon").city == "Lyon"


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_ancestors_out_of_sight_are_left_out(world: World) -> None:
    """The way up a tree shows those records only that the actor sees."""
    with world.crm.session(actor="admin") as session:
        session.update(world.customers["ann"], parent=world.customers["cid"])
        session.update(world.customers["cid"], parent=world.customers["ben"])
        assert session.ancestors(world.customers["ann"].ref, "parent") == [3, 2]
    world.become("team", "none")
    with world.crm.session(actor="ann") as session:
        assert session.ancestors(world.customers["ann"].ref, "parent") == [2]
        assert session.ancestors(world.customers["cid"].ref, "parent") == []


@pytest.mark.row("B7")
@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_a_timeline_shows_what_its_reader_sees(world: World) -> None:
    """The timeline of a customer leaves out orders around it that the actor may not read, page by page."""
    with world.crm.session(actor="admin") as session:
        for name in ("ben", "cid") * 5:
            session.create(Order, customer=world.customers["ann"], owner=world.users[name])
        total = len(session.timeline(world.customers["ann"]))
    world.become("team", "none")
    with world.crm.session(actor="ann") as session:
        whole = session.timeline(world.customers["ann"])
        assert len(whole) == total - 5
        page, found = session.timeline(world.customers["ann"], limit=3), []
        while True:
            found += list(page)
            if page.next is None:
                break
            page = session.timeline(world.customers["ann"], limit=3, after=page.next)
        assert found == list(whole)
        assert [entry.at for entry in found] == sorted((entry.at for entry in found), reverse=True)
