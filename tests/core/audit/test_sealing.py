"""The chain over the change log: whatever is altered in the database itself is found."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
import sqlalchemy as sa

from crmkit import SYSTEM, Check, Contact, Customer, Opportunity, User
from crmkit.errors import AccessDeniedError
from crmkit.testing.plugins import make_plugin

if TYPE_CHECKING:
    from collections.abc import Iterator

    from crmkit import CRM, Session
    from crmkit.testing.clock import FrozenClock
    from crmkit.testing.fixtures import CRMFactory


@pytest.fixture
def sealed(make_crm: CRMFactory) -> CRM:
    """A CRM with some business, sealed in two batches."""
    crm = make_crm()
    with crm.session(actor="admin") as session:
        customer = session.create(Customer, name="Acme")
        session.update(customer, city="Paris")
    assert crm.audit.seal() == 3
    with crm.session(actor="admin") as session:
        deal = session.create(Opportunity, name="Deal", customer=customer)
        session.move(deal, "won")
        session.link(deal, "about", customer)
        session.create(Contact, name="Bea", customer=customer)
    assert crm.audit.seal() == 3
    assert crm.audit.seal() == 0
    return crm


@pytest.mark.row("M11")
def test_what_is_whole_verifies(sealed: CRM) -> None:
    """Nothing is found in a database that only crmkit wrote; an earlier end of the chain is passed by a later one."""
    noted = str(sealed.audit.head())
    with sealed.session(actor="admin") as session:
        session.create(Customer, name="Later")
    sealed.audit.seal()
    assert sealed.audit.verify(noted) == []
    assert sealed.audit.head().number == 3


TAMPERING: dict[str, tuple[str, str]] = {
    "a value": (
        "UPDATE {change} SET new = replace(new, 'Paris', 'Lyon') WHERE id = {third}",
        "values of change {third}",
    ),
    "who did it": ("UPDATE {change} SET actor_id = 7 WHERE id = {third}", "seal 1 covers was altered"),
    "when": ("UPDATE {change} SET at = '2020-01-01 00:00:00' WHERE id = {third} + 1", "seal 2 covers was altered"),
    "another record": ("UPDATE {change} SET record_id = 9 WHERE id = {third} + 1", "seal 2 covers was altered"),
    "an entry is gone": ("DELETE FROM {change} WHERE id = {third}", "change {third}, under seal 1, is missing"),
    "values erased but not their salt": (
        "UPDATE {change} SET old = NULL, new = NULL WHERE id = {third}",
        "values of change {third}",
    ),
    "a salt": ("UPDATE {sealed} SET salt = 'x' WHERE change_id = {third}", "values of change {third}"),
    "a salt erased but not the values": (
        "UPDATE {sealed} SET salt = NULL WHERE change_id = {third}",
        "values of change {third}",
    ),
    "a hash": ("UPDATE {sealed} SET hash = 'x' WHERE change_id = {third}", "seal 1 covers was altered"),
    "entries put elsewhere": ("UPDATE {sealed} SET seal = 2 WHERE change_id = {third}", "seal 1 covers was altered"),
    "a seal is gone": ("DELETE FROM {seal} WHERE number = 1", "seal 1 is missing"),
    "a digest": ("UPDATE {seal} SET digest = 'x' WHERE number = 1", "seal 1 covers was altered"),
    "a record": ("UPDATE {customer} SET version = 9", "customer 1 has version 9"),
    "a stage": ("UPDATE {opportunity} SET stage = 'lost'", "opportunity 1 is in the stage lost"),
}


@pytest.mark.row("M11")
@pytest.mark.parametrize("tampering", TAMPERING)
def test_what_is_altered_is_found(sealed: CRM, tampering: str) -> None:
    """Whatever somebody does with SQL, `verify` names it."""
    statement, words = TAMPERING[tampering]
    system, tables = sealed.tables.system, sealed.tables
    preparer = sealed.engine.dialect.identifier_preparer
    names = {
        "change": system.change,
        "sealed": system.sealed_change,
        "seal": system.seal,
        "customer": tables["customer"],
        "opportunity": tables["opportunity"],
    }
    places: dict[str, object] = {name: preparer.format_table(table) for name, table in names.items()}
    with sealed.engine.begin() as connection:
        updated = sa.select(system.change.c.id).where(system.change.c.action == "update")
        places["third"] = connection.execute(updated).scalar_one()
        connection.exec_driver_sql(statement.format(**places))
    found = [each.text for each in sealed.audit.verify()]
    assert any(words.format(**places) in each for each in found), found


def test_an_end_that_was_cut_off_is_missed(sealed: CRM) -> None:
    """Without the last seal and its entries the rest is whole; who noted the end sees that it is gone."""
    noted = str(sealed.audit.head())
    system = sealed.tables.system
    with sealed.engine.begin() as connection:
        connection.execute(system.seal.delete().where(system.seal.c.number == 2))
        connection.execute(system.sealed_change.delete().where(system.sealed_change.c.seal == 2))
    assert [each for each in sealed.audit.verify() if each.check == "chain"] == []
    assert any("does not hold" in each.text for each in sealed.audit.verify(noted))


def test_erasing_leaves_the_chain_whole(sealed: CRM) -> None:
    """Values and salt dropped together are no tampering."""
    system = sealed.tables.system
    with sealed.engine.begin() as connection:
        connection.execute(system.change.update().where(system.change.c.id == 3).values(old=None, new=None))
        connection.execute(system.sealed_change.update().where(system.sealed_change.c.change_id == 3).values(salt=None))
    assert [each for each in sealed.audit.verify() if each.check == "chain"] == []


def test_what_was_committed_late_comes_under_a_later_seal(make_crm: CRMFactory, backend: str) -> None:
    """A transaction that took its numbers early and committed late loses nothing."""
    if backend == "sqlite":
        pytest.skip("SQLite has one writer at a time")
    crm = make_crm()
    crm.audit.seal()
    late = crm.session(actor="admin")
    with late as session:
        session.create(Customer, name="Early number")
        with crm.session(actor="admin") as other:
            other.create(Customer, name="Late number")
        assert crm.audit.seal() == 1
    assert crm.audit.seal() == 1
    assert crm.audit.verify() == []


@pytest.mark.row("M11", "M17")
def test_the_trail_is_for_auditors(sealed: CRM, clock: FrozenClock) -> None:
    """Who may read it sees who did what when, and only fields that they may see; others are refused."""
    with sealed.session(actor="admin") as session:
        for role in ("auditor", "member", "director"):
            session.create(User, name=role, external_id=role, roles=[role])
        clock.advance(days=1)
        session.update(session.find(Customer)[0], city="Lyon")
    with sealed.session(actor="auditor") as session:
        found = list(session.audit.entries(entity=Customer))
        assert [each.action for each in found] == ["create", "update", "update"]
        assert (found[-1].old["city"], found[-1].new["city"], found[-1].seal) == ("Paris", "Lyon", None)
        assert len(list(session.audit.entries(since=clock.now))) == 1
        assert list(session.audit.entries(since=clock.now + timedelta(seconds=1))) == []
        every = [each.number for each in session.audit.entries()]
        assert [each.number for each in session.audit.entries(after=every[1], limit=2)] == every[2:4]
        admin = next(each.actor for each in session.audit.entries(action="move"))
        assert {each.actor for each in session.audit.entries(actor=admin)} == {admin}
    for role in ("member", "director"):
        with sealed.session(actor=role) as session, pytest.raises(AccessDeniedError, match="audit trail"):
            list(session.audit.entries())


def test_plugins_check_what_is_theirs(make_crm: CRMFactory) -> None:
    """A check of a plugin is run with the others, and says which plugin it is of."""

    def check(session: Session) -> Iterator[str]:
        for each in session.find(Customer, "city == 'Nowhere'"):
            yield f"{each.name} is nowhere"

    crm = make_crm([make_plugin("places", Check(name="places", run=check, help="Everybody is somewhere."))])
    assert crm.audit.verify() == []
    with crm.session(actor=SYSTEM) as session:
        session.create_many(Customer, [{"name": f"C{number}", "city": "Nowhere"} for number in range(30)])
    found = crm.audit.verify()
    assert {(each.plugin, each.check) for each in found} == {("places", "places")}
    assert (found[0].text, len(found)) == ("C0 is nowhere", 21)


def test_links_and_trees_are_checked(sealed: CRM) -> None:
    """A link to nothing, and a closure that lacks a row, are named."""
    link, closure = sealed.tables.system.link, sealed.tables.system.closure
    with sealed.engine.begin() as connection:
        connection.execute(link.update().values(target_id=99))
        connection.execute(closure.delete())
    found = [each.text for each in sealed.audit.verify()]
    assert any("link" in each and "isn't there" in each for each in found)
    assert any("closure" in each for each in found)
