"""What goes along with a merged record, what stays, and what a merge is refused for."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import sqlalchemy as sa

from crmkit import Contact, Customer, CustomerContact, OrgUnit, Record, User
from crmkit.errors import AccessDeniedError, MergedError, NotFoundError, Refused

if TYPE_CHECKING:
    from crmkit import CRM, Session
    from crmkit.testing.fixtures import CRMFactory

CONTRACTS = str(Path(__file__).with_name("contracts.py"))


def contracts(session: Session) -> type[Record]:
    """Return the plugin's entity."""
    return session.model.entities["contract"].record_class


@pytest.fixture
def crm(make_crm: CRMFactory) -> CRM:
    """A CRM with contracts and a clerk."""
    crm = make_crm([CONTRACTS])
    with crm.session(actor="admin") as session:
        session.create(User, name="Clerk", external_id="clerk", roles=["clerk"])
    return crm


def test_two_primary_contacts_stay_and_one_is_primary(crm: CRM) -> None:
    """A mark that only one may have stays with the survivor's; the other loses it until this is undone."""
    with crm.session(actor="admin") as session:
        one, two = session.create(Customer, name="One"), session.create(Customer, name="Two")
        bea = session.create(Contact, name="Bea", customer=one, is_primary=True)
        cem = session.create(Contact, name="Cem", customer=two, is_primary=True)
        merged = session.merge(one, two)
        assert [(each.name, each.is_primary) for each in session.find(Contact, order="name")] == [
            ("Bea", True),
            ("Cem", False),
        ]
        session.unmerge(merged)
        assert session.get(Contact, cem.id).is_primary
        assert session.get(Contact, cem.id).customer == two.ref
        assert session.get(Contact, bea.id).customer == one.ref


def test_a_record_that_only_links_is_there_once(make_crm: CRMFactory) -> None:
    """A contact that is linked to both customers is linked to the survivor once; undone, it is linked to both."""
    crm = make_crm(settings={"multi_customer_contacts": True})
    with crm.session(actor="admin") as session:
        one, two = session.create(Customer, name="One"), session.create(Customer, name="Two")
        bea = session.create(Contact, name="Bea")
        for customer in (one, two):
            session.create(CustomerContact, customer=customer, contact=bea, title=customer.name)
        merged = session.merge(one, two)
        assert [(each.customer, each.title) for each in session.find(CustomerContact)] == [(one.ref, "One")]
        session.unmerge(merged)
        assert {each.title for each in session.find(CustomerContact)} == {"One", "Two"}


def test_records_that_cant_be_together_refuse_the_merge(crm: CRM) -> None:
    """Two contracts of one number are no doubles: the merge names them, and nothing is changed."""
    with crm.session(actor="admin") as session:
        one, two = session.create(Customer, name="One"), session.create(Customer, name="Two")
        for customer in (one, two):
            session.create(contracts(session), name="C-1", customer=customer)
    before = crm.fingerprint()
    with crm.session(actor="admin") as session, pytest.raises(Refused, match="C-1 can't be moved along") as caught:
        session.merge(one, two)
    assert [each.path for each in caught.value.refusals] == ["contract.customer, name"]
    assert crm.fingerprint() == before


def test_a_merge_closes_no_circle(crm: CRM) -> None:
    """Merging a record with one that stands two levels below it is refused until its parent is chosen."""
    with crm.session(actor="admin") as session:
        top = session.create(Customer, name="Top")
        middle = session.create(Customer, name="Middle", parent=top)
        bottom = session.create(Customer, name="Bottom", parent=middle)
        with pytest.raises(Refused, match="own ancestor"):
            session.merge(bottom, top)
        merged = session.merge(bottom, top, values={"parent": None})
        assert merged.parent is None
        assert session.get(Customer, middle.id).parent == bottom.ref


def test_parts_of_different_records_are_not_merged(crm: CRM) -> None:
    """Two units can be merged if they belong to one customer."""
    with crm.session(actor="admin") as session:
        one, two = session.create(Customer, name="One"), session.create(Customer, name="Two")
        sales = session.create(OrgUnit, name="Sales", customer=one)
        with pytest.raises(Refused, match="parts of different records"):
            session.merge(sales, session.create(OrgUnit, name="Sales", customer=two))
        session.merge(sales, session.create(OrgUnit, name="Vente", customer=one))
        assert session.count(OrgUnit) == 2


def test_hidden_values_go_along_and_cant_be_chosen(crm: CRM) -> None:
    """Who doesn't see a field loses none of it by a merge, and can't choose its value to find it out."""
    with crm.session(actor="admin") as session:
        one = session.create(Customer, name="One")
        two = session.create(Customer, name="Two", rating="AAA")
    before = crm.fingerprint()
    with crm.session(actor="clerk") as session, pytest.raises(Refused, match="no such field"):
        session.merge(session.get(Customer, one.id), session.get(Customer, two.id), values={"rating": two})
    assert crm.fingerprint() == before
    with crm.session(actor="clerk") as session:
        merged = session.merge(session.get(Customer, one.id), session.get(Customer, two.id))
        assert "rating" not in dict(merged.items())
        assert all("rating" not in entry.new for entry in session.history(merged))
    with crm.session(actor="admin") as session:
        assert session.get(Customer, one.id).rating == "AAA"


