"""Contacts by kind: one plugin keeps them, another asks for them, and neither needs the other."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, cast

import pytest

from crmkit import SYSTEM, ContactSource, Customer, Opportunity, User
from crmkit.core.lifecycle.contacts import contacts_by_kind, has_contacts, kinds_of_contacts
from crmkit.errors import ClashError, DeclarationError, Refused
from crmkit.testing.plugins import make_plugin
from crmkit_activities.activity import Activity, ActivityParticipant
from crmkit_workflow.pools.entities import Pool, PoolExtension, PoolMember, PoolRule
from crmkit_workflow.pools.following import followed_up
from crmkit_workflow.pools.sweep import sweep

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from crmkit import CRM, Session
    from crmkit.testing.clock import FrozenClock
    from crmkit.testing.fixtures import CRMFactory

pytestmark = pytest.mark.row("M3")
CALL = {"subject": "Talk", "kind": "call", "direction": "outbound", "outcome": "reached", "stage": "done"}
VISIT = {"subject": "Visit", "kind": "visit", "outcome": "held", "stage": "done"}


def moment(day: int) -> datetime:
    """Return noon of a day in January 2026."""
    return datetime(2026, 1, day, 12, tzinfo=UTC)


def with_pool(crm: CRM) -> tuple[User, Pool]:
    """Make Ann, and her pool: ten days' protection, three more from a call, thirty from a visit."""
    with crm.session(actor="admin") as session:
        ann = session.create(User, name="Ann", external_id="ann", roles=["member"])
        pool = session.create(Pool, name="Pool", protection=timedelta(days=10))
        session.create(PoolMember, pool=pool, member=ann)
        for kind, days in (("call", 3), ("visit", 30)):
            session.create(PoolExtension, pool=pool, activity_kind=kind, extends=timedelta(days=days))
    return ann, pool


def lying(crm: CRM) -> list[str]:
    """Sweep, and return the names of the customers that lie in pools then."""
    with crm.session(actor=SYSTEM) as session:
        sweep(session)
        return [each.name for each in session.find(Customer, "pool is not None", order="name")]


def test_protection_goes_by_the_kind_of_contact(make_crm: CRMFactory, clock: FrozenClock) -> None:
    """A visit protects for longer than a call, whichever comes last; a contact of another kind doesn't protect."""
    crm = make_crm(["workflow", "activities"])
    clock.now = moment(1)
    ann, _pool = with_pool(crm)
    with crm.session(actor="admin") as session:
        for name in ("Called", "Mailed", "Visited", "Visited and called"):
            session.create(Customer, name=name, owner=ann)
    clock.now = moment(10)
    with crm.session(actor="ann") as session:
        named = {each.name: each for each in session.find(Customer)}
        for name in ("Visited", "Visited and called"):
            session.create(Activity, customer=named[name], **VISIT)
        for name in ("Called", "Visited and called"):
            session.create(Activity, customer=named[name], **CALL)
        mail = {"subject": "Offer", "kind": "email", "direction": "outbound", "stage": "done"}
        session.create(Activity, customer=named["Mailed"], **mail)
    clock.now = moment(12)
    assert lying(crm) == ["Mailed"]
    clock.now = moment(14)
    assert lying(crm) == ["Called", "Mailed"]
    clock.now = moment(10) + timedelta(days=31)
    assert len(lying(crm)) == 4


def test_a_rule_may_ask_for_visits(make_crm: CRMFactory, clock: FrozenClock) -> None:
    """Where a rule names kinds, others are no follow-ups; rules that ask for something else can't name any."""
    crm = make_crm(["activities", "workflow"])
    clock.now = moment(1)
    with crm.session(actor="admin") as session:
        ann = session.create(User, name="Ann", external_id="ann", roles=["member"])
        pool = session.create(Pool, name="Pool")
        session.create(PoolMember, pool=pool, member=ann)
        session.create(PoolRule, pool=pool, kind="follow_up", days=7, activity_kinds=["visit", "meeting"])
        for name in ("Called", "Visited"):
            session.create(Customer, name=name, owner=ann)
        with pytest.raises(Exception, match="Only rules that ask for follow-ups"):
            session.create(PoolRule, pool=pool, kind="won", days=7, activity_kinds=["visit"])
    clock.now = moment(5)
    with crm.session(actor="ann") as session:
        named = {each.name: each for each in session.find(Customer)}
        session.create(Activity, customer=named["Called"], **CALL)
        visit = session.create(Activity, **VISIT)
        session.create(ActivityParticipant, activity=visit, person=named["Visited"])
    clock.now = moment(10)
    assert lying(crm) == ["Called"]
    clock.now = moment(14)
    assert lying(crm) == ["Called", "Visited"]


