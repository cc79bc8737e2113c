"""Claiming from a pool, releasing into it, and what keeps people from it."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from crmkit import SYSTEM, Contact, Customer, Opportunity, Team
from crmkit.errors import AccessDeniedError, Refused
from crmkit_workflow.ownership.entities import OwnershipRecord
from crmkit_workflow.pools.claiming import claim
from crmkit_workflow.pools.entities import PoolMember, PoolUse
from crmkit_workflow.pools.handling import assign, move, release
from crmkit_workflow.pools.results import Claimed, Given, NotGiven

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from crmkit import CRM, Record, Session, User
    from crmkit.testing.clock import FrozenClock
    from crmkit_workflow.pools.entities import Pool

    People = dict[str, User]
    MakePool = Callable[..., Pool]

pytestmark = pytest.mark.row("M3")


def outcomes(results: Iterable[object]) -> list[str]:
    """Return what became of each record in a word."""
    return [each.reason if isinstance(each, NotGiven) else type(each).__name__ for each in results]


def history(session: Session, record: Record) -> list[tuple[str, object, object]]:
    """Return how a record changed hands: how, from whom, to whom."""
    rows = session.find(OwnershipRecord, {"record": record}, order="id")
    return [(each.how, each.from_owner, each.to_owner) for each in rows]


def test_a_member_claims_what_lies_in_the_pool(crm: CRM, people: People, make_pool: MakePool) -> None:
    """The record has an owner then and lies in no pool, and its history says so; contacts come along if wished."""
    with crm.session(actor="admin") as session:
        pool = make_pool(session, [people["ann"]], along=["contact"])
        acme = session.create(Customer, name="Acme", pool=pool)
        lea = session.create(Contact, name="Léa", customer=acme)
        session.update(lea, owner=None)
        assert (acme.owner, acme.pool) == (None, pool.id)
    with crm.session(actor="ann") as session:
        (result,) = claim(session, [acme])
        assert isinstance(result, Claimed)
        assert (result.record.owner, result.record.pool) == (people["ann"].id, None)
        assert result.record.owned_since == session.unit.now
    with crm.session(actor="admin") as session:
        assert history(session, acme) == [("pooled", None, None), ("claimed", None, people["ann"].id)]
        assert session.get(Contact, lea.id).owner == people["ann"].id
        assert [(each.user, each.claimed) for each in session.find(PoolUse)] == [(people["ann"].id, 1)]


def test_whoever_cant_claim_is_told_why(crm: CRM, people: People, make_pool: MakePool) -> None:
    """Each record that can't be claimed says why, and the others are claimed; the system claims nothing."""
    with crm.session(actor="admin") as session:
        open_pool = make_pool(session, [people["ann"]])
        other = make_pool(session, [people["bob"]], name="Other")
        mine, theirs = (session.create(Customer, name="a", pool=each) for each in (open_pool, other))
        owned, lost = session.create(Customer, name="c", owner=people["bob"]), session.create(Customer, name="d")
        session.update(lost, owner=None)
        gone = session.create(Customer, name="e")
        session.delete(gone)
    with crm.session(actor="ann") as session:
        results = claim(session, [mine, theirs, owned, lost, gone, mine])
    assert outcomes(results) == ["Claimed", "not_a_member", "already_claimed", "not_in_pool", "not_found", "Claimed"]
    with crm.session(actor="ann") as session:
        assert outcomes(claim(session, [mine])) == ["already_claimed"]
    with crm.session(actor=SYSTEM) as session, pytest.raises(AccessDeniedError):
        claim(session, [mine])


def test_a_team_may_be_a_member(crm: CRM, people: People, make_pool: MakePool) -> None:
    """Everybody of the team and of the teams below it may claim, as long as they are active."""
    with crm.session(actor="admin") as session:
        pool = make_pool(session, session.find(Team, {"name": "North"}))
        first, second = (session.create(Customer, name=each, pool=pool) for each in "ab")
    for name, expected in (("ann", "Claimed"), ("zoe", "not_a_member")):
        with crm.session(actor=name) as session:
            assert outcomes(claim(session, [first if name == "ann" else second])) == [expected]


