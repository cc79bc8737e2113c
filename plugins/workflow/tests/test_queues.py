"""Queues: what waits is given out, grabbed, declined, and found by rules."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from crmkit import SYSTEM, Customer, Opportunity, Product
from crmkit.errors import AccessDeniedError, Refused
from crmkit_workflow.handover.batches import begin
from crmkit_workflow.ownership.entities import OwnershipRecord
from crmkit_workflow.queues.distributing import Distributed, distribute, put
from crmkit_workflow.queues.entities import Absence, AssignmentRule, Queue, QueueItem, QueueMember
from crmkit_workflow.queues.routing import route
from crmkit_workflow.queues.taking import NotTaken, Taken, assign_item, decline, grab, requeue

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from crmkit import CRM, Record, Session, User
    from crmkit.testing.clock import FrozenClock
    from crmkit_workflow.pools.entities import Pool

    People = dict[str, User]

pytestmark = pytest.mark.row("D5")


def new_queue(session: Session, members: Iterable[Record], heads: Iterable[Record] = (), **values: Any) -> Queue:
    """Create a queue with members and heads."""
    queue = session.create(Queue, **{"name": "Queue", **values})
    for each in members:
        session.create(QueueMember, queue=queue, user=each)
    for each in heads:
        session.create(QueueMember, queue=queue, user=each, is_head=True)
    return queue


def waiting(session: Session, queue: Queue, names: str) -> list[Customer]:
    """Create customers that belong to nobody, and put them into a queue."""
    found = [session.create(Customer, name=each) for each in names]
    found = session.update_many((each, {"owner": None}) for each in found)
    put(session, queue, found)
    return found


def owners(session: Session) -> dict[str, object]:
    """Return the owners of all customers by name."""
    return {each.name: each.owner for each in session.find(Customer, order="name")}


def test_what_waits_is_given_out_in_turn(crm: CRM, people: People) -> None:
    """The longest waiting first; the turn goes on in the next transaction; each says how its owner was found."""
    with crm.session(actor="admin") as session:
        queue = new_queue(session, [people["ann"], people["bob"]])
        waiting(session, queue, "abc")
        results = distribute(session, queue)
        assert [each.found.user for each in results] == [people["ann"].id, people["bob"].id, people["ann"].id]
    with crm.session(actor="admin") as session:
        (acme,) = waiting(session, queue, "d")
        distribute(session, queue)
        assert owners(session) == {
            "a": people["ann"].id,
            "b": people["bob"].id,
            "c": people["ann"].id,
            "d": people["bob"].id,
        }
        (item,) = session.find(QueueItem, {"record": acme})
        assert item.result == {
            "strategy": "round_robin",
            "user": people["bob"].id,
            "candidates": [people["ann"].id, people["bob"].id],
            "passed_over": {},
        }
        (row,) = session.find(OwnershipRecord, {"record": acme, "how": "distributed"})
        assert (row.to_owner, row.why) == (people["bob"].id, "Queue Queue: round robin.")


def test_who_is_away_or_full_gets_nothing(crm: CRM, people: People, clock: FrozenClock) -> None:
    """Absences, capacities and inactive users are minded; when nobody is left, it waits, and heads are told once."""
    with crm.session(actor="admin") as session:
        queue = new_queue(session, [people["ann"], people["bob"], people["cem"]], [people["mia"]], capacity=1)
        session.update(session.find(QueueMember, {"user": people["mia"]})[0], capacity=0)
        session.create(Absence, user=people["ann"], since=clock.now, until=clock.now + timedelta(days=1))
        session.update(people["cem"], active=False)
        waiting(session, queue, "abc")
        assert [each.found.user for each in distribute(session, queue)] == [people["bob"].id, None, None]
        distribute(session, queue)
        (item, _other) = session.find(QueueItem, {"state": "waiting"}, order="id")
        ids = {name: str(user.id) for name, user in people.items()}
        assert item.result is not None
        assert item.result["passed_over"] == {  # type: ignore[index]
            ids["ann"]: "absent",
            ids["bob"]: "full",
            ids["cem"]: "inactive",
            ids["mia"]: "full",
        }
    with crm.session(actor="mia") as session:
        assert [each.text for each in session.notices()] == ["Nobody can take what waits in the queue Queue."]
    clock.advance(days=1)
    with crm.session(actor="admin") as session:
        assert [each.found.user for each in distribute(session, queue)] == [people["ann"].id, None]


def test_what_waits_is_given_out_when_somebody_can_take_it(crm: CRM, people: People, clock: FrozenClock) -> None:
    """A worker gives it to who was away and is back, and to who was full and has closed something."""
    with crm.session(actor="admin") as session:
        queue = new_queue(session, [people["ann"], people["bob"]], entity="opportunity", capacity=1)
        session.create(Absence, user=people["ann"], since=clock.now, until=clock.now + timedelta(hours=3))
        deals = session.create_many(Opportunity, [{"name": each} for each in "abc"])
        put(session, queue, session.update_many((each, {"owner": None}) for each in deals))
        distribute(session, queue)
    crm.worker().run_once()

    def assignees() -> list[object]:
        clock.advance(minutes=6)
        crm.worker().run_once()
        with crm.session(actor=SYSTEM) as session:
            return [row[0] for row in session.rows(QueueItem, ["assignee.name"], order="entered_at, id")]

    assert assignees() == ["Bob", None, None]
    clock.advance(hours=3)
    assert assignees() == ["Bob", "Ann", None]
    with crm.session(actor="bob") as session:
        session.move(session.get(Opportunity, deals[0].id), "lost")
    assert assignees() == ["Bob", "Ann", "Bob"]


def test_a_rule_whose_goal_can_take_nothing_is_passed_over(
    crm: CRM, people: People, clock: FrozenClock, make_pool: Callable[..., Pool]
) -> None:
    """A queue that is off; users who are off, away, or have as many as the pool allows: the next rule counts."""
    with crm.session(actor="admin") as session:
        off = new_queue(session, [people["ann"]], active=False)
        session.create(Absence, user=people["cem"], since=clock.now)
        session.create(AssignmentRule, name="off", position=1, queue=off)
        session.create(AssignmentRule, name="zoe", position=2, user=people["zoe"])
        session.create(AssignmentRule, name="cem", position=3, user=people["cem"])
        session.create(AssignmentRule, name="bob", position=4, user=people["bob"])
        session.create(AssignmentRule, name="ann", position=5, user=people["ann"])
        make_pool(session, [people["ann"], people["bob"]], hold_limit=2)
        session.update(people["zoe"], active=False)
        session.create_many(Customer, [{"name": each} for each in "abcde"])
        expected = [people["bob"].id] * 2 + [people["ann"].id] * 2 + [session.actor_ref]
        assert list(owners(session).values()) == expected


def test_what_has_no_owner_leaves_who_is_switched_off(crm: CRM, people: People) -> None:
    """It waits again, and goes to the next; what an entity with an owner has given out is the hand-over's."""
    with crm.session(actor="admin") as session:
        queue = new_queue(session, [people["ann"], people["bob"]], entity="product")
        put(session, queue, [session.create(Product, name=each) for each in "ab"])
        assert [each.found.user for each in distribute(session, queue)] == [people["ann"].id, people["bob"].id]
        session.update(people["ann"], active=False)
        assert {each.assignee for each in session.find(QueueItem)} == {people["bob"].id}