@pytest.mark.parametrize("extensions", [{"visit": 30}, {"*": 30}])
def test_contacts_about_an_opportunity_protect_it(
    make_crm: CRMFactory, clock: FrozenClock, extensions: dict[str, int]
) -> None:
    """Whoever made them, for as long as their kind, or any, is said to."""
    crm = make_crm(["workflow", "activities"])
    clock.now = moment(1)
    with crm.session(actor="admin") as session:
        ann = session.create(User, name="Ann", external_id="ann", roles=["member"])
        pool = session.create(Pool, name="Deals", entity="opportunity", protection=timedelta(days=10))
        session.create(PoolMember, pool=pool, member=ann)
        for kind, days in extensions.items():
            session.create(PoolExtension, pool=pool, activity_kind=kind, extends=timedelta(days=days))
        left, visited = (session.create(Opportunity, name=each, owner=ann) for each in ("Left", "Visited"))
        clock.now = moment(10)
        session.create(Activity, about=visited, **VISIT)
        assert contacts_by_kind(session, "opportunity", [left.id, visited.id]) == {visited.id: {"visit": moment(10)}}
    clock.now = moment(14)
    with crm.session(actor=SYSTEM) as session:
        sweep(session)
        assert [each.id for each in session.find(Opportunity, "pool is not None")] == [left.id]


def test_what_is_logged_late_counts_from_when_it_was(make_crm: CRMFactory, clock: FrozenClock) -> None:
    """A visit that is logged after a later call protects from its own day; the last contact stays the call."""
    crm = make_crm(["workflow", "activities"])
    clock.now = moment(1)
    ann, _pool = with_pool(crm)
    with crm.session(actor="admin") as session:
        acme = session.create(Customer, name="Acme", owner=ann)
        clock.now = moment(10)
        session.create(Activity, customer=acme, ended_at=moment(9), **CALL)
        session.create(Activity, customer=acme, ended_at=moment(4), **VISIT)
        assert contacts_by_kind(session, "customer", [acme.id]) == {acme.id: {"call": moment(9), "visit": moment(4)}}
        assert cast("datetime", dict(session.get(Customer, acme.id).items())["last_contacted_at"]) == moment(9)
    clock.now = moment(30)
    assert lying(crm) == []
    clock.now = moment(4) + timedelta(days=30, hours=1)
    assert lying(crm) == ["Acme"]


def test_a_last_contact_of_unknown_kind_is_of_any(make_crm: CRMFactory, clock: FrozenClock) -> None:
    """A last contact that was brought along counts as one of the other kinds."""
    crm = make_crm(["workflow", "activities"])
    clock.now = moment(1)
    ann, pool = with_pool(crm)
    with crm.session(actor="admin") as session:
        session.create(PoolExtension, pool=pool, activity_kind="*", extends=timedelta(days=5))
        acme = session.create(Customer, name="Acme", owner=ann)
        session.update(acme, last_contacted_at=moment(9))
        clock.now = moment(10)
        session.create(Activity, customer=acme, ended_at=moment(10), **CALL)
    clock.now = moment(13) + timedelta(hours=12)
    assert lying(crm) == []
    clock.now = moment(15)
    assert lying(crm) == ["Acme"]


