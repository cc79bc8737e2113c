"""Contacts and their customers, trees without circles, and what every noun of the main line has."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

import pytest

from crmkit import (
    Contact,
    Customer,
    CustomerContact,
    Opportunity,
    OpportunityContact,
    Order,
    OrgUnit,
    Staged,
    Team,
    User,
)
from crmkit.errors import Refused
from crmkit.testing.snapshots import refused

if TYPE_CHECKING:
    from crmkit import CRM, Record, Session
    from crmkit.testing.fixtures import CRMFactory


@pytest.mark.row("A4")
def test_a_contact_and_its_customer_find_each_other(session: Session, crm: CRM) -> None:
    """A contact's customer is read from both sides, and each new link is announced once."""
    acme, other = session.create(Customer, name="Acme"), session.create(Customer, name="Other")
    jo = session.create(Contact, name="Jo")
    jo = session.update(jo, customer=acme)
    jo = session.update(jo, title="CTO", customer=acme)
    assert jo.customer == acme.ref
    assert list(session.related(acme, Contact)) == [jo]
    jo = session.update(jo, customer=other)
    assert list(session.related(acme, Contact)) == []
    event = crm.tables.system.event
    rows = session.unit.connection.execute(event.select().where(event.c.name == "contact.linked")).all()
    assert len(rows) == 2


@pytest.mark.row("B8")
def test_a_new_primary_contact_takes_the_place_of_the_old(crm: CRM, session: Session) -> None:
    """However a contact becomes primary, the customer has one; the former is changed with a version of its own."""
    acme, other = session.create(Customer, name="Acme"), session.create(Customer, name="Other")
    jo = session.create(Contact, name="Jo", customer=acme, is_primary=True)
    al = session.create(Contact, name="Al", customer=acme, is_primary=True)
    dethroned = session.get(Contact, jo.id)
    assert (dethroned.is_primary, dethroned.version) == (False, 2)
    jo = session.update(jo, is_primary=True)
    assert [each.name for each in session.find(Contact, "is_primary")] == ["Jo"]
    moved = session.create(Contact, name="Ed", customer=other, is_primary=True)
    session.update(moved, customer=acme)
    assert [each.name for each in session.find(Contact, {"customer": acme, "is_primary": True})] == ["Ed"]
    with refused(crm, session, Refused):
        session.create(Contact, name="Nobody's", is_primary=True)
    with refused(crm, session, Refused):
        session.create_many(Contact, [{"name": name, "customer": other, "is_primary": True} for name in ("One", "Two")])
    with refused(crm, session, Refused):
        session.update(session.get(Contact, moved.id), customer=None)
    assert session.get(Contact, al.id).is_primary is False


@pytest.mark.row("B8")
def test_contacts_play_a_part_in_opportunities(crm: CRM, session: Session) -> None:
    """An opportunity's contacts have one role each."""
    deal, jo = session.create(Opportunity, name="Deal"), session.create(Contact, name="Jo")
    session.create(OpportunityContact, opportunity=deal, contact=jo, role="decision_maker")
    for role in ("user", "clown"):
        with refused(crm, session, Refused):
            session.create(OpportunityContact, opportunity=deal, contact=jo, role=role)


@pytest.mark.row("B13")
def test_further_customers_need_the_switch(make_crm: CRMFactory) -> None:
    """A contact has one customer, unless the setting allows more."""
    crm = make_crm()
    with crm.session(actor="admin") as session:
        acme, jo = session.create(Customer, name="Acme"), session.create(Contact, name="Jo")
        with refused(crm, session, Refused):
            session.create(CustomerContact, customer=acme, contact=jo)
    crm = make_crm(settings={"multi_customer_contacts": True})
    with crm.session(actor="admin") as session:
        acme, jo = session.create(Customer, name="Acme"), session.create(Contact, name="Jo")
        session.create(CustomerContact, customer=acme, contact=jo)
        with refused(crm, session, Refused):
            session.create(CustomerContact, customer=acme, contact=jo)


TREES = [(Team, "parent"), (User, "manager"), (Customer, "parent"), (OrgUnit, "parent"), (Contact, "reports_to")]