def test_who_lets_go_of_something_is_not_offered_it(crm: CRM, people: People) -> None:
    """What a member hands over into its own queue goes to the others."""
    with crm.session(actor="admin") as session:
        queue = new_queue(session, [people["ann"], people["bob"]])
        session.create_many(Customer, [{"name": each, "owner": people["ann"]} for each in "ab"])
        begin(session, people["ann"], {"customer": queue.ref})
    crm.worker().run_once()
    with crm.session(actor=SYSTEM) as session:
        assert set(owners(session).values()) == {people["bob"].id}


def test_queues_that_are_needed_are_not_deleted(crm: CRM, people: People) -> None:
    """While something waits in one, or a rule names it; what members have got from it stays theirs."""
    with crm.session(actor="admin") as session:
        queue = new_queue(session, [people["ann"]], capacity=1)
        rule = session.create(AssignmentRule, name="All", queue=queue, on_create=False)
        waiting(session, queue, "ab")
        distribute(session, queue)
        with pytest.raises(Refused) as caught:
            session.delete(queue)
        assert [str(each.text) for each in caught.value.refusals] == [
            "1 record waits in the queue. Give it out first, or switch the queue off.",
            "Rules give records to the queue: All. Change them first.",
        ]
        session.delete(rule)
        (item,) = session.find(QueueItem, {"state": "waiting"})
        assert isinstance(assign_item(session, item.record, people["bob"]), Taken)
        session.delete(queue)
        assert [each.is_open for each in session.find(QueueItem)] == [False, False]
        assert owners(session) == {"a": people["ann"].id, "b": people["bob"].id}


