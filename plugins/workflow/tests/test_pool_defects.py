"""What goes wrong with the public pool of a widespread CRM (Wukong 11), each a rule here: it doesn't go wrong."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from crmkit import SYSTEM, Customer, Opportunity, Team
from crmkit.errors import Refused
from crmkit_workflow.ownership.entities import OwnershipRecord
from crmkit_workflow.pools.claiming import claim
from crmkit_workflow.pools.due import returns
from crmkit_workflow.pools.entities import PoolMember, PoolUse
from crmkit_workflow.pools.facts import columns_of, facts
from crmkit_workflow.pools.handling import release
from crmkit_workflow.pools.results import Claimed, NotGiven
from crmkit_workflow.pools.sweep import sweep
from crmkit_workflow.pools.terms import calendar_of, pools_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from crmkit import CRM, Record, Session, User
    from crmkit.testing.clock import FrozenClock
    from crmkit_workflow.pools.entities import Pool

    People = dict[str, User]
    MakePool = Callable[..., Pool]

pytestmark = pytest.mark.row("M3")


def test_a_claim_asks_whether_nobody_owns_the_record(crm: CRM, people: People, make_pool: MakePool) -> None:
    """(a) Of two who read it while it lay in the pool, the second is refused: the version that it read is gone."""
    with crm.session(actor="admin") as session:
        pool = make_pool(session, [people["ann"], people["bob"]])
        acme = session.create(Customer, name="Acme", pool=pool)
    for name in ("ann", "bob"):
        with crm.session(actor=name) as session:
            (result,) = claim(session, [acme])
            assert isinstance(result, Claimed if name == "ann" else NotGiven)
    with crm.session(actor="admin") as session:
        assert session.get(Customer, acme.id).owner == people["ann"].id


def test_a_refused_claim_uses_up_nothing(crm: CRM, people: People, make_pool: MakePool) -> None:
    """(b) Claims that the cool-down or another owner prevents don't count."""
    with crm.session(actor="admin") as session:
        pool = make_pool(session, [people["ann"]], claim_limit=1, cooldown=timedelta(days=1))
        mine = session.create(Customer, name="a", owner=people["ann"])
        theirs = session.create(Customer, name="b", owner=people["bob"])
        free = session.create(Customer, name="c", pool=pool)
    with crm.session(actor="ann") as session:
        release(session, [mine])
        results = claim(session, [mine, theirs])
        assert [each.reason for each in results if isinstance(each, NotGiven)] == ["cooling_down", "already_claimed"]
        assert session.elevated.count(PoolUse) == 0
        assert isinstance(claim(session, [free])[0], Claimed)
        assert [each.claimed for each in session.elevated.find(PoolUse)] == [1]


def test_the_previous_owner_is_who_owned_it(crm: CRM, people: People, make_pool: MakePool) -> None:
    """(c) When somebody else releases a record, the history says who had it, and who released it."""
    with crm.session(actor="admin") as session:
        pool = make_pool(session, [people["ann"]], admins=[people["mia"]], cooldown=timedelta(days=1))
        acme = session.create(Customer, name="Acme", owner=people["ann"])
    with crm.session(actor="mia") as session:
        release(session, [acme], pool)
    with crm.session(actor="ann") as session:
        (result,) = claim(session, [acme])
        assert isinstance(result, NotGiven)
        assert result.reason == "cooling_down"
    with crm.session(actor="admin") as session:
        (row,) = session.find(OwnershipRecord, {"record": acme})
        assert (row.from_owner, row.by) == (people["ann"].id, people["mia"].id)


def test_deleted_opportunities_save_nothing(crm: CRM, people: People, make_pool: MakePool, clock: FrozenClock) -> None:
    """(d) A rule that spares customers with open opportunities doesn't count deleted ones."""
    with crm.session(actor="admin") as session:
        make_pool(session, [people["ann"]], rules=[{"kind": "follow_up", "days": 1, "spares_opportunities": True}])
        kept, neglected = (session.create(Customer, name=each, owner=people["ann"]) for each in "ab")
        session.create(Opportunity, name="a", customer=kept)
        session.delete(session.create(Opportunity, name="b", customer=neglected))
    clock.advance(days=5)
    assert returned(crm) == [neglected.id]


