"""The sweep: what is due returns to its pool, each record for itself."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from crmkit import SYSTEM, Contact, Customer, Manifest, Opportunity, Product, hookimpl
from crmkit.core.assemble.plugins import Plugin
from crmkit_workflow.escalations.entities import Escalation, EscalationLevel, EscalationRule
from crmkit_workflow.ownership.entities import OwnershipRecord
from crmkit_workflow.pools.entities import PoolMember
from crmkit_workflow.pools.facts import dates_of
from crmkit_workflow.pools.following import followed_up
from crmkit_workflow.pools.sweep import sweep, sweep_all

if TYPE_CHECKING:
    from collections.abc import Callable

    from crmkit import CRM, Batch, Session, UpdateDraft, User
    from crmkit.testing.clock import FrozenClock
    from crmkit.testing.fixtures import CRMFactory
    from crmkit_workflow.pools.entities import Pool

    People = dict[str, User]
    MakePool = Callable[..., Pool]

pytestmark = pytest.mark.row("M3")

NEGLECTED = {"kind": "follow_up", "days": 3}


def lying(session: Session) -> list[str]:
    """Return the names of the customers that lie in pools."""
    return [each.name for each in session.find(Customer, "pool is not None", order="name")]


def swept(crm: CRM) -> list[str]:
    """Sweep, and return the names of the customers that lie in pools then."""
    with crm.session(actor=SYSTEM) as session:
        sweep(session)
    with crm.session(actor="admin") as session:
        return lying(session)


def test_what_is_neglected_returns(crm: CRM, people: People, make_pool: MakePool, clock: FrozenClock) -> None:
    """Not followed up for three days, a member's customers return on the day after, with their contacts, and why."""
    with crm.session(actor="admin") as session:
        pool = make_pool(session, [people["ann"]], rules=[NEGLECTED], along=["contact"])
        acme = session.create(Customer, name="Acme", owner=people["ann"])
        session.create(Customer, name="Of nobody in the pool", owner=people["zoe"])
        session.create(Customer, name="Locked", owner=people["ann"], pool_locked=True)
        lost = session.create(Customer, name="Lost", owner=people["ann"])
        session.move(lost, "churned")
        lea = session.create(Contact, name="Léa", customer=acme, owner=people["ann"])
    clock.advance(days=3)
    assert swept(crm) == []
    clock.advance(hours=15)
    assert swept(crm) == ["Acme"]
    with crm.session(actor="admin") as session:
        acme, lea = session.get(Customer, acme.id), session.get(Contact, lea.id)
        assert (acme.owner, acme.pool, acme.pooled_at, lea.owner) == (None, pool.id, acme.updated_at, None)
        (row,) = session.find(OwnershipRecord, {"record": acme})
        assert (row.how, row.why, row.from_owner, row.to_pool, row.by) == (
            "returned",
            "Not followed up for 3 days.",
            people["ann"].id,
            pool.id,
            None,
        )
    assert swept(crm) == ["Acme"]


def test_whatever_the_owner_changes_is_a_follow_up_where_no_contacts_are_kept(
    crm: CRM, people: People, make_pool: MakePool, clock: FrozenClock
) -> None:
    """A change or a move by the owner starts the days anew; one by somebody else doesn't."""
    with crm.session(actor="admin") as session:
        make_pool(session, [people["ann"]], rules=[NEGLECTED])
        by_owner, moved, by_other = (
            session.create(Customer, name=each, owner=people["ann"]) for each in ("by owner", "moved", "by other")
        )
    clock.advance(days=2)
    with crm.session(actor="ann") as session:
        session.update(by_owner, city="Paris")
        session.move(moved, "active")
    with crm.session(actor="admin") as session:
        session.update(by_other, city="Paris")
    clock.advance(days=2)
    assert swept(crm) == ["by other"]
    clock.advance(days=2)
    assert swept(crm) == ["by other", "by owner", "moved"]


