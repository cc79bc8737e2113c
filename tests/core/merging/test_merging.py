"""Merging: several records become one, with all that refers to them, and are apart again when it is undone."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from crmkit import Assignment, Contact, Customer, Opportunity, Order, Record, Team, User
from crmkit.errors import (
    AccessDeniedError,
    ConflictError,
    MergedError,
    NotFoundError,
    Refused,
)

if TYPE_CHECKING:
    from crmkit import CRM, Session
    from crmkit.testing.fixtures import CRMFactory


CONTRACTS = str(Path(__file__).with_name("contracts.py"))


def notes(session: Session) -> type[Record]:
    """Return the plugin's entity that refers to customers in two ways."""
    return session.model.entities["contract_note"].record_class


@pytest.fixture
def crm(make_crm: CRMFactory) -> CRM:
    """A CRM with the plugin."""
    return make_crm([CONTRACTS])


@pytest.mark.row("B6")
def test_values_survive_by_field(crm: CRM) -> None:
    """The survivor keeps its own, gets what it lacks from the others in their order, and what is chosen counts."""
    with crm.session(actor="admin") as session:
        one = session.create(Customer, name="Acme", tags=["a"])
        two = session.create(Customer, name="ACME Inc", city="Paris", tags=["b", "a"], number="2")
        three = session.create(Customer, name="Acme SA", city="Lyon", website="https://acme.example", number="3")
        merged = session.merge(one, two, three, values={"name": three, "city": "Nice"})
        assert (merged.id, merged.name, merged.city, merged.number) == (one.id, "Acme SA", "Nice", "2")
        assert (merged.website, merged.tags) == ("https://acme.example", ("a", "b"))
        assert session.count(Customer) == 1
        assert [each.action for each in session.history(merged)] == ["merge", "update", "update", "create"]


@pytest.mark.row("B6")
def test_everything_that_refers_to_it_goes_along(crm: CRM) -> None:
    """References of every plugin, to one entity or to any, parts, and links lead to the survivor; ids redirect."""
    with crm.session(actor="admin") as session:
        one, two = session.create(Customer, name="One"), session.create(Customer, name="Two")
        child = session.create(Customer, name="Child", parent=two)
        deal = session.create(Opportunity, name="Deal", customer=two)
        order = session.create(Order, customer=two, number="1")
        contact = session.create(Contact, name="Bea", customer=two)
        note = session.create(notes(session), name="Note", customer=two, about=two)
        deleted = session.create(notes(session), name="Deleted", customer=two)
        session.delete(deleted)
        session.link(deal, "about", two)
        session.link(two, "same", one)
        session.merge(one, two)
        assert session.get(Customer, child.id).parent == one.ref
        assert session.get(Opportunity, deal.id).customer == one.ref
        assert session.get(Order, order.id).customer == one.ref
        assert session.get(Contact, contact.id).customer == one.ref
        moved = session.get(notes(session), note.id)
        assert (moved.customer, moved.about) == (one.ref, one.ref)
        assert session.restore(notes(session), deleted.id).customer == one.ref
        assert [(each.kind, each.target) for each in session.trace(one)] == [("about", one.ref)]
        assert session.get(Customer, two.id).id == one.id
        assert session.get(Customer, int(two.ref)).id == one.id
        assert session.history(moved)[0].new == {"about": str(one.ref), "customer": one.id}
    assert crm.audit.verify() == []


def test_what_both_had_is_there_once(crm: CRM) -> None:
    """A contact that both customers were linked to is linked to the survivor once."""
    with crm.session(actor="admin") as session:
        one, two = session.create(Customer, name="One"), session.create(Customer, name="Two")
        bea, cem = session.create(Contact, name="Bea"), session.create(Contact, name="Cem")
    with crm.session(actor="admin") as session:
        user = session.find(User)[0]
        for customer in (one, two):
            session.create(Assignment, user=user, record=customer, role="account_manager")
        assert session.count(Assignment) == 2
        session.merge(session.get(Customer, one.id), session.get(Customer, two.id))
        assert [each.record for each in session.find(Assignment)] == [one.ref]
        session.merge(session.get(Contact, bea.id), session.get(Contact, cem.id))
        assert session.count(Contact) == 1


@pytest.mark.row("B6")
def test_a_merge_is_undone(crm: CRM) -> None:
    """All is as before: values, references, links, and ids that lead nowhere else."""
    with crm.session(actor="admin") as session:
        one = session.create(Customer, name="One")
        two = session.create(Customer, name="Two", city="Paris", number="2")
        contact = session.create(Contact, name="Bea", customer=two)
        note = session.create(notes(session), name="Note", about=two)
        session.link(note, "of", two)
        user = session.find(User)[0]
        for customer in (one, two):
            session.create(Assignment, user=user, record=customer, role="account_manager")
        merged = session.merge(one, two)
        assert merged.city == "Paris"
        (back,) = session.unmerge(merged)
        assert (back.id, back.name, back.city, back.number) == (two.id, "Two", "Paris", "2")
        again = session.get(Customer, one.id)
        assert (again.city, again.number) == (None, None)
        assert session.get(Contact, contact.id).customer == two.ref
        assert session.get(notes(session), note.id).about == two.ref
        assert [each.kind for each in session.trace(back)] == ["of"]
        assert session.count(Assignment) == 2
        with pytest.raises(NotFoundError, match="merge into customer"):
            session.unmerge(again)
    assert crm.audit.verify() == []