def test_a_day_has_its_number_of_claims(crm: CRM, people: People, make_pool: MakePool, clock: FrozenClock) -> None:
    """Nobody claims more in a period than the pool allows; the next period begins anew, in the home time zone."""
    with crm.session(actor="admin") as session:
        pool = make_pool(session, [people["ann"]], claim_limit=2)
        records = [session.create(Customer, name=each, pool=pool) for each in "abcd"]
    with crm.session(actor="ann") as session:
        assert outcomes(claim(session, records[:3])) == ["Claimed", "Claimed", "claim_limit"]
    with crm.session(actor="ann") as session:
        assert outcomes(claim(session, records[2:])) == ["claim_limit", "claim_limit"]
    clock.advance(days=1)
    with crm.session(actor="ann") as session:
        assert outcomes(claim(session, records[2:])) == ["Claimed", "Claimed"]


def test_an_owner_has_as_many_as_the_pool_allows(crm: CRM, people: People, make_pool: MakePool) -> None:
    """Claims, assignments and plain changes of the owner keep to the quota; one of a member's own counts more."""
    with crm.session(actor="admin") as session:
        pool = make_pool(session, [people["ann"]], hold_limit=2)
        session.create(PoolMember, pool=pool, member=people["bob"], hold_limit=1)
        records = [session.create(Customer, name=each, pool=pool) for each in "abcdef"]
    with crm.session(actor="ann") as session:
        assert outcomes(claim(session, records[:3])) == ["Claimed", "Claimed", "hold_limit"]
    with crm.session(actor="admin") as session:
        assert outcomes(assign(session, [records[2]], people["ann"])) == ["refused"]
        with pytest.raises(Refused, match="as many as the pool allows"):
            session.update(session.get(Customer, records[2].id), owner=people["ann"])
        with pytest.raises(Refused, match="as many as the pool allows"):
            session.create(Customer, name="x", owner=people["ann"])
        assert outcomes(assign(session, records[3:5], people["bob"])) == ["Given", "refused"]


def test_what_comes_along_keeps_to_the_quota_of_its_own_pool(crm: CRM, people: People, make_pool: MakePool) -> None:
    """A customer that brings more opportunities than somebody may own can't be claimed with them."""
    with crm.session(actor="admin") as session:
        make_pool(session, [people["ann"]], name="Deals", entity="opportunity", hold_limit=1)
        pool = make_pool(session, [people["ann"]], along=["opportunity"])
        one, two = (session.create(Customer, name=each, pool=pool) for each in "ab")
        for customer, name in ((one, "c"), (two, "d"), (two, "e")):
            session.update(session.create(Opportunity, name=name, customer=customer), owner=None)
    with crm.session(actor="ann") as session:
        assert outcomes(claim(session, [two, one])) == ["refused", "Claimed"]
        assert session.count(Opportunity, "owner == me()") == 1


def test_won_customers_need_not_count(crm: CRM, people: People, make_pool: MakePool) -> None:
    """Where won records don't count as owned, who has won everything may claim more."""
    with crm.session(actor="admin") as session:
        pool = make_pool(session, [people["ann"]], hold_limit=1, hold_spares_won=True)
        first = session.create(Customer, name="a", owner=people["ann"])
        second, third = (session.create(Customer, name=each, pool=pool) for each in "bc")
    with crm.session(actor="ann") as session:
        assert outcomes(claim(session, [second])) == ["hold_limit"]
        session.create(Opportunity, name="deal", customer=first, stage="won")
    with crm.session(actor="ann") as session:
        assert outcomes(claim(session, [second, third])) == ["Claimed", "hold_limit"]