@pytest.mark.row("B12")
@pytest.mark.parametrize(("entity", "parent"), TREES, ids=lambda each: getattr(each, "__name__", each))
@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_nothing_is_its_own_ancestor(crm: CRM, session: Session, entity: type[Record], parent: str) -> None:
    """Circles of any length are refused, also one that a batch would close between its own rows."""
    acme = session.create(Customer, name="Acme")

    def new(number: int) -> Record:
        more: dict[str, Any] = {}
        if entity is OrgUnit:
            more["customer"] = acme
        if entity is User:
            more["external_id"] = str(number)
        return session.create(entity, name=str(number), **more)

    def put(record: Record, above: Record) -> Record:
        values: dict[str, Any] = {parent: above}
        return session.update(record, **values)

    chain = [new(number) for number in range(5)]
    for above, below in itertools.pairwise(chain):
        put(below, above)
    chain = [session.get(entity, each.id) for each in chain]
    assert session.ancestors(chain[4].ref, parent) == [each.id for each in reversed(chain[:4])]
    for position in (0, 1, 4):
        with refused(crm, session, Refused) as caught:
            put(chain[0], chain[position])
        assert isinstance(caught.value, Refused)
        assert [each.path for each in caught.value.refusals] == [parent]
    one, two = new(10), new(11)
    with refused(crm, session, Refused):
        session.update_many([(one, {parent: two}), (two, {parent: one})])


@pytest.mark.row("B12")
def test_units_stay_within_their_customer(crm: CRM, session: Session) -> None:
    """A unit's upper unit belongs to the same customer."""
    acme, other = session.create(Customer, name="Acme"), session.create(Customer, name="Other")
    top = session.create(OrgUnit, name="Top", customer=acme)
    session.create(OrgUnit, name="Below", customer=acme, parent=top)
    with refused(crm, session, Refused):
        session.create(OrgUnit, name="Elsewhere", customer=other, parent=top)


def test_a_team_with_members_stays(crm: CRM, session: Session) -> None:
    """A team isn't deleted while active users belong to it."""
    team = session.create(Team, name="North")
    bob = session.create(User, name="Bob", external_id="bob", team=team)
    with refused(crm, session, Refused):
        session.delete(team)
    session.update(bob, active=False)
    session.delete(team)


@pytest.mark.row("A14")
@pytest.mark.parametrize("entity", [Customer, Contact, Opportunity, Order])
@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_the_main_line_can_be_asked_about_itself(crm: CRM, entity: type[Record]) -> None:
    """Each noun of the main line has status, type, level, time stamps, owner, roles and stages, all in the Model."""
    found = crm.model.entity(entity)
    assert issubclass(entity, Staged)
    for name in ("type", "level", "owner", "stage", "stage_kind", "stage_since", "created_at", "updated_at"):
        assert name in found.fields, name
    assert found.owner == "owner"
    (pipeline,) = crm.model.pipelines_of(found.name)
    assert pipeline.is_default
    assert pipeline.stages
    assert found.name in crm.model.entity("assignment").fields["record"].kind.targets  # type: ignore[attr-defined]
    assert all(field.label and field.kind.json_schema() is not None for field in found.fields.values())


@pytest.mark.row("B15")
def test_rules_hold_on_every_way_of_writing(crm: CRM, session: Session) -> None:
    """A rule over several fields refuses creation, change and move alike, along with wrong formats."""
    dates = {"opened_on": "2026-03-01", "closed_on": "2026-02-01"}
    deal = session.create(Opportunity, name="Deal", opened_on="2026-03-01")
    for act in (
        lambda: session.create(Opportunity, name="Deal", email="x", **dates),
        lambda: session.create_many(Opportunity, [{"name": "A"}, {"name": "B", **dates}]),
        lambda: session.update(deal, **dates),
        lambda: session.update_many([(deal, dates)]),
        lambda: session.move(deal, "won", **dates),
    ):
        with refused(crm, session, Refused) as caught:
            act()
        assert isinstance(caught.value, Refused)
        assert "closed_on" in [each.path for each in caught.value.refusals]
