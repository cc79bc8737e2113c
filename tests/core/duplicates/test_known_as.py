"""Records are found by what they are called elsewhere: in other systems, and on channels."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from crmkit import ChannelIdentity, Contact, Customer, ExternalId, Opportunity, User
from crmkit.errors import AccessDeniedError, NotFoundError, Refused

if TYPE_CHECKING:
    from crmkit import CRM, Session


@pytest.mark.row("L7")
def test_an_id_of_another_system_leads_to_one_record(session: Session) -> None:
    """The pair of system and id is unique for an entity; capital and small letters differ; twice is once."""
    acme, beta = session.create(Customer, name="Acme"), session.create(Customer, name="Beta")
    deal = session.create(Opportunity, name="Deal")
    first = session.set_external_id(acme, "legacy_erp", "0042")
    assert session.set_external_id(acme, "legacy_erp", "0042") == first
    session.set_external_id(acme, "salesforce", "001A")
    session.set_external_id(beta, "salesforce", "001a")
    session.set_external_id(deal, "legacy_erp", "0042")
    assert session.by_external_id(Customer, "legacy_erp", "0042") == acme
    assert session.by_external_id(Opportunity, "legacy_erp", "0042") == deal
    assert session.by_external_id(Customer, "salesforce", "001a") == beta
    with pytest.raises(Refused, match="Another record has this id"):
        session.set_external_id(beta, "legacy_erp", "0042")
    with pytest.raises(Refused, match="form"):
        session.set_external_id(beta, "Legacy ERP", "1")
    with pytest.raises(NotFoundError, match="legacy_erp:43"):
        session.by_external_id(Customer, "legacy_erp", "43")


@pytest.mark.row("L7")
def test_external_ids_survive_a_merge_and_go_with_their_record(session: Session) -> None:
    """After a merge both ids lead to the survivor, undone each to its own; deleted, an id is free for another."""
    acme, again = session.create(Customer, name="Acme"), session.create(Customer, name="ACME Inc.")
    session.set_external_id(acme, "erp", "1")
    session.set_external_id(again, "erp", "2")
    session.merge(acme, again)
    assert [session.by_external_id(Customer, "erp", number).id for number in "12"] == [acme.id, acme.id]
    session.unmerge(acme)
    assert [session.by_external_id(Customer, "erp", number).id for number in "12"] == [acme.id, again.id]
    session.delete(session.get(Customer, again.id))
    with pytest.raises(NotFoundError):
        session.by_external_id(Customer, "erp", "2")
    session.set_external_id(acme, "erp", "2")
    with pytest.raises(Refused):
        session.restore(Customer, again.id)


def test_external_ids_are_within_the_reach_of_their_record(crm: CRM) -> None:
    """Who may not see a record doesn't find it by its id, and who may not change it can't give it one."""
    with crm.session(actor="admin") as session:
        for name, role in (("agent", "agent"), ("rep", "member")):
            session.create(User, name=name, external_id=name, roles=[role])
        acme = session.create(Customer, name="Acme")
        session.set_external_id(acme, "erp", "1")
    with crm.session(actor="agent") as session:
        assert session.count(ExternalId) == 0
        with pytest.raises(NotFoundError):
            session.by_external_id(Customer, "erp", "1")
    with crm.session(actor="rep") as session:
        assert session.by_external_id(Customer, "erp", "1").id == acme.id
        with pytest.raises(AccessDeniedError):
            session.set_external_id(acme, "erp", "2")


@pytest.mark.row("B6")
def test_an_address_leads_to_the_persons_who_are_known_by_it(session: Session) -> None:
    """Ranked and verified addresses come first, fields of records last; each person once."""
    bea = session.create(Contact, name="Bea", email="bea@a.example")
    cem = session.create(Contact, name="Cem")
    acme = session.create(Customer, name="Acme", other_email="bea@a.example")
    session.create(ChannelIdentity, person=cem, channel="email", address="BEA@A.example", rank=2)
    session.create(ChannelIdentity, person=bea, channel="wechat", address="wx_bea")
    card = session.create(ChannelIdentity, person=acme, channel="card", address=" 0099 ")
    assert card.address == "0099"
    found = session.identity.resolve("email", "Bea@A.Example")
    assert [(each.person.ref, each.rank) for each in found] == [(cem.ref, 2), (bea.ref, 1000), (acme.ref, 1000)]
    session.create(
        ChannelIdentity, person=bea, channel="email", address="bea@a.example", rank=2, verified_at=session.unit.now
    )
    assert session.identity.resolve("email", "bea@a.example")[0].person == bea
    assert [each.person for each in session.identity.resolve("wechat", "wx_bea")] == [bea]
    assert [each.person for each in session.identity.resolve("card", "0099")] == [acme]
    assert session.identity.resolve("phone", "+33140205050") == []
    with pytest.raises(Refused, match="not an e-mail address"):
        session.identity.resolve("email", "nobody")
    with pytest.raises(Refused, match="telephone"):
        session.create(ChannelIdentity, person=bea, channel="phone", address="none")
    with pytest.raises(Refused, match="has this address already"):
        session.create(ChannelIdentity, person=bea, channel="email", address="BEA@a.example")


@pytest.mark.row("B6")
def test_channels_of_merged_persons_become_those_of_one(session: Session) -> None:
    """What both had is there once, with the survivor's rank; undone, each has its own again."""
    bea, double = session.create(Contact, name="Bea"), session.create(Contact, name="B.")
    for person, rank in ((bea, 1), (double, 3)):
        session.create(ChannelIdentity, person=person, channel="phone", address="+33 1 40 20 50 50", rank=rank)
    session.create(ChannelIdentity, person=double, channel="line", address="b")
    session.merge(bea, double)
    known = session.find(ChannelIdentity, order="channel")
    assert [(each.channel, each.rank, each.person) for each in known] == [("line", 1, bea.ref), ("phone", 1, bea.ref)]
    session.unmerge(bea)
    assert session.count(ChannelIdentity, {"person": double}) == 2