def test_loads_of_all_members_are_one_statement(crm: CRM, people: People) -> None:
    """Who has the least open records gets the next one; closed ones don't count."""
    with crm.session(actor="admin") as session:
        queue = new_queue(session, [people["ann"], people["bob"]], entity="opportunity", strategy="least_loaded")
        session.create(Opportunity, name="open", owner=people["ann"])
        for name in ("won", "lost"):
            session.create(Opportunity, name=name, owner=people["bob"], stage=name)
        deals = [session.update(session.create(Opportunity, name=each), owner=None) for each in "ab"]
        put(session, queue, deals)
        assert [each.found.user for each in distribute(session, queue)] == [people["bob"].id, people["ann"].id]


def test_by_skill(crm: CRM, people: People) -> None:
    """The field that the queue names says which skill is needed, whatever its case."""
    with crm.session(actor="admin") as session:
        queue = new_queue(session, [people["ann"], people["bob"]], strategy="skill", needs_field="industry")
        member = session.find(QueueMember, {"user": people["bob"]})[0]
        session.update(member, skills=["Dental"])
        acme = session.create(Customer, name="Acme", industry="dental")
        other = session.create(Customer, name="Other", industry="retail")
        put(session, queue, [acme, other])
        assert [each.found.user for each in distribute(session, queue)] == [people["bob"].id, None]


def test_whoever_declines_is_not_asked_again(crm: CRM, people: People) -> None:
    """It goes to the next; when all have declined it waits, and the next time everybody is asked again."""
    with crm.session(actor="admin") as session:
        queue = new_queue(session, [people["ann"], people["bob"]])
        (acme,) = waiting(session, queue, "a")
        distribute(session, queue)
    with crm.session(actor="bob") as session:
        result = decline(session, acme)
        assert isinstance(result, NotTaken)
        assert result.reason == "not_allowed"
    with crm.session(actor="ann") as session:
        result = decline(session, acme)
        assert isinstance(result, Distributed)
        assert (result.found.user, result.found.passed_over) == (people["bob"].id, {people["ann"].id: "declined"})
    with crm.session(actor="bob") as session:
        result = decline(session, acme)
        assert isinstance(result, Distributed)
        assert (result.found.user, result.item.state, result.item.declined_by) == (None, "waiting", None)
    with crm.session(actor="admin") as session:
        assert owners(session) == {"a": None}
        assert [each.found.user for each in distribute(session, queue)] == [people["ann"].id]
        ways = [each.how for each in session.find(OwnershipRecord, {"record": acme}, order="id")][1:]
        assert ways == ["distributed", "declined", "distributed", "declined", "distributed"]


