"""Watches: a user is told when a figure reaches a value, once until the watch is armed again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from crmkit import SYSTEM, Customer, Grant, Notice, Opportunity, Role, User
from crmkit.errors import NotFoundError, Refused
from crmkit.testing.plugins import make_plugin
from crmkit_workflow.watches.entities import Metric, Watch

if TYPE_CHECKING:
    from crmkit import CRM, Record
    from crmkit.testing.clock import FrozenClock
    from crmkit.testing.fixtures import CRMFactory

pytestmark = pytest.mark.row("B31")
BLIND = Role(
    name="blind",
    grants=(
        Grant(entity="opportunity", read="own", update="own", hides=("amount",)),
        *(Grant(entity=each, read="all", create="all", update="all") for each in ("metric", "user", "customer")),
    ),
)


@pytest.fixture
def crm(make_crm: CRMFactory) -> CRM:
    """A CRM with Bo, who sells, and Cy, who sees less."""
    crm = make_crm(["workflow", make_plugin("blind", BLIND)])
    with crm.session(actor="admin") as session:
        session.create(User, name="Bo", external_id="bo", roles=["member"])
        session.create(User, name="Cy", external_id="cy", roles=["blind"])
    return crm


def metric_of(crm: CRM, value: object = 100) -> Metric:
    """Create a metric: the price of copper."""
    with crm.session(actor="admin") as session:
        return session.create(Metric, name="Copper", value=value, unit="EUR/t")


def watch(crm: CRM, record: Record, actor: str = "bo", **values: Any) -> Watch:
    """Watch a record."""
    with crm.session(actor=actor) as session:
        return session.create(Watch, **{"record": record, "field": "value", "value": "120", **values})


def becomes(crm: CRM, record: Record, *values: object, field: str = "value") -> None:
    """Have another program write one value after the other."""
    for value in values:
        with crm.session(actor=SYSTEM) as session:
            session.update_many([(session.get(type(record), record.id), {field: value})])


def told(crm: CRM, actor: str = "bo") -> list[str]:
    """Have a worker do what is to be done, and return what a user was told."""
    crm.worker().run_once()
    with crm.session(actor=actor) as session:
        return [each.text for each in session.find(Notice, order="id")]


def test_a_user_is_told_once_until_the_watch_is_armed_again(crm: CRM, clock: FrozenClock) -> None:
    """However often the value is reached; armed again, it fires the next time that the value is reached."""
    copper = metric_of(crm)
    mine = watch(crm, copper)
    becomes(crm, copper, 119, 125, 110, 130)
    assert told(crm) == ["Copper: Value is 125. You wanted to know when it reaches 120."]
    with crm.session(actor="bo") as session:
        mine = session.get(Watch, mine.id)
        assert (mine.armed, mine.fired_at, mine.fired_value) == (False, clock.now, "125")
        clock.advance(hours=1)
        session.update(mine, armed=True)
    assert len(told(crm)) == 1
    becomes(crm, copper, 140)
    assert len(told(crm)) == 1
    clock.advance(hours=1)
    becomes(crm, copper, 90, 120)
    assert len(told(crm)) == 2
    becomes(crm, copper, 90, 120)
    assert len(told(crm)) == 2


def test_what_was_reached_before_it_was_armed_does_not_count(crm: CRM, clock: FrozenClock) -> None:
    """A worker that comes late tells nothing of a time for which nobody had asked."""
    copper = metric_of(crm)
    mine = watch(crm, copper)
    becomes(crm, copper, 125)
    clock.advance(minutes=1)
    with crm.session(actor="bo") as session:
        off = session.update(session.get(Watch, mine.id), armed=False)
        session.update(off, armed=True)
    assert told(crm) == []


def test_a_value_is_reached_from_the_side_that_is_wanted(crm: CRM) -> None:
    """Any number, amount, date or duration of any record; also by who watches."""
    with crm.session(actor="bo") as session:
        acme = session.create(Customer, name="Acme")
        deal = session.create(Opportunity, name="Deal", customer=acme, amount=1000)
        session.create(Watch, record=deal, field="amount", direction="falls", value="500 EUR")
        session.update(deal, amount=500)
    assert told(crm) == ["Deal: Amount is €500.00. You wanted to know when it reaches €500.00."]


def test_watches_are_private(crm: CRM) -> None:
    """Nobody else sees or changes them, and everybody has them whatever its roles say."""
    copper = metric_of(crm)
    mine = watch(crm, copper)
    other = watch(crm, copper, actor="cy")
    with crm.session(actor="cy") as session:
        assert [each.id for each in session.find(Watch)] == [other.id]
        with pytest.raises(NotFoundError):
            session.get(Watch, mine.id)


def test_a_watch_shows_no_more_than_its_owner_sees(crm: CRM) -> None:
    """A field that is hidden can't be watched, and a record that is no longer seen is told nothing of."""
    with crm.session(actor="admin") as session:
        cy, bo = (session.find(User, {"external_id": each})[0] for each in ("cy", "bo"))
        deal = session.create(Opportunity, name="Deal", amount=1000, expected_close="2026-05-01", owner=cy)
    with crm.session(actor="cy") as session, pytest.raises(Refused, match="opportunity has no field amount"):
        session.create(Watch, record=deal, field="amount", value="2000")
    watch(crm, deal, actor="cy", field="expected_close", value="2026-06-01")
    with crm.session(actor="admin") as session:
        session.transfer(session.get(Opportunity, deal.id), bo)
    becomes(crm, deal, "2026-07-01", field="expected_close")
    assert told(crm, "cy") == []
    with crm.session(actor="admin") as session:
        session.transfer(session.get(Opportunity, deal.id), cy)
    becomes(crm, deal, "2026-05-01", "2026-08-01", field="expected_close")
    assert len(told(crm, "cy")) == 1


WRONG = [
    ({"field": "valu"}, "field: metric has no field valu."),
    ({"field": "name"}, "field: name has no values that could be reached"),
    ({"value": "much"}, "value: "),
]


@pytest.mark.parametrize(("said", "problem"), WRONG, ids=[problem for _said, problem in WRONG])
@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_watches_that_could_never_fire_are_refused(crm: CRM, said: dict[str, object], problem: str) -> None:
    """With the field, and why."""
    copper = metric_of(crm)
    with pytest.raises(Refused) as caught:
        watch(crm, copper, **said)  # type: ignore[arg-type]
    assert problem in str(caught.value)