def test_nobody_keeps_a_record_as_nobody_knows_since_when(
    crm: CRM, people: People, make_pool: MakePool, clock: FrozenClock
) -> None:
    """(e) A record without a moment since when it is owned counts from when it was made."""
    with crm.session(actor="admin") as session:
        make_pool(session, [people["ann"]], rules=[{"kind": "won", "days": 1}])
        acme = session.create(Customer, name="Acme", owner=people["ann"])
        table = session.tables["customer"]
        session.unit.check_writable()
        session.unit.connection.execute(table.update().values(owned_since=None))
    clock.advance(days=5)
    assert returned(crm) == [acme.id]


def test_a_record_lies_in_one_pool_once(crm: CRM, people: People, make_pool: MakePool) -> None:
    """(f) Where a record lies is one field of it; who takes part in a pool is noted once."""
    with crm.session(actor="admin") as session:
        first, second = make_pool(session, [people["ann"]]), make_pool(session, [people["ann"]], name="Second")
        acme = session.create(Customer, name="Acme", pool=first)
        acme = session.update(acme, pool=second)
        assert session.count(Customer, {"pool": first}) == 0
        assert session.count(Customer, {"pool": second}) == 1
        with pytest.raises(Refused, match="It is a member already"):
            session.create(PoolMember, pool=first, member=people["ann"])


def test_what_was_written_stays_whole_when_one_record_fails(
    crm: CRM, people: People, make_pool: MakePool, clock: FrozenClock
) -> None:
    """(g) A record that can't be written goes back as a whole, the others go in as wholes, and the sweep goes on."""
    with crm.session(actor="admin") as session:
        pool = make_pool(session, [people["ann"]], rules=[{"kind": "follow_up", "days": 1}])
        records = [session.create(Customer, name=each, owner=people["ann"]) for each in "abc"]
    clock.advance(days=5)
    with crm.session(actor=SYSTEM) as session:
        stale(session, records[1])
        found = sweep(session)
    assert [int(ref) for ref, _ in found.returned] == [records[0].id, records[2].id]
    assert [(int(each.record), each.reason) for each in found.failed] == [(records[1].id, "changed")]
    with crm.session(actor="admin") as session:
        assert session.count(Customer, {"pool": pool}) == session.count(OwnershipRecord) == 2


def test_the_countdown_ends_when_the_record_returns(
    crm: CRM, people: People, make_pool: MakePool, clock: FrozenClock
) -> None:
    """(h) The return that is shown is the one that happens: not a moment before it, and at once when it has come."""
    with crm.session(actor="admin") as session:
        make_pool(session, [people["ann"]], rules=[{"kind": "follow_up", "days": 3}])
        acme = session.create(Customer, name="Acme", owner=people["ann"])
        entity, pools = session.model.entity(Customer), pools_of(session, "customer")
        columns = columns_of(entity, pools)
        (known,) = facts(session, entity, columns, session.rows(Customer, columns), pools)
        (shown,) = returns(known.held, [each.terms for each in pools], calendar_of(session))
    clock.now = shown.at - timedelta(microseconds=1)
    assert returned(crm) == []
    clock.now = shown.at
    assert returned(crm) == [acme.id]


def test_a_pool_whose_teams_are_empty_takes_nothing(
    crm: CRM, people: People, make_pool: MakePool, clock: FrozenClock
) -> None:
    """(i) A pool without anybody in it is not a pool of everybody."""
    with crm.session(actor="admin") as session:
        make_pool(session, [session.create(Team, name="Empty")], rules=[{"kind": "follow_up", "days": 1}])
        session.create(Customer, name="Acme", owner=people["ann"])
    clock.advance(days=5)
    assert returned(crm) == []


def returned(crm: CRM) -> list[int]:
    """Sweep, and return the ids of what went to pools."""
    with crm.session(actor=SYSTEM) as session:
        return [int(ref) for ref, _ in sweep(session).returned]


def stale(session: Session, record: Record) -> None:
    """Have the next read of a record give a version that is no longer there, as if somebody changed it just then."""
    by_id = session.by_id

    def old(entity: object, numbers: object) -> dict[int, Record]:
        session.by_id = by_id  # type: ignore[method-assign]
        found = by_id(entity, numbers)  # type: ignore[arg-type]
        table = session.tables["customer"]
        session.unit.check_writable()
        session.unit.connection.execute(table.update().where(table.c.id == record.id).values(version=7))
        return found

    session.by_id = old  # type: ignore[method-assign]