def test_heads_have_a_record_wait_for_everybody_again(crm: CRM, people: People) -> None:
    """Whoever had it has it no more, and whoever declined it is asked again; a member can't do this."""
    with crm.session(actor="admin") as session:
        queue = new_queue(session, [people["ann"], people["bob"]], [people["cem"]])
        session.update(session.find(QueueMember, {"user": people["cem"]})[0], capacity=0)
        (acme,) = waiting(session, queue, "a")
        distribute(session, queue)
    with crm.session(actor="ann") as session:
        decline(session, acme)
        result = requeue(session, acme)
        assert isinstance(result, NotTaken)
        assert result.reason == "not_allowed"
    with crm.session(actor="cem") as session:
        result = requeue(session, acme)
        assert isinstance(result, Distributed)
        assert (result.item.state, result.item.assignee, result.item.declined_by) == ("waiting", None, None)
    with crm.session(actor="admin") as session:
        assert owners(session) == {"a": None}
        assert [each.found.user for each in distribute(session, queue)] == [people["ann"].id]
        ways = [each.how for each in session.find(OwnershipRecord, {"record": acme}, order="id")][1:]
        assert ways == ["distributed", "declined", "distributed", "requeued", "distributed"]
        other = session.create(Customer, name="b")
        result = requeue(session, other)
        assert isinstance(result, NotTaken)
        assert result.reason == "not_waiting"


def test_what_has_an_owner_while_it_waits_keeps_it_when_it_waits_again(crm: CRM, people: People) -> None:
    """A queue takes back what it gave, and nothing else."""
    with crm.session(actor="admin") as session:
        queue = new_queue(session, [people["ann"]])
        acme = session.create(Customer, name="a", owner=people["zoe"])
        put(session, queue, [acme])
        requeue(session, acme)
        assert owners(session) == {"a": people["zoe"].id}


def test_members_grab(crm: CRM, people: People) -> None:
    """The first who takes it has it; whoever can't is told why; its capacity binds a member here, too."""
    with crm.session(actor="admin") as session:
        queue = new_queue(session, [people["ann"], people["bob"]], strategy="grab", capacity=1)
        first, second, third = waiting(session, queue, "abc")
        in_turn = new_queue(session, [people["ann"]], name="In turn")
        (other,) = waiting(session, in_turn, "d")
        assert distribute(session, queue) == []
    for name, record, expected in (
        ("ann", first, "Taken"),
        ("bob", first, "already_taken"),
        ("ann", second, "at_capacity"),
        ("zoe", second, "not_a_member"),
        ("bob", second, "Taken"),
        ("ann", other, "not_to_grab"),
    ):
        with crm.session(actor=name) as session:
            (result,) = grab(session, [record])
            assert (result.reason if isinstance(result, NotTaken) else "Taken") == expected, name
    with crm.session(actor="admin") as session:
        found = session.get(Customer, third.id)
        assert found.owner is None
        assert [each.how for each in session.find(OwnershipRecord, {"record": first}, order="id")][1:] == ["grabbed"]
    with crm.session(actor=SYSTEM) as session, pytest.raises(AccessDeniedError):
        grab(session, [third])


def test_heads_give_out_by_hand(crm: CRM, people: People) -> None:
    """A head gives what waits to anybody, in any queue, and puts it back; a member doesn't."""
    with crm.session(actor="admin") as session:
        queue = new_queue(session, [people["ann"]], [people["cem"]], strategy="manual")
        (acme,) = waiting(session, queue, "a")
    with crm.session(actor="ann") as session:
        result = assign_item(session, acme, people["ann"])
        assert isinstance(result, NotTaken)
        assert result.reason == "not_allowed"
    with crm.session(actor="cem") as session:
        assert isinstance(assign_item(session, acme, people["zoe"]), Taken)
        assert isinstance(requeue(session, acme), Distributed)
        assert isinstance(assign_item(session, acme, people["bob"]), Taken)
    with crm.session(actor="admin") as session:
        assert owners(session) == {"a": people["bob"].id}