def test_the_cool_down_is_a_duration(crm: CRM, people: People, make_pool: MakePool, clock: FrozenClock) -> None:
    """Who had a record can't claim it again for an hour, if that is the cool-down; others can, and so can an admin."""
    with crm.session(actor="admin") as session:
        pool = make_pool(session, [people["ann"], people["bob"]], admins=[people["mia"]], cooldown=timedelta(hours=1))
        records = [session.create(Customer, name=each, owner=people["ann"]) for each in "abc"]
    with crm.session(actor="ann") as session:
        assert outcomes(release(session, records, why="Wrong region")) == ["Given"] * 3
    clock.advance(minutes=59)
    with crm.session(actor="ann") as session:
        assert outcomes(claim(session, records[:1])) == ["cooling_down"]
    with crm.session(actor="bob") as session:
        assert outcomes(claim(session, records[:1])) == ["Claimed"]
    with crm.session(actor="mia") as session:
        assert outcomes(assign(session, records[1:2], people["ann"])) == ["Given"]
    clock.advance(minutes=1)
    with crm.session(actor="ann") as session:
        assert outcomes(claim(session, records[2:])) == ["Claimed"]
    with crm.session(actor="admin") as session:
        assert [each.why for each in session.find(OwnershipRecord, {"how": "released"})] == ["Wrong region"] * 3
        assert pool.id


def test_records_are_released_and_moved_by_who_may(crm: CRM, people: People, make_pool: MakePool) -> None:
    """An owner releases its own; who looks after the pools releases and moves those of others; nobody else does."""
    with crm.session(actor="admin") as session:
        north = make_pool(session, [people["ann"], people["bob"]], admins=[people["cem"]])
        south = make_pool(session, [], admins=[people["cem"]], name="South")
        acme = session.create(Customer, name="Acme", owner=people["ann"])
    with crm.session(actor="bob") as session:
        assert outcomes(release(session, [acme], north)) == ["not_allowed"]
        assert outcomes(move(session, [acme], south)) == ["not_in_pool"]
    with crm.session(actor="cem") as session:
        (result,) = release(session, [acme], north)
        assert isinstance(result, Given)
        assert outcomes(release(session, [acme])) == ["already_claimed"]
        (result,) = move(session, [acme], south)
        assert isinstance(result, Given)
        assert result.record.pool == south.id
    with crm.session(actor="ann") as session:
        assert outcomes(move(session, [acme], north)) == ["not_allowed"]
    with crm.session(actor="admin") as session:
        rows = session.find(OwnershipRecord, {"record": acme}, order="id")
        assert [(each.how, each.from_pool, each.to_pool, each.by) for each in rows] == [
            ("released", None, north.id, people["cem"].id),
            ("moved", north.id, south.id, people["cem"].id),
        ]


def test_every_way_writes_the_same_history(crm: CRM, people: People, make_pool: MakePool) -> None:
    """Plain updates and moves of the owner are changes of hands, too; what doesn't move a record writes nothing."""
    with crm.session(actor="admin") as session:
        pool = make_pool(session, [people["ann"]])
        acme = session.create(Customer, name="Acme", owner=people["ann"])
        acme = session.update(acme, city="Paris")
        acme = session.update(acme, owner=people["bob"])
        acme = session.move(acme, "active", owner=people["cem"])
        acme = session.update(acme, pool=pool)
        assert acme.owner is None
        acme = session.update(acme, owner=people["ann"])
        assert (acme.pool, acme.pooled_at) == (None, None)
        session.update(acme, owner=None)
        ids = {name: user.id for name, user in people.items()}
        assert history(session, acme) == [
            ("transferred", ids["ann"], ids["bob"]),
            ("transferred", ids["bob"], ids["cem"]),
            ("released", ids["cem"], None),
            ("assigned", None, ids["ann"]),
            ("released", ids["ann"], None),
        ]


def test_a_merge_takes_no_record_from_its_owner(crm: CRM, people: People, make_pool: MakePool) -> None:
    """Whichever of them survives, a record that somebody owns stays its owner's; if chosen, it goes into the pool."""
    with crm.session(actor="admin") as session:
        pool = make_pool(session, [people["bob"]])
        owned, other = (session.create(Customer, name=each, owner=people["ann"]) for each in "ab")
        pooled, second, third = (session.create(Customer, name=each, pool=pool) for each in "cde")
        found = [
            session.merge(owned, pooled),
            session.merge(second, other),
            session.merge(session.create(Customer, name="f", owner=people["ann"]), third, values={"pool": pool}),
        ]
        assert [(each.owner, each.pool) for each in found] == [
            (people["ann"].id, None),
            (people["ann"].id, None),
            (None, pool.id),
        ]
        assert history(session, owned) == [("pooled", None, None)]


