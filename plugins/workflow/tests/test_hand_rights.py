"""Who may say whose records are: rules about those of everybody, and commands that take them from somebody."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from crmkit import SYSTEM, Customer, Grant, Role, User
from crmkit.errors import AccessDeniedError, FieldHidden, Refused
from crmkit.testing.plugins import make_plugin
from crmkit_workflow.handover.entities import HandOverRule
from crmkit_workflow.handover.handing import hand_over
from crmkit_workflow.pools.claiming import claim
from crmkit_workflow.pools.entities import Pool, PoolExtension, PoolMember, PoolRule
from crmkit_workflow.pools.following import followed_up
from crmkit_workflow.pools.handling import assign, release
from crmkit_workflow.pools.results import Claimed, Given, NotGiven
from crmkit_workflow.pools.sweep import sweep
from crmkit_workflow.queues.distributing import put
from crmkit_workflow.queues.entities import Absence, AssignmentRule, Queue, QueueMember
from crmkit_workflow.queues.taking import Taken, grab
from crmkit_workflow.reviews.deciding import approve_review
from crmkit_workflow.reviews.entities import ReviewRule

if TYPE_CHECKING:
    from collections.abc import Callable

    from crmkit import CRM, Record
    from crmkit.testing.clock import FrozenClock
    from crmkit.testing.fixtures import CRMFactory

    People = dict[str, User]
    MakePool = Callable[..., Pool]
    Rule = tuple[type[Record], dict[str, Any]]


@pytest.fixture
def rules(crm: CRM, people: People, make_pool: MakePool) -> list[Rule]:
    """One of each kind of rule about whose records are, as its entity and the values of another one like it."""
    with crm.session(actor="admin") as session:
        session.update(people["mia"], team=None)
        pool, queue = make_pool(session, []), session.create(Queue, name="Queue")
        made: list[Rule] = [
            (PoolMember, {"pool": pool, "member": people["ann"], "is_admin": True}),
            (PoolExtension, {"pool": pool, "activity_kind": "*", "extends": timedelta(days=1)}),
            (PoolRule, {"pool": pool, "kind": "follow_up", "days": 0}),
            (QueueMember, {"queue": queue, "user": people["ann"], "is_head": True}),
            (AssignmentRule, {"name": "Mine", "user": people["ann"]}),
            (HandOverRule, {"goal": people["ann"]}),
        ]
        session.create(AssignmentRule, name="Off", active=False, user=people["ann"])
        return [(Pool, {"name": "Other"}), (Queue, {"name": "Other"}), *made]


@pytest.mark.row("M3")
@pytest.mark.row("D5")
@pytest.mark.row("M5")
@pytest.mark.parametrize("actor", ["ann", "mia"])
def test_rules_about_everybodys_records_are_for_administrators(crm: CRM, rules: list[Rule], actor: str) -> None:
    """Pools, queues, assignment rules, hand-over rules and their parts are made by those who may write all of them."""
    for entity, values in rules:
        with crm.session(actor=actor) as session, pytest.raises((Refused, AccessDeniedError)):
            session.create(entity, **values)
        with crm.session(actor="admin") as session:
            session.create(entity, **values)


@pytest.mark.row("M3")
def test_a_manager_of_whoever_made_a_pool_does_not_change_it(crm: CRM, people: People, make_pool: MakePool) -> None:
    """That a colleague of the team has made it gives nobody a right to it."""
    with crm.session(actor="admin") as session:
        session.update(session.get(User, session.principal.user or 0), team=people["mia"].team)
        pool = make_pool(session, [people["ann"]])
        (member,) = session.find(PoolMember)
        make_pool(session, [], name="Other")
    acts: list[Callable[[Any], object]] = [
        lambda session: session.update(pool, hold_limit=1),
        lambda session: session.create(PoolMember, pool=pool, member=people["mia"]),
        lambda session: session.delete(member),
        lambda session: session.delete(pool),
    ]
    for act in acts:
        with crm.session(actor="mia") as session, pytest.raises(Refused, match="Rules are for those"):
            act(session)


@pytest.mark.row("D5")
def test_an_absence_is_that_of_whoever_is_away(crm: CRM, people: People) -> None:
    """Users say themselves when they are away, or their managers do; colleagues don't."""
    with crm.session(actor="ann") as session, pytest.raises(AccessDeniedError):
        session.create(Absence, user=people["bob"], since=session.unit.now)
    with crm.session(actor="mia") as session:
        absence = session.create(Absence, user=people["bob"], since=session.unit.now)
    with crm.session(actor="bob") as session:
        session.update(absence, until=session.unit.now + timedelta(hours=1))
        assert session.create(Absence, since=session.unit.now + timedelta(days=9)).user == people["bob"].id


@pytest.mark.row("M5")
def test_a_hand_over_is_for_who_may_change_the_user(crm: CRM, people: People) -> None:
    """Who can't switch a user off can't hand over what it owns either."""
    with crm.session(actor="admin") as session:
        acme = session.create(Customer, name="Acme", owner=people["ann"])
    for name in ("bob", "mia"):
        with crm.session(actor=name) as session, pytest.raises(AccessDeniedError):
            hand_over(session, people["ann"], default=people["bob"].ref)
    with crm.session(actor="admin") as session:
        assert session.get(Customer, acme.id).owner == people["ann"].id
        assert hand_over(session, people["ann"], default=people["bob"].ref) == {"customer": 1}