def test_each_plugin_does_without_the_other(make_crm: CRMFactory, clock: FrozenClock) -> None:
    """Without activities, programs say of which kind a contact was; without pools, nobody asks."""
    crm = make_crm(["workflow"])
    clock.now = moment(1)
    ann, _pool = with_pool(crm)
    with crm.session(actor="admin") as session:
        assert not has_contacts(session.model, "customer")
        acme, bistro = (session.create(Customer, name=name, owner=ann) for name in ("Acme", "Bistro"))
        followed_up(session, acme, kind="visit")
        followed_up(session, bistro, kind="call")
    clock.now = moment(15)
    assert lying(crm) == ["Bistro"]
    alone = make_crm(["activities"])
    with alone.session(actor="admin") as session:
        acme = session.create(Customer, name="Acme")
        session.create(Activity, customer=acme, ended_at=moment(9), **CALL)
        assert contacts_by_kind(session, "customer", [acme.id]) == {acme.id: {"call": moment(9)}}
        assert has_contacts(session.model, "customer")
        assert not has_contacts(session.model, "order")


def test_a_kind_that_there_is_not_is_refused(make_crm: CRMFactory) -> None:
    """A pool that names one is told which there are; where any may come, or nobody keeps contacts, all are fine."""
    crm = make_crm(["workflow", "activities"])
    _ann, pool = with_pool(crm)
    with crm.session(actor="admin") as session:
        kinds = "There are: call, email, fax, meeting, touchpoint, visit"
        with pytest.raises(Refused, match=f"'vist'. {kinds}"):
            session.create(PoolExtension, pool=pool, activity_kind="vist", extends=timedelta(days=1))
        with pytest.raises(Refused, match=f"'task'. {kinds}"):
            session.create(PoolRule, pool=pool, kind="follow_up", days=7, activity_kinds=["visit", "task"])
        session.create(PoolExtension, pool=pool, activity_kind="*", extends=timedelta(days=1))
        deals = session.create(Pool, name="Deals", entity="opportunity")
        session.create(PoolExtension, pool=deals, activity_kind="change", extends=timedelta(days=1))
    alone = make_crm(["workflow"])
    _ann, pool = with_pool(alone)
    with alone.session(actor="admin") as session:
        session.create(PoolExtension, pool=pool, activity_kind="fair", extends=timedelta(days=1))
    faxes = ContactSource(name="faxes", entity="customer", read="faxes:read", kinds=lambda _model: ["fax"])
    others = ContactSource(name="others", entity="customer", read="others:read")
    with make_crm([make_plugin("faxes", faxes)]).session(actor="admin") as session:
        assert kinds_of_contacts(session.model, "customer") == frozenset({"fax"})
        assert kinds_of_contacts(session.model, "contact") is None
    with make_crm([make_plugin("faxes", faxes), make_plugin("others", others)]).session(actor="admin") as session:
        assert kinds_of_contacts(session.model, "customer") is None


def test_of_two_sources_the_later_moment_counts(make_crm: CRMFactory) -> None:
    """Any number of plugins may keep contacts with the same records."""

    def read(days: Mapping[str, int]) -> Callable[..., dict[int, dict[str, datetime]]]:
        def known(_session: Session, ids: Sequence[int]) -> dict[int, dict[str, datetime]]:
            return {ids[0]: {kind: moment(day) for kind, day in days.items()}}

        return known

    one = make_plugin("one", ContactSource(name="one", entity="customer", read=read({"call": 3, "fax": 9})))
    two = make_plugin("two", ContactSource(name="two", entity="customer", read=read({"call": 5})))
    with make_crm([one, two]).session(actor="admin") as session:
        found = contacts_by_kind(session, "customer", [4, 5])
        assert found == {4: {"call": moment(5), "fax": moment(9)}}
        assert contacts_by_kind(session, "contact", [4]) == contacts_by_kind(session, "customer", []) == {}


def test_sources_that_clash_or_speak_of_nothing_are_refused(make_crm: CRMFactory) -> None:
    """A name is given once, and the entity is there."""
    one, two, lost = (
        ContactSource(name=name, entity=entity, read=read)
        for name, entity, read in (("a", "customer", "one:read"), ("a", "customer", "two:read"), ("b", "nobody", "x:y"))
    )
    with pytest.raises(ClashError):
        make_crm([make_plugin("one", one), make_plugin("two", two)])
    with pytest.raises(DeclarationError, match="nobody"):
        make_crm([make_plugin("lost", lost)])