def test_what_goes_another_way_leaves_the_queue(crm: CRM, people: People) -> None:
    """A record that gets an owner by hand, or is closed, has no place in a queue any more."""
    with crm.session(actor="admin") as session:
        queue = new_queue(session, [people["ann"]])
        first, second, third = waiting(session, queue, "abc")
        session.update(first, owner=people["zoe"])
        distribute(session, queue)
        session.move(session.get(Customer, second.id), "churned")
        session.delete(session.get(Customer, third.id))
        assert session.count(QueueItem, {"is_open": True}) == 0
        states = [each.state for each in session.find(QueueItem, order="id")]
        assert states == ["closed", "closed"]


def test_the_first_rule_that_matches_counts(crm: CRM, people: People) -> None:
    """Rules are asked in their order; new records are given out as they are made, others when asked for."""
    with crm.session(actor="admin") as session:
        queue = new_queue(session, [people["ann"]])
        old = session.create(Customer, name="old", city="Lyon")
        session.create(AssignmentRule, name="kept", position=1, condition="level == 'a'")
        session.create(AssignmentRule, name="bob", position=2, condition="city == 'Lyon'", user=people["bob"])
        session.create(AssignmentRule, name="rest", position=3, queue=queue)
        me = session.actor_ref
        names = {"kept": ("a", "Lyon"), "bob": (None, "Lyon"), "rest": (None, None)}
        session.create_many(
            Customer, [{"name": name, "level": level, "city": city} for name, (level, city) in names.items()]
        )
        assert owners(session) == {
            "kept": me,
            "bob": people["bob"].id,
            "old": me,
            "rest": people["ann"].id,
        }
        (routed,) = route(session, [old])
        assert routed.user == people["bob"].id
        (item,) = session.find(QueueItem)
        assert item.rule == "rest"


def test_queues_and_rules_that_could_not_work_are_refused(crm: CRM, people: People) -> None:
    """Unknown entities and fields, filters that are wrong, and rules with two goals."""
    with crm.session(actor="admin") as session:
        queue = new_queue(session, [people["ann"]])
        cases: list[tuple[type[Record], dict[str, Any], str]] = [
            (Queue, {"name": "x", "entity": "nothing"}, "There is no entity"),
            (Queue, {"name": "x", "needs_field": "colour"}, "has no such field"),
            (AssignmentRule, {"name": "x", "condition": "colour == 1"}, "has no field"),
            (AssignmentRule, {"name": "x", "queue": queue, "user": people["ann"]}, "not to both"),
            (AssignmentRule, {"name": "x", "entity": "order", "queue": queue}, "for other records"),
            (AssignmentRule, {"name": "x", "entity": "product"}, "have no owner"),
        ]
        for entity, values, message in cases:
            with pytest.raises(Refused, match=message):
                session.create(entity, **values)
        (acme,) = waiting(session, queue, "a")
        assert put(session, queue, [acme]) == []


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_a_rule_that_can_not_be_asked_any_more_keeps_nobody_from_writing(crm: CRM, people: People) -> None:
    """When a plugin takes a field along of which a rule or a queue speaks, the rule is for nothing, and all fit."""
    with crm.session(actor="admin") as session:
        skilled = new_queue(session, [people["bob"]], strategy="skill", needs_field="city")
        session.create(AssignmentRule, name="Gone", condition="city == 'Lyon'", user=people["ann"])
        session.create(AssignmentRule, name="Rest", queue=skilled, position=200)
        for name, values in (("assignment_rule", {"condition": "gone == 1"}), ("queue", {"needs_field": "gone"})):
            table = session.tables[name]
            gone = table.c.id == (1 if name == "assignment_rule" else skilled.id)
            session.unit.connection.execute(table.update().where(gone).values(**values))
    with crm.session(actor="admin") as session:
        acme = session.create(Customer, name="Acme", city="Lyon")
        assert session.get(Customer, acme.id).owner == people["bob"].id