@pytest.mark.row("M3")
def test_a_follow_up_is_noted_by_who_may_change_the_record(crm: CRM, people: People, clock: FrozenClock) -> None:
    """Nobody keeps somebody else's record from returning, nor its own by what is to come."""
    with crm.session(actor="admin") as session:
        acme = session.create(Customer, name="Acme", owner=people["ann"])
    with crm.session(actor="zoe") as session, pytest.raises(AccessDeniedError):
        followed_up(session, acme)
    with crm.session(actor="ann") as session:
        found = followed_up(session, acme, at=clock.now + timedelta(days=9))
        assert found.follow_ups == {"*": clock.now.isoformat()}


@pytest.mark.row("M3")
def test_only_who_may_change_all_pools_sweeps(crm: CRM, people: People, make_pool: MakePool) -> None:
    """A member doesn't begin a sweep; administrators and programs do."""
    with crm.session(actor="admin") as session:
        make_pool(session, [people["ann"]])
        assert sweep(session).checked == 0
    with crm.session(actor=SYSTEM) as session:
        assert sweep(session).checked == 0
    with crm.session(actor="ann") as session, pytest.raises(AccessDeniedError):
        sweep(session)


@pytest.mark.row("M3")
def test_who_looks_after_a_pool_takes_from_its_members(crm: CRM, people: People, make_pool: MakePool) -> None:
    """The records of others are not theirs to release, into whichever pool; what nobody owns is."""
    with crm.session(actor="admin") as session:
        pool = make_pool(session, [people["bob"]], admins=[people["zoe"]])
        make_pool(session, [people["ann"]], name="Other")
        theirs, members, nobodys = (
            session.create(Customer, name=each, owner=people[each]) for each in ("ann", "bob", "cem")
        )
        session.update(nobodys, owner=None)
    with crm.session(actor="zoe") as session:
        results = release(session, [theirs, members, nobodys], pool)
        assert [each.reason if isinstance(each, NotGiven) else "given" for each in results] == [
            "not_allowed",
            "given",
            "given",
        ]
        assert not isinstance(claim(session, [theirs])[0], Given)
    with crm.session(actor="admin") as session:
        assert session.get(Customer, theirs.id).owner == people["ann"].id


@pytest.mark.row("M3")
def test_who_looks_after_the_owners_pool_keeps_records_from_it(crm: CRM, people: People, make_pool: MakePool) -> None:
    """Owners don't keep their own from returning; administrators do, of the pool or of everything."""
    with crm.session(actor="admin") as session:
        make_pool(session, [people["ann"]], admins=[people["mia"]])
        make_pool(session, [], admins=[people["bob"]], name="Other")
        acme = session.create(Customer, name="Acme", owner=people["ann"])
    for name in ("ann", "bob"):
        with crm.session(actor=name) as session, pytest.raises((Refused, AccessDeniedError)):
            session.update(acme, pool_locked=True)
    with crm.session(actor="ann") as session:
        with pytest.raises(Refused, match="Ask who looks after"):
            session.create(Customer, name="Other", pool_locked=True)
        session.update(acme, city="Lyon", pool_locked=False)
    for name, value in (("mia", True), ("admin", False)):
        with crm.session(actor=name) as session:
            assert session.update(session.get(Customer, acme.id), pool_locked=value).pool_locked is value


@pytest.mark.row("B16")
def test_what_is_not_reviewed_can_not_be_taken(crm: CRM, people: People, make_pool: MakePool) -> None:
    """A record that only its author and reviewer see is not there for the members of its pool or its queue."""
    with crm.session(actor="admin") as session:
        session.create(ReviewRule, name="New", entity="customer", roles=["member"])
        session.update(people["ann"], manager=people["mia"])
        pool = make_pool(session, [people["bob"]], admins=[people["cem"]])
        queue = session.create(Queue, name="Queue", strategy="grab")
        session.create(QueueMember, queue=queue, user=people["bob"])
    with crm.session(actor="ann") as session:
        pooled, queued = session.create(Customer, name="a", pool=pool), session.create(Customer, name="b")
        put(session, queue, [queued])
    with crm.session(actor="bob") as session:
        results = [*claim(session, [pooled]), *grab(session, [queued])]
        assert [each.reason for each in results] == ["not_found", "not_waiting"]  # type: ignore[union-attr]
    with crm.session(actor="cem") as session:
        handled = [*assign(session, [pooled], people["cem"]), *release(session, [queued], pool)]
        assert [each.reason for each in handled] == ["not_found", "not_found"]  # type: ignore[union-attr]
    with crm.session(actor="mia") as session:
        for each in (pooled, queued):
            approve_review(session, session.get(Customer, each.id))
    with crm.session(actor="bob") as session:
        assert isinstance(claim(session, [pooled])[0], Claimed)
        assert isinstance(grab(session, [queued])[0], Taken)


@pytest.mark.row("M3")
def test_what_was_taken_is_returned_as_far_as_the_actor_may_see_it(make_crm: CRMFactory, make_pool: MakePool) -> None:
    """Whoever claims, releases or assigns a record without seeing a field of it gets it without that field."""
    grants = (Grant(entity="customer", read="own", update="own", hides=("city",)), Grant(entity="user", read="all"))
    crm = make_crm(["workflow", make_plugin("blind", Role(name="blind", grants=grants))])
    with crm.session(actor="admin") as session:
        ann = session.create(User, name="Ann", external_id="ann", roles=["blind"])
        pool = make_pool(session, [], admins=[ann])
        acme = session.create(Customer, name="Acme", city="Lyon", pool=pool)
    with crm.session(actor="ann") as session:
        results = [*claim(session, [acme]), *release(session, [acme]), *assign(session, [acme], ann)]
        assert len(results) == 3
        for each in results:
            assert not isinstance(each, NotGiven)
            with pytest.raises(FieldHidden):
                _ = each.record.city
