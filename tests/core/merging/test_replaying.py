"""What a disabled plugin keeps follows merges, and their undoing, when it is enabled again."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from crmkit import Category, Contact, Customer, CustomField
from crmkit.errors import Refused

if TYPE_CHECKING:
    from crmkit import CRM, Record, Session
    from crmkit.testing.fixtures import CRMFactory

pytestmark = pytest.mark.thorough
CONTRACTS = str(Path(__file__).with_name("contracts.py"))


def notes(crm: CRM) -> dict[object, tuple[object, object]]:
    """Return, by the name of each note, the ids of the customers that it refers to in two ways."""
    with crm.session(actor="admin", readonly=True) as session:
        entity = session.model.entities["contract_note"].record_class
        return {row[0]: (row[1], row[2]) for row in session.rows(entity, ["name", "customer", "about.id"])}


def three(session: Session) -> list[Customer]:
    """Return three customers with a contract and a note each."""
    made = [session.create(Customer, name=name) for name in ("One", "Two", "Three")]
    for each in made:
        entity = session.model.entities["contract_note"].record_class
        session.create_many(entity, [{"name": each.name, "customer": each, "about": each}])
        session.create_many(session.model.entities["contract"].record_class, [{"name": each.name, "customer": each}])
    return made


def test_references_of_a_plugin_that_is_enabled_again_lead_to_the_survivors(make_crm: CRMFactory) -> None:
    """Over a chain of merges, by both sorts of references; undone one by one, each goes back where it was."""
    database = make_crm.database()
    crm = make_crm([CONTRACTS], on=database)
    with crm.session(actor="admin") as session:
        one, two, third = three(session)
    bare = make_crm(on=database)
    with bare.session(actor="admin") as session:
        merged = session.merge(session.get(Customer, two.id), session.get(Customer, third.id))
        session.merge(session.get(Customer, one.id), merged)

    again = make_crm([CONTRACTS], on=database, upgrade=False)
    assert sum("as merge" in line for line in again.upgrade()) == 2
    assert notes(again) == dict.fromkeys(("One", "Two", "Three"), (one.id, one.id))
    assert not [line for line in again.upgrade() if "merge" in line]

    with again.session(actor="admin") as session:
        session.unmerge(session.get(Customer, one.id))
    assert notes(again) == {"One": (one.id, one.id), "Two": (two.id, two.id), "Three": (two.id, two.id)}
    with again.session(actor="admin") as session:
        session.unmerge(session.get(Customer, two.id))
    assert notes(again) == {"One": (one.id, one.id), "Two": (two.id, two.id), "Three": (third.id, third.id)}


def test_what_was_taken_apart_meanwhile_is_taken_apart_in_the_plugin_too(make_crm: CRMFactory) -> None:
    """A merge that pointed the plugin's records, and was undone without it, is undone in them when it is back."""
    database = make_crm.database()
    crm = make_crm([CONTRACTS], on=database)
    with crm.session(actor="admin") as session:
        one, two, third = three(session)
        session.merge(one, two)
    bare = make_crm(on=database)
    with bare.session(actor="admin") as session:
        session.unmerge(session.get(Customer, one.id))
    again = make_crm([CONTRACTS], on=database)
    assert notes(again) == {each.name: (each.id, each.id) for each in (one, two, third)}
    assert not [line for line in again.upgrade() if "merge" in line]


def test_what_cant_be_together_stays_and_is_said(make_crm: CRMFactory) -> None:
    """Two contracts of one name don't keep a plugin from being enabled: they stay, and each upgrade names them."""
    database = make_crm.database()
    crm = make_crm([CONTRACTS], on=database)
    with crm.session(actor="admin") as session:
        made = [session.create(Customer, name=name) for name in ("One", "Two")]
        contract = session.model.entities["contract"].record_class
        session.create_many(contract, [{"name": "Same", "customer": each} for each in made])
    bare = make_crm(on=database)
    with bare.session(actor="admin") as session:
        session.merge(*(session.get(Customer, each.id) for each in made))
    again = make_crm([CONTRACTS], on=database, upgrade=False)
    (said,) = [line for line in again.upgrade() if "merge" in line]
    assert "Same can't be moved along: The customer has this contract already." in said
    with again.session(actor="admin") as session:
        assert session.count(again.model.entities["contract"].record_class, {"customer": made[1]}) == 1


def test_dismissals_follow_merges(session: Session) -> None:
    """Who was not the same as a merged record is not the same as the survivor; undone, that is forgotten."""
    bea, again, other = (
        session.create(Contact, name="Bea Martin", email="bea@acme.example", phone=phone)
        for phone in (None, None, "+33 1 40 20 50 50")
    )
    session.identity.dismiss(again, other)
    survivor = session.merge(bea, again)
    assert session.identity.compare(survivor, other)[0].is_dismissed
    assert not list(session.identity.candidates(Contact))
    session.unmerge(survivor)
    assert not session.identity.compare(session.get(Contact, bea.id), other)[0].is_dismissed
    assert session.identity.compare(session.get(Contact, again.id), other)[0].is_dismissed


def test_a_dismissal_that_was_there_stays_when_a_merge_is_undone(session: Session) -> None:
    """Only what the merge has added is taken back."""
    bea, again, other = (session.create(Contact, name="Bea Martin", email="bea@acme.example") for _ in range(3))
    session.identity.dismiss(bea, other)
    session.identity.dismiss(again, other)
    session.unmerge(session.merge(bea, again))
    assert session.identity.compare(session.get(Contact, bea.id), other)[0].is_dismissed


def path_of(session: Session, record: Record) -> object:
    """Return the path of a category as it is now."""
    return session.get(Category, record.id).path


def test_categories_follow_merges(session: Session) -> None:
    """A merged category's records and branches belong to the survivor, with new paths; undone, all is as before."""
    trade, shops = session.create(Category, name="Trade"), session.create(Category, name="Shops")
    retail = session.create(Category, name="Retail", parent=shops)
    online = session.create(Category, name="Online", parent=retail)
    acme = session.create(Customer, name="Acme", category=shops)
    assert path_of(session, online) == "Shops / Retail / Online"
    survivor = session.merge(trade, shops)
    assert session.get(Customer, acme.id).category == trade.ref
    assert [path_of(session, each) for each in (retail, online)] == ["Trade / Retail", "Trade / Retail / Online"]
    session.unmerge(survivor)
    assert session.get(Customer, acme.id).category == shops.ref
    assert [path_of(session, each) for each in (retail, online)] == ["Shops / Retail", "Shops / Retail / Online"]


def test_a_merged_record_gives_its_category_and_level(session: Session) -> None:
    """A survivor without them gets them, with who gave them; its own are kept."""
    key, lost = session.create(Category, name="Key"), session.create(Category, name="Lost")
    one, two = session.create(Customer, name="One"), session.create(Customer, name="Two", category=key, level="a")
    third = session.create(Customer, name="Three", category=lost, level="c")
    survivor = session.merge(session.merge(one, two), third)
    assert (survivor.category, survivor.level) == (key.ref, "a")


def test_definitions_of_fields_are_not_merged(session: Session) -> None:
    """Records have values of each, which would be hidden."""
    one, two = (session.create(CustomField, entity="customer", name=name, kind="text") for name in ("one", "two"))
    with pytest.raises(Refused, match="not merged"):
        session.merge(one, two)