def test_activities_extend_the_protection(crm: CRM, people: People, make_pool: MakePool, clock: FrozenClock) -> None:
    """A visit extends it by a week, a call by a day; whatever happens, the longest protection ends it."""
    with crm.session(actor="admin") as session:
        make_pool(
            session,
            [people["ann"]],
            protection=timedelta(days=10),
            protection_max=timedelta(days=20),
            extensions={"visit": timedelta(days=7), "*": timedelta(days=1)},
        )
        records = [session.create(Customer, name=each, owner=people["ann"]) for each in ("call", "none", "visit")]
    clock.advance(days=9, hours=12)
    with crm.session(actor="ann") as session:
        for record in (records[0], records[2]):
            session_record = followed_up(session, session.get(Customer, record.id), kind=record.name)
            again = followed_up(session, session_record, kind=record.name, at=clock.now - timedelta(days=1))
            assert again == session_record
    clock.advance(hours=12)
    assert swept(crm) == ["none"]
    clock.advance(hours=12)
    assert swept(crm) == ["call", "none"]
    clock.advance(days=5)
    with crm.session(actor="ann") as session:
        followed_up(session, session.get(Customer, records[2].id), kind="visit")
    clock.advance(days=4, hours=11)
    assert swept(crm) == ["call", "none"]
    clock.advance(hours=1)
    assert swept(crm) == ["call", "none", "visit"]


def test_rules_ask_for_opportunities_levels_products_and_filters(
    crm: CRM, people: People, make_pool: MakePool, clock: FrozenClock
) -> None:
    """No new opportunity of a product, customers of one level, and those that a filter doesn't exempt."""
    with crm.session(actor="admin") as session:
        seat = session.create(Product, name="Seat")
        rules = [
            {"kind": "opportunity", "days": 3, "product": seat, "spares_won": False, "exempt_if": "city == 'Paris'"},
            {"kind": "follow_up", "days": 1, "level": "c"},
        ]
        make_pool(session, [people["ann"]], rules=rules)
        names = ("exempt", "level c", "none", "other product", "seat")
        customers = {
            each: session.create(
                Customer,
                name=each,
                owner=people["ann"],
                level="c" if each == "level c" else "a",
                city="Paris" if each == "exempt" else None,
            )
            for each in names
        }
        session.create(Opportunity, name="a", customer=customers["seat"], product=seat)
        session.create(Opportunity, name="b", customer=customers["other product"])
    clock.advance(days=2)
    assert swept(crm) == ["level c"]
    clock.advance(days=2)
    assert swept(crm) == ["level c", "none", "other product"]


def test_the_countdown_is_what_the_sweep_does(
    crm: CRM, people: People, make_pool: MakePool, clock: FrozenClock
) -> None:
    """A record that will return soon says when; a sweep a moment before leaves it, one at that moment takes it."""
    with crm.session(actor="admin") as session:
        make_pool(session, [people["ann"]], rules=[{"kind": "follow_up", "days": 20}])
        acme = session.create(Customer, name="Acme", owner=people["ann"])
    assert swept(crm) == []
    with crm.session(actor="admin") as session:
        assert session.get(Customer, acme.id).returns_at is None
    clock.advance(days=15)
    assert swept(crm) == []
    with crm.session(actor="admin") as session:
        noted = session.get(Customer, acme.id)
    assert isinstance(noted.returns_at, datetime)
    clock.now = noted.returns_at - timedelta(microseconds=1)
    assert swept(crm) == []
    with crm.session(actor="admin") as session:
        assert session.get(Customer, acme.id) == noted
    clock.advance(microseconds=1)
    assert swept(crm) == ["Acme"]
    with crm.session(actor="admin") as session:
        assert session.get(Customer, acme.id).returns_at is None


def test_one_pool_takes_a_record(crm: CRM, people: People, make_pool: MakePool, clock: FrozenClock) -> None:
    """Of several pools the earliest return counts, of equal ones the priority; it goes where that pool sends it."""
    with crm.session(actor="admin") as session:
        goal = make_pool(session, [], name="Goal")
        make_pool(session, [people["ann"]], name="Late", rules=[{"kind": "follow_up", "days": 9}], priority=1)
        make_pool(session, [people["ann"]], name="Second", rules=[NEGLECTED], priority=3)
        make_pool(session, [people["ann"]], name="First", rules=[NEGLECTED], priority=2, target=goal)
        acme = session.create(Customer, name="Acme", owner=people["ann"])
    clock.advance(days=30)
    assert swept(crm) == ["Acme"]
    with crm.session(actor="admin") as session:
        assert session.get(Customer, acme.id).pool == goal.id
        assert session.count(OwnershipRecord) == 1


