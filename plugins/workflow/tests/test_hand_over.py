"""Transfer and hand-over: records go to somebody else, and whoever leaves leaves none behind."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from crmkit import SYSTEM, Contact, Customer, Opportunity, Order, User
from crmkit.errors import Refused
from crmkit_workflow.delegation.authority import in_force
from crmkit_workflow.delegation.entities import Delegation
from crmkit_workflow.handover.batches import NotHandedOver, begin, finish, preview
from crmkit_workflow.handover.checking import owners_are_active
from crmkit_workflow.handover.commands import handover_command
from crmkit_workflow.handover.entities import HandOverRule
from crmkit_workflow.handover.handing import RULES, Goal, deactivate, hand_over
from crmkit_workflow.handover.transferring import NotTransferred, Transferred, transfer
from crmkit_workflow.ownership.entities import OwnershipRecord
from crmkit_workflow.queues.entities import Absence, AssignmentRule, Queue, QueueMember

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from crmkit import CRM, Session
    from crmkit.testing.clock import FrozenClock
    from crmkit.testing.fixtures import CRMFactory
    from crmkit_workflow.pools.entities import Pool

    People = dict[str, User]
    MakePool = Callable[..., Pool]
    Hire = Callable[[Session], People]


def outcomes(results: Iterable[object]) -> list[str]:
    """Return what became of each record in a word."""
    return [each.reason if isinstance(each, NotTransferred) else type(each).__name__ for each in results]


def owners(session: Session, entity: type[Any] = Customer) -> dict[str, object]:
    """Return the owners of all records of an entity by name."""
    return {each.name: each.owner for each in session.find(entity, order="name")}


@pytest.mark.row("M4")
def test_a_transfer_takes_along_what_is_open(crm: CRM, people: People) -> None:
    """Contacts, open opportunities and orders of the same owner come along; closed ones and those of others don't."""
    with crm.session(actor="admin") as session:
        acme = session.create(Customer, name="Acme", owner=people["ann"])
        mine: dict[str, Any] = {"customer": acme, "owner": people["ann"]}
        lea = session.create(Contact, name="Léa", **mine)
        deal, won = (session.create(Opportunity, name=each, stage=each, **mine) for each in ("proposal", "won"))
        theirs = session.create(Opportunity, name="theirs", customer=acme, owner=people["zoe"])
        order = session.create(Order, **mine)
    with crm.session(actor="mia") as session:
        along = ["contact", "opportunity", "order"]
        (result,) = transfer(session, [acme], people["bob"], along=along, why="Ann has too many")
        assert isinstance(result, Transferred)
        assert result.record.owner == people["bob"].id
    with crm.session(actor="admin") as session:
        found = [session.get(type(each), each.id).owner for each in (lea, deal, order, won, theirs)]
        bob, ann, zoe = (people[name].id for name in ("bob", "ann", "zoe"))
        assert found == [bob, bob, bob, ann, zoe]
        rows = session.find(OwnershipRecord, {"how": "transferred"})
        assert {each.record.entity for each in rows} == {"customer", "contact", "opportunity", "order"}
        assert {each.why for each in rows} == {"Ann has too many"}


@pytest.mark.row("M4")
def test_each_record_of_a_transfer_says_what_became_of_it(crm: CRM, people: People) -> None:
    """Those that can't go stay with a reason; repeated, it does the rest; or it is all or none."""
    with crm.session(actor="admin") as session:
        mine, theirs, gone = (
            session.create(Customer, name=name, owner=people[owner])
            for name, owner in (("a", "ann"), ("b", "zoe"), ("c", "ann"))
        )
        session.delete(gone)
    with crm.session(actor="mia") as session:
        records = [mine, theirs, gone]
        results = transfer(session, records, people["bob"], atomic=True)
        assert outcomes(results) == ["not_all", "not_allowed", "not_found"]
        assert session.get(Customer, mine.id).owner == people["ann"].id
        assert outcomes(transfer(session, records, people["bob"])) == ["Transferred", "not_allowed", "not_found"]
        assert outcomes(transfer(session, [mine], people["bob"])) == ["Transferred"]
        assert session.get(Customer, mine.id).version == 2
    with crm.session(actor="admin") as session:
        retired = session.create(User, name="Retired", external_id="retired", active=False)
        assert outcomes(transfer(session, [mine], retired)) == ["inactive"]