def test_an_undo_keeps_what_was_done_since(crm: CRM) -> None:
    """A value that was changed since stays, what was pointed elsewhere stays there, and what is in the way is named."""
    with crm.session(actor="admin") as session:
        one = session.create(Customer, name="One")
        two = session.create(Customer, name="Two", city="Paris", number="2")
        contact = session.create(Contact, name="Bea", customer=two)
        other = session.create(Customer, name="Other")
        merged = session.merge(one, two)
        merged = session.update(merged, city="Lyon", number="9")
        session.update(session.get(Contact, contact.id), customer=other)
        session.create(Customer, name="Taker", number="2")
        with pytest.raises(Refused, match="must be unique"):
            session.unmerge(merged)
        assert session.count(Customer) == 3
        session.update(session.find(Customer, "name == 'Taker'")[0], number=None)
        session.unmerge(merged)
        again = session.get(Customer, one.id)
        assert (again.city, again.number) == ("Lyon", "9")
        assert session.get(Contact, contact.id).customer == other.ref


def test_merges_of_merges_lead_to_one(crm: CRM) -> None:
    """C into B into A: every id leads to A; undone from the last one backwards, all are there again."""
    with crm.session(actor="admin") as session:
        a, b, c = (session.create(Customer, name=name) for name in "ABC")
        b = session.merge(b, c)
        a = session.merge(a, b)
        assert {session.get(Customer, each.id).id for each in (a, b, c)} == {a.id}
        session.unmerge(a)
        assert [session.get(Customer, each.id).id for each in (a, b, c)] == [a.id, b.id, b.id]
        session.unmerge(session.get(Customer, b.id))
        assert [session.get(Customer, each.id).id for each in (a, b, c)] == [a.id, b.id, c.id]


def test_what_cant_be_merged_is_refused(crm: CRM) -> None:
    """Users and teams, a record with itself or alone, fields that aren't there, and without the right to."""
    with crm.session(actor="admin") as session:
        one, two = session.create(Customer, name="One"), session.create(Customer, name="Two")
        admin = session.find(User)[0]
        other = session.create(User, name="Rep", external_id="rep", roles=["member"])
        session.create(Team, name="North")
        for given, words in (((admin, other), "hand over"), ((one, one), "itself"), ((one,), "Name the records")):
            with pytest.raises(Refused, match=words):
                session.merge(*given)
        with pytest.raises(Refused, match="no such field"):
            session.merge(one, two, values={"nmae": "x"})
    with crm.session(actor="rep") as session:
        mine = session.create(Customer, name="Mine")
        with pytest.raises(AccessDeniedError):
            session.merge(mine, session.get(Customer, one.id))
        assert session.count(Customer) == 3


def test_a_record_that_was_merged_meanwhile_says_where_it_is(crm: CRM) -> None:
    """Who still holds the old record is told the new one, if they may see it."""
    with crm.session(actor="admin") as session:
        one, two = session.create(Customer, name="One"), session.create(Customer, name="Two")
    with crm.session(actor="admin") as session:
        session.merge(one, two)
    with crm.session(actor="admin") as session:
        with pytest.raises(MergedError) as caught:
            session.update(two, city="Paris")
        assert caught.value.into == one.id


@pytest.mark.row("B6")
def test_merging_and_editing_at_once_ends_in_one_survivor(crm: CRM) -> None:
    """Many threads edit, refer to and merge the same records: one survivor, nothing lost, nothing pointing nowhere."""
    with crm.session(actor="admin") as session:
        people = [session.create(Customer, name=f"C{number}") for number in range(8)]
    ids = [each.id for each in people]
    outcomes: list[str] = []

    def work(number: int) -> None:
        try:
            with crm.session(actor="admin") as session:
                if number % 2:
                    first, second = session.get(Customer, ids[number]), session.get(Customer, ids[number - 1])
                    session.merge(first, second)
                else:
                    customer = session.get(Customer, ids[(number + 3) % 8])
                    session.create(Contact, name=f"P{number}", customer=customer)
                    session.update(customer, city=f"City {number}")
            outcomes.append("done")
        except (ConflictError, NotFoundError, Refused) as error:
            outcomes.append(type(error).__name__)

    threads = [threading.Thread(target=work, args=(number % 8,)) for number in range(24)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert len(outcomes) == 24
    with crm.session(actor="admin") as session:
        living = {each.id for each in session.find(Customer)}
        assert {session.get(Customer, each).id for each in ids} == living
        for contact in session.find(Contact):
            assert contact.customer is not None
            assert session.get(Customer, int(contact.customer)).id in living
    assert [each for each in crm.audit.verify() if each.check != "references"] == []


@pytest.mark.parametrize("role", ["admin", "director", "manager", "member", "viewer", "auditor", "agent", "nothing"])
def test_merging_takes_the_right_to_change_and_to_delete(crm: CRM, role: str) -> None:
    """Who may change the survivor and delete the other one may merge them; nobody else, and then nothing changes."""
    with crm.session(actor="admin") as session:
        rep = session.create(User, name="Rep", external_id="rep", roles=[role] if role != "nothing" else [])
        one, two = (session.create(Customer, name=name, owner=rep) for name in ("One", "Two"))
    before = crm.fingerprint()
    try:
        with crm.session(actor="rep") as session:
            merged = session.merge(one, two)
            session.unmerge(merged)
        outcome = "merged"
    except (AccessDeniedError, NotFoundError):
        outcome = "refused"
        assert crm.fingerprint() == before
    assert outcome == ("merged" if role in {"admin", "director", "manager", "member"} else "refused")