def test_opportunities_can_lie_in_pools_too(crm: CRM, people: People, make_pool: MakePool, clock: FrozenClock) -> None:
    """A pool is of any entity with the fields of `poolable`; what is lost stays where it is, what is won is spared."""
    with crm.session(actor="admin") as session:
        make_pool(session, [people["ann"]], entity="opportunity", rules=[NEGLECTED])
        for stage in ("qualification", "won", "lost"):
            session.create(Opportunity, name=stage, stage=stage, owner=people["ann"])
    clock.advance(days=9)
    with crm.session(actor=SYSTEM) as session:
        assert [int(ref) for ref, _ in sweep(session).returned] == [session.find(Opportunity, limit=1)[0].id]


class Picky:
    """A plugin that refuses whatever is to be done with one customer, and breaks over another."""

    @staticmethod
    @hookimpl
    def crmkit_before_update(session: Session, drafts: Batch[UpdateDraft]) -> None:
        """Refuse."""
        del session
        for draft in drafts.of(Customer):
            if draft.get("name") == "refused" and draft.sets("owner"):
                draft.refuse("name", "Not this one.")
            if draft.get("name") == "broken" and draft.sets("owner"):
                raise ZeroDivisionError


def test_one_bad_record_stops_nothing(
    make_crm: CRMFactory, hire: Callable[[Session], People], make_pool: MakePool, clock: FrozenClock
) -> None:
    """A record that a plugin refuses, and one over which it breaks, stay with a reason; all others return."""
    picky = Plugin(manifest=Manifest(name="picky"), hooks=(Picky,))
    crm = make_crm(["workflow", picky])
    with crm.session(actor="admin") as session:
        ann = hire(session)["ann"]
        make_pool(session, [ann], rules=[NEGLECTED])
        for number in range(11):
            session.create(Customer, name={3: "refused", 6: "broken"}.get(number, f"c{number:02}"), owner=ann)
    clock.advance(days=5)
    found = sweep_all(crm, size=4)
    assert (found.checked, len(found.returned)) == (11, 9)
    assert [(int(each.record), each.reason) for each in found.failed] == [(4, "refused"), (7, "refused")]
    assert "Not this one." in found.failed[0].text
    with crm.session(actor="admin") as session:
        assert session.count(OwnershipRecord) == len(lying(session)) == 9
        assert session.count(Customer, "owner is not None") == 2


def test_a_worker_sweeps_by_night(crm: CRM, people: People, make_pool: MakePool, clock: FrozenClock) -> None:
    """The job goes through all entities batch by batch, each in a transaction of its own."""
    with crm.session(actor="admin") as session:
        make_pool(session, [people["ann"]], rules=[NEGLECTED])
        session.create_many(Customer, [{"name": f"c{number}", "owner": people["ann"]} for number in range(30)])
    crm.worker().run_once()
    clock.advance(days=6)
    crm.worker().run_once()
    with crm.session(actor="admin") as session:
        assert len(lying(session)) == 30


@pytest.mark.parametrize("length", [timedelta(days=10), timedelta(hours=3)])
def test_a_protection_ends_at_the_hour_at_which_it_was_said_to(
    crm: CRM, people: People, make_pool: MakePool, clock: FrozenClock, length: timedelta
) -> None:
    """With a worker, a record returns within five minutes, whether it was protected for days or for hours."""
    with crm.session(actor="admin") as session:
        make_pool(session, [people["ann"]], protection=length)
    crm.worker().run_once()
    with crm.session(actor="admin") as session:
        session.create(Customer, name="Acme", owner=people["ann"])
    start, found = clock.now, []
    for after in (timedelta(hours=-8), timedelta(minutes=-5), timedelta(minutes=5)):
        clock.now = max(start, start + length + after)
        crm.worker().run_once()
        with crm.session(actor="admin") as session:
            found.append(lying(session))
    assert found == [[], [], ["Acme"]]


@pytest.mark.parametrize("reason", ["off", "left", "lost", "closed"])
def test_what_no_pool_takes_says_no_longer_when_it_returns(
    crm: CRM, people: People, make_pool: MakePool, clock: FrozenClock, reason: str
) -> None:
    """Rules that were switched off, an owner who has left the pool, and a record at its end take the date away."""
    crm.worker().run_once()
    with crm.session(actor="admin") as session:
        pool = make_pool(session, [people["ann"], people["bob"]], rules=[NEGLECTED])
        make_pool(session, [people["bob"]], name="Other")
        acme = session.create(Customer, name="Acme", owner=people["ann"])
        (member, _bob) = session.find(PoolMember, {"pool": pool}, order="id")
    assert swept(crm) == []
    with crm.session(actor="admin") as session:
        acme = session.get(Customer, acme.id)
        assert acme.returns_at is not None
        acts: dict[str, Callable[[], object]] = {
            "off": lambda: session.update(pool, rules_active=False),
            "left": lambda: session.delete(member),
            "lost": lambda: session.move(acme, "churned"),
            "closed": lambda: session.update(pool, active=False),
        }
        acts[reason]()
    clock.advance(minutes=5)
    crm.worker().run_once()
    with crm.session(actor="admin") as session:
        assert session.get(Customer, acme.id).returns_at is None