@pytest.mark.row("M4")
def test_a_record_is_transferred_so_often(make_crm: CRMFactory, hire: Hire, clock: FrozenClock) -> None:
    """Twice in 90 days, say the settings; claims and returns don't count, and old transfers don't either."""
    crm = make_crm(["workflow"], settings={"transfer_limit": 2, "transfer_days": 90})
    with crm.session(actor="admin") as session:
        people = hire(session)
        acme = session.create(Customer, name="Acme", owner=people["ann"])
        for name, expected in (("bob", "Transferred"), ("cem", "Transferred"), ("ann", "limit")):
            assert outcomes(transfer(session, [acme], people[name])) == [expected]
    clock.advance(days=90, seconds=1)
    with crm.session(actor="admin") as session:
        assert outcomes(transfer(session, [acme], people["ann"])) == ["Transferred"]


@pytest.mark.row("M4")
def test_no_way_leads_around_the_number_of_transfers(make_crm: CRMFactory, hire: Hire) -> None:
    """Changes of the owner by hand, by a move, and along with another record are transfers, too; hand-overs aren't."""
    crm = make_crm(["workflow"], settings={"transfer_limit": 1})
    with crm.session(actor="admin") as session:
        people = hire(session)
        acme = session.create(Customer, name="Acme", owner=people["ann"])
        deal = session.create(Opportunity, name="deal", customer=acme, owner=people["bob"])
        deal = session.update(deal, owner=people["ann"])
        acts: list[Callable[[], object]] = [
            lambda: session.update(deal, owner=people["bob"]),
            lambda: session.move(deal, "proposal", owner=people["bob"]),
        ]
        for act in acts:
            with pytest.raises(Refused, match="as often as is allowed"):
                act()
        assert outcomes(transfer(session, [acme], people["cem"], along=["opportunity"])) == ["refused"]
        assert outcomes(transfer(session, [acme], people["cem"])) == ["Transferred"]
        with pytest.raises(Refused, match="as often as is allowed"):
            session.update(session.get(Customer, acme.id), owner=people["ann"])
        hand_over(session, people["ann"], default=people["bob"].ref)
        assert owners(session, Opportunity) == {"deal": people["bob"].id}


@pytest.mark.row("M5")
def test_nobody_who_owns_something_is_switched_off(crm: CRM, people: People) -> None:
    """The refusal says how many records of which entity would be left behind; who owns nothing may go."""
    with crm.session(actor="admin") as session:
        customers = [session.create(Customer, name=each, owner=people["ann"]) for each in "ab"]
        session.create(Opportunity, name="deal", owner=people["ann"])
        acts: list[Callable[[], object]] = [
            lambda: session.update(people["ann"], active=False),
            lambda: session.delete(people["ann"]),
        ]
        for act in acts:
            with pytest.raises(Refused) as caught:
                act()
            assert [each.text.split(" belong")[0] for each in caught.value.refusals] == [
                "2 records of customer",
                "1 record of opportunity",
            ]
        assert session.update(people["zoe"], active=False).active is False
        assert session.count(Customer, {"owner": people["ann"]}) == len(customers)