def test_the_history_cant_be_forged(crm: CRM, people: People, make_pool: MakePool) -> None:
    """Nobody writes, changes or deletes history, or what the plugin keeps in a record."""
    with crm.session(actor="admin") as session:
        pool = make_pool(session, [people["ann"]])
        acme = session.create(Customer, name="Acme", pool=pool)
        (row,) = session.find(OwnershipRecord)
        with pytest.raises(Refused, match="may not change"):
            session.create(OwnershipRecord, record=acme, how="claimed", at=session.unit.now)
        with pytest.raises(Refused, match="may not change"):
            session.update(row, why="Because")
        with pytest.raises(Refused, match="can't be deleted"):
            session.delete(row)
        with pytest.raises(Refused, match="may not change"):
            session.update(acme, owned_since=session.unit.now)
        session.delete(acme)
        assert session.count(OwnershipRecord) == 0


def test_only_a_pool_that_can_go_goes(crm: CRM, people: People, make_pool: MakePool) -> None:
    """The last active pool, and one in which records lie, can be neither switched off nor deleted."""
    with crm.session(actor="admin") as session:
        first = make_pool(session, [people["ann"]])
        with pytest.raises(Refused, match="last active pool"):
            session.update(first, active=False)
        second = make_pool(session, [people["ann"]], name="Second")
        session.create(Customer, name="Acme", pool=second)
        with pytest.raises(Refused, match="1 record lies"):
            session.update(second, active=False)
        with pytest.raises(Refused, match="1 record lies"):
            session.delete(second)
        first = session.update(first, active=False)
        with pytest.raises(Refused, match="not active"):
            session.create(Customer, name="Beta", pool=first)
        assert outcomes(release(session, [session.create(Customer, name="Gamma")], first)) == ["pool_closed"]


def test_a_pool_to_which_records_return_stays(crm: CRM, people: People, make_pool: MakePool) -> None:
    """It can be neither switched off nor deleted as long as an active pool names it, nor named again when it is off."""
    with crm.session(actor="admin") as session:
        goal = make_pool(session, [], name="Goal")
        pool = make_pool(session, [people["ann"]], target=goal)
        acts: list[Callable[[], object]] = [
            lambda: session.update(goal, active=False),
            lambda: session.delete(goal),
        ]
        for act in acts:
            with pytest.raises(Refused, match="What the pool Pool takes returns to it"):
                act()
        pool = session.update(pool, active=False)
        make_pool(session, [], name="Other")
        session.update(goal, active=False)
        with pytest.raises(Refused, match="active pool of the same entity"):
            session.update(pool, active=True)
        assert session.update(pool, active=True, target=None).active


def test_pools_that_could_not_work_are_refused(crm: CRM, people: People, make_pool: MakePool) -> None:
    """A pool of an entity whose records can't lie in one, wrong entities along, and rules nobody could ask."""
    with crm.session(actor="admin") as session:
        for values, message in (
            ({"entity": "product"}, "can't lie in a pool"),
            ({"along": ["product"]}, "has no owner"),
            ({"exempt_if": "colour == 1"}, "has no field"),
            ({"remind_before": ["soon"]}, "is no number of days"),
            ({"protection": timedelta(days=2), "protection_max": timedelta(days=1)}, "must not be shorter"),
        ):
            with pytest.raises(Refused, match=message):
                make_pool(session, [people["ann"]], **values)
        for rule, message in (
            ({"kind": "date", "days": 1}, "Name the date"),
            ({"kind": "won", "days": 1, "exempt_if": "colour == 1"}, "has no field"),
        ):
            with pytest.raises(Refused, match=message):
                make_pool(session, [], rules=[rule], name=message)