@pytest.mark.parametrize(
    "case",
    [
        ({}, {"vip", "won"}),
        ({"protection_spares_won": False, "protection_spares_opportunities": True}, {"open", "vip"}),
        ({"exempt_if": None}, {"won"}),
    ],
)
def test_exemptions_hold_against_the_end_of_the_protection(
    crm: CRM, people: People, make_pool: MakePool, clock: FrozenClock, case: tuple[dict[str, object], set[str]]
) -> None:
    """Whatever the longest protection, won customers stay, or those with open opportunities, and by a filter."""
    with crm.session(actor="admin") as session:
        terms = {"protection": timedelta(days=2), "protection_max": timedelta(days=4), "exempt_if": "'vip' in tags"}
        values, stay = case
        make_pool(session, [people["ann"]], **{**terms, **values}, rules=[{**NEGLECTED, "level": "a"}])
        for name in ("none", "open", "vip", "won"):
            acme = session.create(Customer, name=name, owner=people["ann"], tags=["vip"] if name == "vip" else None)
            if name in {"open", "won"}:
                stage = "proposal" if name == "open" else "won"
                session.create(Opportunity, name=name, customer=acme, owner=people["ann"], stage=stage)
    clock.advance(days=9)
    assert swept(crm) == sorted({"none", "open", "vip", "won"} - stay)


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_what_may_be_exempt_stays(crm: CRM, people: People, make_pool: MakePool, clock: FrozenClock) -> None:
    """Where a plugin has taken the field along of which an exemption speaks, the rule returns nothing."""
    with crm.session(actor="admin") as session:
        make_pool(session, [people["ann"]], rules=[{**NEGLECTED, "exempt_if": "city == 'Paris'"}])
        session.create(Customer, name="Acme", owner=people["ann"])
        session.unit.connection.execute(session.tables["pool_rule"].update().values(exempt_if="gone == 1"))
    clock.advance(days=9)
    assert swept(crm) == []


@pytest.mark.parametrize("age_from", ["untouched", "changed"])
def test_what_the_sweep_notes_is_no_change(
    crm: CRM, people: People, clock: FrozenClock, make_pool: MakePool, age_from: str
) -> None:
    """A customer near its return, in which the sweep notes that, gets no younger for escalations by it."""
    with crm.session(actor="admin") as session:
        rule = session.create(EscalationRule, name="Old", entity="customer", applies_if="id > 0", age_from=age_from)
        session.create(EscalationLevel, rule=rule, after=timedelta(days=3))
        make_pool(session, [people["ann"]], rules=[{**NEGLECTED, "days": 8}], remind_before=["7"])
        acme = session.create(Customer, name="Acme", owner=people["ann"])
    crm.worker().run_once()
    found = []
    for _day in range(5):
        clock.advance(days=1)
        crm.worker().run_once()
        with crm.session(actor=SYSTEM) as session:
            found.append(session.count(Escalation))
    with crm.session(actor=SYSTEM) as session:
        assert session.get(Customer, acme.id).returns_at is not None
    assert found == [0, 0, 1, 1, 1]


def test_a_moment_is_on_its_day_in_the_home_time_zone() -> None:
    """One in the evening of UTC is on the next day in China, a day is itself, and without a value there is none."""
    values = {"visited_at": datetime(2026, 2, 28, 17, tzinfo=UTC), "ends_on": date(2026, 3, 1), "signed_on": None}
    dated = {1: "visited_at", 2: "ends_on", 3: "signed_on", 4: "gone"}
    assert dates_of(values, dated, "Asia/Shanghai") == {1: date(2026, 3, 1), 2: date(2026, 3, 1)}
    assert dates_of(values, dated, "UTC") == {1: date(2026, 2, 28), 2: date(2026, 3, 1)}