@pytest.mark.row("M5")
def test_a_hand_over_goes_where_it_is_said(crm: CRM, people: People, make_pool: MakePool) -> None:
    """Heirs, queues, pools and the assignment rules take what somebody owns, each an entity; then nothing is left."""
    with crm.session(actor="admin") as session:
        pool = make_pool(session, [people["bob"]])
        queue = session.create(Queue, name="Deals", entity="opportunity")
        session.create(QueueMember, queue=queue, user=people["cem"])
        session.create(AssignmentRule, name="orders", entity="order", user=people["mia"], on_create=False)
        mine: dict[str, Any] = {"owner": people["ann"]}
        acme = session.create(Customer, name="Acme", **mine)
        records = [
            acme,
            session.create(Opportunity, name="deal", **mine),
            session.create(Opportunity, name="won", stage="won", **mine),
            session.create(Order, customer=acme, **mine),
            session.create(Contact, name="Léa", **mine),
        ]
        with pytest.raises(Refused, match="1 record of contact would be left behind"):
            hand_over(session, people["ann"], {"customer": pool.ref, "opportunity": queue.ref, "order": RULES})
        goals: dict[str, Goal] = {"customer": pool.ref, "opportunity": queue.ref, "order": RULES}
        ann = deactivate(session, people["ann"], goals, default=people["zoe"].ref)
        assert not ann.active
        present = [session.get(type(each), each.id) for each in records]
        cem, mia, zoe = (people[name].id for name in ("cem", "mia", "zoe"))
        assert [each.owner for each in present] == [None, cem, cem, mia, zoe]
        assert present[0].pool == pool.id
        ways = {each.how for each in session.find(OwnershipRecord, {"from_owner": ann})}
        assert ways == {"handed_over"}
    with crm.session(actor=SYSTEM, readonly=True) as session:
        assert list(owners_are_active(session)) == []


@pytest.mark.row("M5")
def test_rules_hand_over_by_themselves(make_crm: CRMFactory, hire: Hire) -> None:
    """With the setting, switching a user off hands over by the rules: the user's own first, the entity's before `*`."""
    crm = make_crm(["workflow"], settings={"hand_over": "perform", "hand_over_closed": False})
    with crm.session(actor="admin") as session:
        people = hire(session)
        for name, stage in (("open", "proposal"), ("won", "won")):
            session.create(Opportunity, name=name, stage=stage, owner=people["ann"])
        session.create(Customer, name="Acme", owner=people["ann"])
        with pytest.raises(Refused, match="1 record of customer"):
            session.update(people["ann"], active=False)
        session.create(HandOverRule, goal=people["bob"])
        session.create(HandOverRule, entity="customer", goal=people["cem"])
        session.create(HandOverRule, user=people["ann"], entity="opportunity", goal=people["mia"])
        assert session.update(people["ann"], active=False).active is False
        assert owners(session) == {"Acme": people["cem"].id}
        assert owners(session, Opportunity) == {"open": people["mia"].id, "won": people["ann"].id}


@pytest.mark.row("M5")
def test_nobody_who_has_gone_gets_anything(crm: CRM, people: People) -> None:
    """An open record can't be given to who is not active; `crmkit verify` finds those that come in past the rules."""
    with crm.session(actor="admin") as session:
        zoe = session.update(people["zoe"], active=False)
        acme = session.create(Customer, name="Acme")
        acts: list[Callable[[], object]] = [
            lambda: session.create(Customer, name="x", owner=zoe),
            lambda: session.update(acme, owner=zoe),
            lambda: session.move(acme, "active", owner=zoe),
        ]
        for act in acts:
            with pytest.raises(Refused, match="The owner is not active"):
                act()
        session.create(Opportunity, name="history", stage="lost", owner=zoe)
        with pytest.raises(Refused, match="no active user"):
            hand_over(session, session.get(User, acme.owner or 0), default=zoe.ref)
        table = session.tables["customer"]
        session.unit.check_writable()
        session.unit.connection.execute(
            table.update().values({session.model.entities["customer"].fields["owner"].columns[0]: zoe.id})
        )
    with crm.session(actor=SYSTEM, readonly=True) as session:
        assert [str(each) for each in owners_are_active(session)] == [
            f"customer {acme.id} belongs to user:{zoe.id}, who is not active."
        ]


