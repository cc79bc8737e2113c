"""Contacts: their customer, the primary one, further customers, and the tree they report in."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import sqlalchemy as sa

from crmkit import Contact, Customer, CustomerContact, Opportunity, OpportunityContact, OrgUnit
from crmkit.errors import Refused

if TYPE_CHECKING:
    from crmkit import Session
    from crmkit.testing.fixtures import CRMFactory


def events(session: Session, name: str) -> int:
    """Return how many events of a name are in the outbox."""
    table = session.tables.system.event
    query = sa.select(sa.func.count()).select_from(table).where(table.c.name == name)
    return int(session.unit.connection.execute(query).scalar_one())


@pytest.mark.row("A4")
def test_a_contact_and_its_customer_agree(session: Session) -> None:
    """Setting a contact's customer shows on both sides and announces the link once."""
    acme, other = session.create(Customer, name="Acme"), session.create(Customer, name="Other")
    ann = session.create(Contact, name="Ann", customer=acme)
    assert session.get(ann.customer) == acme
    assert session.related(acme, Contact) == (ann,)
    assert events(session, "contact.linked") == 1
    ann = session.update(ann, customer=other)
    assert session.related(acme, Contact) == ()
    assert session.related(other, Contact) == (ann,)
    assert events(session, "contact.linked") == 2
    session.update(ann, title="Buyer")
    assert events(session, "contact.linked") == 2


@pytest.mark.row("B8")
def test_a_new_primary_contact_takes_the_place_of_the_old_one(session: Session) -> None:
    """A customer has at most one primary contact; naming another one clears the flag of the first."""
    acme = session.create(Customer, name="Acme")
    first = session.create(Contact, name="First", customer=acme, is_primary=True)
    second = session.create(Contact, name="Second", customer=acme)
    session.update(second, is_primary=True)
    third = session.create(Contact, name="Third", customer=acme, is_primary=True)
    assert [each.name for each in session.find(Contact, "is_primary")] == ["Third"]
    assert session.get(Contact, first.id).is_primary is False
    elsewhere = session.create(Customer, name="Elsewhere")
    other = session.create(Contact, name="Other", customer=elsewhere, is_primary=True)
    session.update(other, customer=acme)
    assert [each.name for each in session.find(Contact, {"is_primary": True, "customer": acme})] == ["Other"]
    assert session.get(Contact, third.id).is_primary is False


@pytest.mark.row("B8")
def test_only_a_contact_with_a_customer_is_primary(session: Session) -> None:
    """A contact without a customer can't be a primary contact."""
    with pytest.raises(Refused) as refused:
        session.create(Contact, name="Nobody's", is_primary=True)
    assert [each.path for each in refused.value.refusals] == ["is_primary"]


@pytest.mark.row("B8")
def test_contacts_play_a_part_in_opportunities(session: Session) -> None:
    """A contact has one role in an opportunity, out of a list that is checked."""
    deal = session.create(Opportunity, name="Deal")
    ann = session.create(Contact, name="Ann")
    part = session.create(OpportunityContact, opportunity=deal, contact=ann, role="decision_maker")
    assert session.related(deal, OpportunityContact) == (part,)
    with pytest.raises(Refused) as refused:
        session.create(OpportunityContact, opportunity=deal, contact=ann, role="buyer")
    assert "has a role already" in str(refused.value)
    with pytest.raises(Refused):
        session.update(part, role="king")


@pytest.mark.row("B13")
def test_a_contact_has_one_customer_unless_the_switch_is_on(make_crm: CRMFactory) -> None:
    """Further customers of a contact are refused by default and allowed by `multi_customer_contacts`, each once."""
    for allowed in (False, True):
        crm = make_crm(settings={"multi_customer_contacts": allowed})
        with crm.session(actor="admin") as session:
            acme, other = (session.create(Customer, name=name) for name in ("Acme", "Other"))
            ann = session.create(Contact, name="Ann", customer=acme)
            if not allowed:
                with pytest.raises(Refused, match="multi_customer_contacts"):
                    session.create(CustomerContact, customer=other, contact=ann)
                continue
            session.create(CustomerContact, customer=other, contact=ann)
            with pytest.raises(Refused, match="linked already"):
                session.create(CustomerContact, customer=other, contact=ann)
            assert session.get(ann.customer) == acme


@pytest.mark.row("B12")
def test_no_tree_closes_into_a_circle(session: Session) -> None:
    """A unit, a contact, a customer can't come to lie below itself, however far down."""
    acme = session.create(Customer, name="Acme")
    top = session.create(OrgUnit, name="Board", customer=acme)
    middle = session.create(OrgUnit, name="Sales", customer=acme, parent=top)
    bottom = session.create(OrgUnit, name="Sales north", customer=acme, parent=middle)
    for target in (top, middle, bottom):
        with pytest.raises(Refused, match="own ancestor"):
            session.update(top, parent=target)
    boss = session.create(Contact, name="Boss", customer=acme)
    clerk = session.create(Contact, name="Clerk", customer=acme, reports_to=boss)
    with pytest.raises(Refused, match="own ancestor"):
        session.update(boss, reports_to=clerk)
    child = session.create(Customer, name="Acme north", parent=acme)
    with pytest.raises(Refused, match="own ancestor"):
        session.update(acme, parent=child)


@pytest.mark.row("B12")
def test_units_of_two_customers_do_not_mix(session: Session) -> None:
    """A unit lies below a unit of its own customer only."""
    acme, other = session.create(Customer, name="Acme"), session.create(Customer, name="Other")
    board = session.create(OrgUnit, name="Board", customer=acme)
    with pytest.raises(Refused, match="another customer"):
        session.create(OrgUnit, name="Sales", customer=other, parent=board)


@pytest.mark.row("B10")
@pytest.mark.parametrize(
    "text", ["ÄRZTE", "ａｎｎ", "5050", "33140205050", "ann@", "EXAMPLE.org", "vip", "ann vip", "  Ann   "]
)
def test_a_contact_is_found_by_name_phone_mail_and_tag(session: Session, text: str) -> None:
    """Search ignores case and width, finds the end of a phone number, and wants every word somewhere."""
    acme = session.create(Customer, name="Acme")
    ann = session.create(
        Contact,
        name="Ann Ärztekammer",
        customer=acme,
        phone="+33 1 40 20 50 50",
        email="ann@example.org",
        tags=["VIP", "key account"],
    )
    session.create(Contact, name="Bob", customer=acme, phone="+33 1 40 20 50 51", tags=["vapid"])
    assert session.find(Contact, search=text) == (ann,)


@pytest.mark.row("B10")
def test_names_in_chinese_are_found_by_pinyin_if_wanted(make_crm: CRMFactory) -> None:
    """With `pinyin_search`, a name is found by its pinyin and by the initials; without, by its characters only."""
    database = make_crm.database()
    with make_crm(on=database).session(actor="admin") as session:
        session.create(Contact, name="张三")
        assert [len(session.find(Contact, search=text)) for text in ("张", "zhangsan", "zs")] == [1, 0, 0]
    crm = make_crm(on=database, settings={"pinyin_search": True})
    with crm.session(actor="admin") as session:
        session.create(Contact, name="李四")
        assert [len(session.find(Contact, search=text)) for text in ("张", "zhangsan", "zs", "ls")] == [1, 1, 1, 1]