def test_what_is_kept_of_a_merge_holds_no_values(crm: CRM) -> None:
    """The table of merges names records and fields only, so that an erasure needs not look there."""
    with crm.session(actor="admin") as session:
        one = session.create(Customer, name="One")
        two = session.create(Customer, name="Two", email="secret@two.example", city="Geheim")
        session.create(Contact, name="Bea", customer=two, email="bea@two.example")
        session.merge(one, two)
        kept = session.unit.connection.execute(sa.select(crm.tables.system.merge.c.done)).scalar_one()
    assert "two.example" not in kept
    assert "Geheim" not in kept


def test_shares_go_along_with_whom_may_share(crm: CRM) -> None:
    """To whom a merged record was open, the survivor is, if the actor may share it; undone, only the other one is."""
    with crm.session(actor="admin") as session:
        rep = session.create(User, name="Rep", external_id="rep", roles=[])
        one, two = session.create(Customer, name="One"), session.create(Customer, name="Two")
        session.share(two, rep)
        merged = session.merge(one, two)
        assert [each.to for each in session.shares(merged)] == [rep.ref]
        (back,) = session.unmerge(merged)
        assert session.shares(merged) == []
        assert [each.to for each in session.shares(back)] == [rep.ref]
    with crm.session(actor="clerk") as session:
        merged = session.merge(session.get(Customer, one.id), session.get(Customer, two.id))
    with crm.session(actor="admin") as session:
        assert session.shares(merged) == []


def test_a_merge_is_a_change_and_an_event(crm: CRM) -> None:
    """The survivor's history says what was merged, by whom; the outbox has merged, deleted and updated."""
    with crm.session(actor="admin") as session:
        one, two = session.create(Customer, name="One"), session.create(Customer, name="Two")
        bea = session.create(Contact, name="Bea", customer=two)
        merged = session.merge(one, two)
        entry = session.history(merged)[0]
        assert (entry.action, entry.actor) == ("merge", session.actor_ref)
        (merge,) = session.merges(merged)
        assert dict(entry.new) == {"merge": merge.number, "merged": [two.id]}
        assert (merge.survivor, merge.merged, merge.undone_at) == (one.ref, (two.ref,), None)
        session.unmerge(merge)
        assert session.merges(merged)[0].undone_at is not None
        events = sa.select(crm.tables.system.event.c.name, crm.tables.system.event.c.record_id)
        names = [tuple(row) for row in session.unit.connection.execute(events)]
    for wanted in (
        ("customer.merged", one.id),
        ("customer.deleted", two.id),
        ("contact.updated", bea.id),
        ("customer.unmerged", one.id),
        ("customer.restored", two.id),
    ):
        assert wanted in names


def test_a_merged_record_is_taken_apart_and_not_restored(crm: CRM) -> None:
    """`restore` of a merged record says where it lives on; a merge into it, too."""
    with crm.session(actor="admin") as session:
        one, two, three = (session.create(Customer, name=name) for name in ("One", "Two", "Three"))
        session.merge(one, two)
        with pytest.raises(MergedError) as caught:
            session.restore(Customer, two.id)
        assert caught.value.into == one.id
    with crm.session(actor="admin") as session, pytest.raises(MergedError):
        session.merge(two, three)
    with crm.session(actor="admin") as session:
        session.merge(three, session.get(Customer, two.id))
        assert session.get(Customer, two.id) == session.get(Customer, three.id)


def test_the_target_is_told_to_whom_it_is_readable(crm: CRM) -> None:
    """Who may not see the survivor is told nothing of it: the old id is gone for them, and an edit says only that."""
    with crm.session(actor="admin") as session:
        session.create(User, name="Rep", external_id="rep", roles=["agent"])
        rep = session.find(User, "external_id == 'rep'")[0]
        one, two = session.create(Customer, name="One"), session.create(Customer, name="Two")
        session.share(two, rep, access="write")
        session.merge(one, two, values={})
        session.unshare(one, rep)
    with crm.session(actor="rep") as session:
        with pytest.raises(NotFoundError):
            session.get(Customer, two.id)
        with pytest.raises(MergedError) as caught:
            session.update(two, city="Paris")
        assert caught.value.into is None
        assert str(one.id) not in str(caught.value).replace(str(two.id), "")


def test_unmerging_takes_the_rights_of_merging(crm: CRM) -> None:
    """Who might not have merged them doesn't take them apart."""
    with crm.session(actor="admin") as session:
        session.create(User, name="Rep", external_id="rep", roles=["member"])
        one, two = session.create(Customer, name="One"), session.create(Customer, name="Two")
        session.merge(one, two)
    with crm.session(actor="rep") as session, pytest.raises(AccessDeniedError):
        session.unmerge(session.get(Customer, one.id))