@pytest.mark.row("M5")
def test_what_somebody_left_closed_is_opened_for_somebody_who_is_there(make_crm: CRMFactory, hire: Hire) -> None:
    """Where closed records stay with who has left, one that is opened again needs another owner."""
    crm = make_crm(["workflow"], settings={"hand_over_closed": False})
    with crm.session(actor="admin") as session:
        people = hire(session)
        deal = session.create(Opportunity, name="deal", stage="lost", owner=people["ann"])
        session.update(people["ann"], active=False)
        assert session.move(deal, "won").owner == people["ann"].id
        with pytest.raises(Refused, match="The owner is not active"):
            session.move(session.get(Opportunity, deal.id), "qualification")
        assert (
            session.move(session.get(Opportunity, deal.id), "qualification", owner=people["bob"]).stage_kind == "open"
        )


@pytest.mark.row("M5")
def test_what_comes_back_goes_to_somebody_who_is_there(crm: CRM, people: People) -> None:
    """A deleted record whose owner has left meanwhile belongs to whoever restores it."""
    with crm.session(actor="admin") as session:
        acme, bistro = (session.create(Customer, name=name, owner=people["zoe"]) for name in ("Acme", "Bistro"))
        session.delete(acme)
        session.delete(bistro)
        session.update(people["zoe"], active=False)
        admin = session.actor_ref
        session.restore(Customer, acme.id)
        assert session.get(Customer, acme.id).owner == admin
    with crm.session(actor=SYSTEM) as session:
        session.restore(Customer, bistro.id)
        assert session.get(Customer, bistro.id).owner is None
        assert list(owners_are_active(session)) == []
        assert session.count(OwnershipRecord, {"how": "handed_over"}) == 2


@pytest.mark.row("M5")
def test_a_goal_that_is_gone_is_said(make_crm: CRMFactory, hire: Hire) -> None:
    """Where a rule names a queue or a pool that was deleted, switching a user off is refused, and says so."""
    crm = make_crm(["workflow"], settings={"hand_over": "perform"})
    with crm.session(actor="admin") as session:
        people = hire(session)
        queue = session.create(Queue, name="Queue")
        session.create(HandOverRule, goal=queue)
        session.create(Customer, name="Acme", owner=people["ann"])
        leaving = begin(session, people["ann"])
        session.delete(queue)
        with pytest.raises(Refused, match="is not active, or not for records of customer"):
            session.update(people["ann"], active=False)
        assert "is not active" in str(preview(session, people["ann"])[0][3])
        values: dict[str, Any] = {"do": "preview", "to": None, "goals": None, "off": False}
        assert str(handover_command(session, user="Ann", **values).rows[0][2]).endswith(str(queue.ref))
    (result,) = finish(crm, leaving)
    assert isinstance(result, NotHandedOver)
    assert "is not active" in result.text


@pytest.mark.row("M5")
def test_rules_that_give_everything_back_to_who_leaves_come_to_an_end(crm: CRM, people: People) -> None:
    """What the assignment rules give to the user again stays, once."""
    with crm.session(actor="admin") as session:
        session.create(AssignmentRule, name="All", user=people["ann"])
        session.create(Customer, name="Acme", owner=people["ann"])
        assert hand_over(session, people["ann"], default=RULES) == {"customer": 1}
        assert owners(session) == {"Acme": people["ann"].id}


@pytest.mark.row("M5")
@pytest.mark.row("M13")
def test_nobody_inherits_authority_or_leave(crm: CRM, people: People) -> None:
    """Who leaves leaves no delegations or absences to anybody; what was delegated holds no more until it is back."""
    with crm.session(actor="admin") as session:
        old = session.today - timedelta(days=300)
        for since, until in ((old, old), (session.today, None)):
            session.create(Delegation, delegator=people["ann"], delegate=people["bob"], since=since, until=until)
        session.create(Absence, user=people["ann"], since=session.unit.now)
        session.create(Customer, name="Acme", owner=people["ann"])
        assert len(in_force(session, session.today)) == 1
        ann = deactivate(session, people["ann"], default=people["bob"].ref)
        assert {each.delegator for each in session.find(Delegation)} == {ann.id}
        assert {each.user for each in session.find(Absence)} == {ann.id}
        assert list(in_force(session, session.today)) == []
        session.update(ann, active=True)
        assert len(in_force(session, session.today)) == 1
